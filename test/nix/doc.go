// Package nix checks the flake, the packages and the modules of NixOS in
// deploy/nix, on a machine that has Nix and nothing else: no nixpkgs, no cache,
// no network. It holds no code but tests.
//
// The configurations in samples are evaluated, and what comes of them (units,
// configuration files, rights, the firewall) is held against testdata; systemd
// is asked what it thinks of the units, the programs of the configuration files.
// Those in refused must be refused, for the reason that their first line tells.
//
// What stands in for nixpkgs is in standin. SYSTANT_NIXPKGS names a folder with
// the lib and nixos folders of nixpkgs, which are then used instead:
//
//	SYSTANT_NIXPKGS=~/nixpkgs go test ./test/nix
package nix
