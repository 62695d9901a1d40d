// Package rewind keeps the samples of every host as they came, tables and texts
// included, so that a host can be seen as it was at any moment of the last days.
//
// Samples of a host that follow each other differ little. They are gathered
// for some minutes and compressed together to a frame, which takes a tenth of
// them or less; frames are rows of one SQLite file, the oldest of which go
// when there are too many. What is gathered is written each minute, so that a
// crash costs no more than that.
package rewind
