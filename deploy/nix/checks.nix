# What `nix flake check` does beside building the programs.
{
  self,
  nixpkgs,
  pkgs,
}:
let
  inherit (pkgs) lib;
  inherit (pkgs.stdenv.hostPlatform) system;

  # The configurations that ./check evaluates too.
  samples = lib.filterAttrs (_: kind: kind == "regular") (builtins.readDir ../../test/nix/samples);

  evaluated =
    name:
    nixpkgs.lib.nixosSystem {
      modules = [
        self.nixosModules.default
        (../../test/nix/samples + "/${name}")
        ../../test/nix/machine.nix
        {
          nixpkgs.hostPlatform = system;
          nixpkgs.config.allowUnfree = true; # the sample with NVIDIA's driver
        }
      ];
    };

  # Evaluates all of a system, and builds nothing of it.
  whole =
    name:
    builtins.unsafeDiscardStringContext (evaluated name).config.system.build.toplevel.drvPath;
in
{
  modules = pkgs.writeText "systant-modules" (
    lib.concatMapStringsSep "\n" whole (lib.attrNames samples)
  );

  # The smallest configuration, as the programs see it.
  configuration =
    let
      inherit ((evaluated "plain.nix").config.services) systant systant-dashboard;
    in
    pkgs.runCommand "systant-configuration" { } ''
      export HOME=$TMPDIR
      ${lib.getExe systant.package} check -config ${systant.configFile}
      ${lib.getExe systant-dashboard.package} check -config ${systant-dashboard.configFile}
      touch $out
    '';

  vm = pkgs.testers.runNixOSTest (import ./vm.nix { inherit self; });
}
