// Package history remembers every number of every host, and answers PromQL.
// Its database is Prometheus' own, in a folder: a write-ahead log, and blocks
// of two hours that are merged as they age.
//
// [Store.Run] opens the database and writes what [Store.Sample] and
// [Store.Down] hand over, which never wait: while the database is not open, or
// its disk is full, samples are lost and counted, and everything else goes on.
// [Store.Querier] reads it; [Engine] evaluates expressions.
//
// Series are named after the catalogue, such as
// systant_disk_usage_percent{host="nas",mount_point="/home"}. Beside those
// there are
//
//   - systant_up{host}: 1 with each sample, 0 while the host is offline or stale
//   - systant_host_info{host,os,os_version,kernel,architecture,agent_version}: 1
//   - systant_host_tag{host,tag}: 1
//
// It does not know where samples come from, and does not judge them.
package history
