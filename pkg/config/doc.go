// Package config reads TOML configuration strictly: a key that the program
// does not know, a value of the wrong type and a value that can't be are
// errors that name the file, the line and the key.
//
// A program reads a [File] into a struct that holds its defaults, checks the
// values itself, and reports what can't be with [File.Invalid]. Neither this
// package nor its errors show values, which may be passwords. [CommandLine]
// reads the arguments that lead to the file.
package config
