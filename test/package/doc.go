// Command package makes what is installed elsewhere than on NixOS: a Debian package
// and an archive of each program for each kind of processor, with manual pages,
// completions of shells, the licences of what is in them, and a list of that
// (an SBOM, in CycloneDX's form). It is no installer, and signs nothing.
//
//	go run ./test/package            # everything, into bin/package
//	go run ./test/package -quick     # this machine's kind only
//
// The same source gives the same bytes, wherever it lies: paths are trimmed, and
// times are those of the last release, or SOURCE_DATE_EPOCH.
package main
