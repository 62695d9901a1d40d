{
  description = "Live metrics and commands of Linux hosts over MQTT";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05-small";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      each = f: lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
      programs = pkgs: pkgs.callPackages ./deploy/nix/packages.nix { };
    in
    {
      packages = each (
        pkgs:
        let
          found = programs pkgs;
        in
        {
          inherit (found) systant-agent systant-dashboard;
          default = found.systant-agent;
        }
      );

      overlays.default = _final: prev: {
        inherit (programs prev) systant-agent systant-dashboard;
      };

      # With a key, by which NixOS knows the same module when it meets it twice, and
      # which one is disabled.
      nixosModules = {
        systant = {
          key = "systant#systant";
          imports = [ ./deploy/nix/agent.nix ];
        };
        systant-dashboard = {
          key = "systant#systant-dashboard";
          imports = [ ./deploy/nix/dashboard.nix ];
        };
        default.imports = [
          self.nixosModules.systant
          self.nixosModules.systant-dashboard
        ];
      };

      apps = each (
        pkgs:
        let
          app = package: {
            type = "app";
            program = lib.getExe package;
            meta = { inherit (package.meta) description; };
          };
          found = self.packages.${pkgs.stdenv.hostPlatform.system};
        in
        {
          systant-agent = app found.systant-agent;
          systant-dashboard = app found.systant-dashboard;
          default = app found.systant-agent;
        }
      );

      checks = each (
        pkgs:
        {
          inherit (self.packages.${pkgs.stdenv.hostPlatform.system})
            systant-agent
            systant-dashboard
            ;
        }
        // import ./deploy/nix/checks.nix { inherit self nixpkgs pkgs; }
      );

      devShells = each (pkgs: {
        default = import ./deploy/nix/shell.nix { inherit pkgs; };
      });

      formatter = each (pkgs: pkgs.nixfmt-tree);
    };
}
