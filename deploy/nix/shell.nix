# Everything to work on Systant and to run ./check.
{ pkgs }:
pkgs.mkShell {
  packages = with pkgs; [
    chromium
    cpio
    dbus
    go
    golangci-lint
    gopls
    hivemind
    iputils
    jq
    just
    mosquitto
    nodejs
    openssh
    procps
    qemu
  ];

  # As in the package: a program with NVIDIA's library must not bind all symbols
  # at its start.
  hardeningDisable = [ "bindnow" ];
  CGO_CFLAGS = "-O2 -g -Wno-deprecated-declarations";
}
