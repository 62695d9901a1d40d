// Package promapi answers the part of Prometheus' HTTP API
// (https://prometheus.io/docs/prometheus/latest/querying/api) that data
// sources use, such as Grafana's: queries, series, labels and metadata. It
// takes GET, and POST with a form, and changes nothing.
//
// Answers and errors have the form that Prometheus gives them. How much a query
// may ask for is bounded by the [Engine].
package promapi
