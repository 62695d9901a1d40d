# The options of NixOS that Systant's modules and the samples set or read.
{ lib, pkgs, ... }:
let
  inherit (lib) types;

  option = type: default: lib.mkOption { inherit type default; };
  any = option types.anything { };
  text = option types.str "";
  texts = option (types.listOf types.str) [ ];

  scalar = types.nullOr (
    types.oneOf [
      types.bool
      types.int
      types.str
    ]
  );

  service = types.submodule {
    options = {
      description = text;
      wantedBy = texts;
      wants = texts;
      after = texts;
      before = texts;
      path = option (types.listOf (types.either types.package types.str)) [ ];
      script = option types.lines "";
      restartIfChanged = option types.bool true;
      stopIfChanged = option types.bool true;
      startLimitIntervalSec = option (types.nullOr types.int) null;
      unitConfig = option (types.attrsOf scalar) { };
      environment = option (types.attrsOf types.str) { };
      serviceConfig = option (types.attrsOf (types.either scalar (types.listOf scalar))) { };
    };
  };

  account = types.submodule {
    options = {
      isSystemUser = option types.bool false;
      group = text;
      description = text;
    };
  };
in
{
  options = {
    assertions = option (types.listOf types.raw) [ ];
    warnings = texts;
    boot = any;
    environment = {
      etc = any;
      sessionVariables = option (types.attrsOf types.str) {
        NIX_PATH = "nixpkgs=/nix/var/nix/profiles/per-user/root/channels/nixos:nixos-config=/etc/nixos/configuration.nix:/nix/var/nix/profiles/per-user/root/channels";
      };
      systemPackages = option (types.listOf types.package) [ ];
    };
    fileSystems = any;
    hardware = any;
    nix.envVars = option (types.attrsOf types.str) { };
    nixpkgs = any;
    networking = {
      hostName = option types.str "nixos";
      firewall.allowedTCPPorts = option (types.listOf types.port) [ ];
      proxy.envVars = option (types.attrsOf types.str) { };
    };
    security.acme = any;
    security.polkit = {
      enable = option types.bool false;
      extraConfig = option types.lines "";
    };
    services = {
      caddy = any;
      mosquitto = any;
      nginx = any;
      openssh = any;
      xserver.videoDrivers = texts;
    };
    system = any;
    systemd = {
      package = option types.package pkgs.systemd;
      services = option (types.attrsOf service) { };
    };
    users = {
      users = option (types.attrsOf account) { };
      groups = option (types.attrsOf types.raw) { };
    };
  };
}
