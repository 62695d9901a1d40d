# Evaluates Systant's flake and a configuration of NixOS with it, for the test
# beside this file. `libs` and `nixos` are folders of nixpkgs, where it is at
# hand; what stands in for it otherwise is in standin.
{
  root,
  sample ? "",
  users ? "",
  libs ? "",
  nixos ? "",
  names ? "",
  system ? "x86_64-linux",
}:
let
  lib = if libs == "" then import ./standin/lib.nix else import (/. + libs);
  pkgs = import (if nixos == "" then ./standin/pkgs.nix else ./standin/morepkgs.nix) {
    inherit lib system;
    names = if names == "" then [ ] else builtins.fromJSON (builtins.readFile (/. + names));
  };

  flake = import (/. + root + "/flake.nix");
  nixpkgs = {
    lib = lib // {
      nixosSystem = { modules }: evaluate modules;
    };
    legacyPackages = lib.genAttrs [
      "x86_64-linux"
      "aarch64-linux"
    ] (_: pkgs);
  };
  outputs = flake.outputs { inherit self nixpkgs; };
  self = outputs // {
    outPath = /. + root;
  };

  evaluate =
    modules:
    if nixos == "" then
      lib.evalModules {
        specialArgs = { inherit pkgs; };
        modules = [
          ./standin/options.nix
          ./machine.nix
        ]
        ++ modules;
      }
    else
      import (/. + nixos + "/lib/eval-config.nix") {
        inherit lib pkgs;
        system = null;
        modules = modules ++ [
          ./machine.nix
          { documentation.enable = false; }
        ];
      };

  inherit
    (evaluate [
      outputs.nixosModules.default
      (/. + sample)
    ])
    config
    ;

  # The text of a unit, as NixOS writes it.
  unit =
    service:
    let
      word =
        value:
        if value == true then
          "true"
        else if value == false then
          "false"
        else
          toString value;
      line =
        key: value:
        if value == null then
          ""
        else if lib.isList value then
          lib.concatMapStrings (one: "${key}=${word one}\n") value
        else
          "${key}=${word value}\n";
      list = key: values: lib.optionalString (values != [ ]) "${key}=${lib.concatStringsSep " " values}\n";
    in
    "[Unit]\n"
    + list "After" service.after
    + list "Before" service.before
    + "Description=${service.description}\n"
    + line "StartLimitIntervalSec" service.startLimitIntervalSec
    + lib.concatStrings (lib.mapAttrsToList line service.unitConfig)
    + list "Wants" service.wants
    + "\n[Service]\n"
    + lib.concatStrings (
      lib.mapAttrsToList (
        name: value: "Environment=${builtins.toJSON "${name}=${value}"}\n"
      ) service.environment
    )
    + lib.optionalString (!service.restartIfChanged) "X-RestartIfChanged=false\n"
    + lib.optionalString (!service.stopIfChanged) "X-StopIfChanged=false\n"
    + lib.optionalString (service.script != "") "ExecStart=${pkgs.writeText "script" ""}\n"
    + lib.concatStrings (lib.mapAttrsToList line service.serviceConfig)
    + lib.optionalString (service.wantedBy != [ ]) "\n[Install]\n"
    + list "WantedBy" service.wantedBy;

  failed = config: map (one: one.message) (lib.filter (one: !one.assertion) config.assertions);
  ours = lib.filter (lib.hasPrefix "systant") (lib.attrNames config.systemd.services);
  package = p: {
    inherit (p) name version;
    inherit (p.args)
      vendorHash
      subPackages
      ldflags
      postPatch
      checkPhase
      ;
    inherit (p.args.overrideModAttrs { }) buildPhase;
    hardeningDisable = p.args.hardeningDisable or [ ];
    env = p.args.env or { };
    inherit (p.meta) description mainProgram;
    license = p.meta.license.spdxId;
  };
in
{
  flake = {
    outputs = lib.attrNames outputs;
    packages = lib.mapAttrs (_: lib.mapAttrs (_: package)) outputs.packages;
    overlay = lib.mapAttrs (_: package) (outputs.overlays.default pkgs pkgs);
    modules = lib.attrNames outputs.nixosModules;
    apps = lib.mapAttrs (_: app: app.program) outputs.apps.${system};
    checks = lib.mapAttrs (_: lib.attrNames) outputs.checks;
    shell = map (p: p.name) outputs.devShells.${system}.default.args.packages;
    formatter = outputs.formatter.${system}.name;
  };

  # The machines of the test in a virtual machine, and its script.
  vm =
    let
      inherit (outputs.checks.${system}.vm) test;
    in
    {
      script = test.testScript;
      nodes = lib.mapAttrs (
        _: module:
        let
          node = evaluate [ module ];
        in
        {
          units = lib.filter (lib.hasPrefix "systant") (lib.attrNames node.config.systemd.services);
          failed = failed node.config;
        }
      ) test.nodes;
    };

  # What a flake of a user's comes to: the failed assertions of each machine.
  fleet =
    let
      user = import (/. + users);
      machines = (user.outputs {
        inherit nixpkgs;
        systant = self;
      }).nixosConfigurations;
    in
    lib.mapAttrs (_: machine: failed machine.config) machines;

  system = {
    units = lib.genAttrs ours (
      name:
      if nixos == "" then
        unit config.systemd.services.${name}
      else
        config.systemd.units."${name}.service".text
    );
    # What NixOS puts before the programs that every unit finds.
    paths = lib.filterAttrs (_: list: list != [ ]) (
      lib.genAttrs ours (
        name:
        lib.filter (entry: lib.hasInfix "rsync" entry || lib.hasPrefix "/run" entry) (
          map toString config.systemd.services.${name}.path
        )
      )
    );
    scripts = lib.filterAttrs (_: text: text != "") (
      lib.genAttrs ours (name: config.systemd.services.${name}.script)
    );
    settings = lib.genAttrs (lib.filter (name: config.services.${name}.enable) [
      "systant"
      "systant-dashboard"
    ]) (name: config.services.${name}.configFile.value);
    signers = config.services.systant.allowedSigners;
    failed = failed config;
    inherit (config) warnings;
    firewall = config.networking.firewall.allowedTCPPorts;
    polkit = lib.optionalString config.security.polkit.enable config.security.polkit.extraConfig;
    users = lib.filter (lib.hasPrefix "systant") (lib.attrNames config.users.users);
  };
}
