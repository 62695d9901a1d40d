# services.systant: the agent.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib)
    mkDefault
    mkEnableOption
    mkIf
    mkOption
    types
    ;

  cfg = config.services.systant;
  unit = "systant-agent";
  user = "systant";
  format = pkgs.formats.toml { };

  mqtt = import ./mqtt.nix {
    inherit lib unit;
    option = "services.systant";
  };
  commands = import ./commands.nix {
    inherit config lib user;
  };

  base = import ./service.nix { inherit lib; } {
    description = "Systant agent";
    inherit (cfg) package configFile;
  };

  inherit (import ./types.nix { inherit lib; }) duration;

  # A host with commands lets the agent make cgroups for them.
  runsCommands = cfg.settings.commands.available or [ ] != [ ];

  # The card itself and up to 16 of them, by number: the kernel's module may make
  # them after the unit has started, when names are not looked up again.
  nvidiaDevices = map (minor: "/dev/char/195:${toString minor} rw") ([ 255 ] ++ lib.range 0 15);
in
{
  options.services.systant = {
    enable = mkEnableOption "the Systant agent, which publishes this host's metrics by MQTT";

    package = mkOption {
      type = types.package;
      default = (pkgs.callPackages ./packages.nix { }).systant-agent;
      defaultText = lib.literalMD "built from these sources with the system's nixpkgs";
      description = "The agent to run.";
    };

    mqtt = mqtt.options // {
      host = mkOption {
        type = types.str;
        default = "mqtt.home";
        example = "broker.example";
        description = "The broker: a name or an address, or a URL such as `wss://broker.example/mqtt`.";
      };
    };

    settings = mkOption {
      default = { };
      example = {
        general.tags = [ "rack 2" ];
        disk.exclude = [ "/boot" ];
        homeassistant.area = "Cellar";
      };
      description = ''
        What stands in `systant.toml`; docs/configuration.md and
        `systant-agent init` explain all of it. It is readable by everybody in
        the Nix store.
      '';
      type = types.submodule {
        freeformType = format.type;
        options.general = {
          hostname = mkOption {
            type = types.strMatching "([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)?";
            default = lib.replaceStrings [ "_" ] [ "-" ] (lib.toLower config.networking.hostName);
            defaultText = lib.literalMD "`networking.hostName` in lower case, with `-` for `_`";
            description = ''
              Name of this host in topics. Where it is empty, as on images that
              learn their name later, the agent takes the machine's when it starts.
            '';
          };
          wait_for_broker = mkOption {
            type = types.bool;
            default = true;
            description = ''
              Whether the agent starts although the broker can't be reached, and keeps
              trying. Otherwise it ends with status 69 to be started again, and
              switching to a new configuration fails meanwhile.
            '';
          };
          interval = mkOption {
            type = duration;
            default = "30s";
            example = "10s";
            description = "Time between two samples: a string such as `\"30s\"`, or seconds.";
          };
          enabled_modules = mkOption {
            type = types.listOf types.str;
            default = [ ];
            example = [
              "cpu"
              "memory"
            ];
            description = "What to read; everything where the list is empty.";
          };
          disabled_modules = mkOption {
            type = types.listOf types.str;
            default = [ ];
            example = [ "processes" ];
            description = "What not to read.";
          };
          tags = mkOption {
            type = types.listOf types.str;
            default = [ ];
            description = "Labels of this host, to group and search by.";
          };
          log_level = mkOption {
            type = types.enum [
              "debug"
              "info"
              "warn"
              "error"
            ];
            default = "info";
            description = "What reaches the journal.";
          };
        };
        options.homeassistant.discovery_enabled = mkOption {
          type = types.bool;
          default = true;
          description = "Whether the host announces itself to Home Assistant, by MQTT.";
        };
      };
    };

    commands = mkOption {
      type = types.attrsOf commands.type;
      default = { };
      example = lib.literalExpression ''
        {
          df.exec = [ "df" "-h" ];
          restart.units = [ "nginx.service" "postgresql.service" ];
          update = {
            script = "nixos-rebuild switch --upgrade";
            hardened = false;
            confirm = true;
            requireSignature = true;
          };
        }
      '';
      description = ''
        What others may have this host run, by the name that a request calls it.
        Nothing else can be run. What needs rights gets exactly those: a polkit
        rule for the units named, or a unit of root that MQTT can start but not
        change.
      '';
    };

    requireSignature = mkOption {
      type = types.bool;
      default = false;
      description = "Whether to refuse every request that is not signed.";
    };

    allowedSigners = mkOption {
      type = types.listOf types.singleLineStr;
      default = [ ];
      example = [ ''alice namespaces="systant-command@v1" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA…'' ];
      description = "Whose signatures are good: lines as ssh-keygen(1) describes allowed signers.";
    };

    nvidia.enable = mkOption {
      type = types.bool;
      default =
        lib.elem "nvidia" config.services.xserver.videoDrivers
        || config.hardware.nvidia.datacenter.enable or false;
      defaultText = lib.literalMD "whether the system has NVIDIA's driver";
      description = "Whether the agent may open NVIDIA's devices, to read its GPUs.";
    };

    configFile = mkOption {
      type = types.path;
      internal = true;
      default = format.generate "systant.toml" cfg.settings;
      defaultText = lib.literalMD "made from `settings`";
      description = "The file that the agent reads.";
    };
  };

  config = mkIf cfg.enable {
    services.systant.settings = {
      mqtt = mqtt.settings cfg.mqtt;
      commands = mkIf (cfg.commands != { } || cfg.requireSignature || cfg.allowedSigners != [ ]) (
        {
          available = lib.mapAttrsToList commands.available cfg.commands;
        }
        // lib.optionalAttrs cfg.requireSignature { require_signature = true; }
        // lib.optionalAttrs (cfg.allowedSigners != [ ]) {
          allowed_signers = "${pkgs.writeText "systant-allowed-signers" (lib.concatLines cfg.allowedSigners)}";
        }
      );
    };

    assertions =
      mqtt.assertions cfg.mqtt cfg.settings
      ++ lib.mapAttrsToList commands.assertion cfg.commands
      ++ [
        {
          assertion =
            let
              signed =
                cfg.settings.commands.require_signature or false
                || lib.any (command: command.requireSignature) (lib.attrValues cfg.commands);
            in
            signed -> cfg.allowedSigners != [ ] || cfg.settings ? commands.allowed_signers;
          message = "services.systant asks for signatures, and services.systant.allowedSigners says of nobody that theirs are good.";
        }
      ];

    users.users.${user} = {
      isSystemUser = true;
      group = user;
      description = "Systant agent";
    };
    users.groups.${user} = { };

    security.polkit = mkIf (commands.rights cfg.commands != [ ]) {
      enable = true;
      extraConfig = commands.polkit cfg.commands;
    };

    systemd.services = lib.mkMerge [
      (commands.services cfg.commands)
      {
        ${unit} = base // {
          environment = mqtt.environment cfg.mqtt;

          serviceConfig =
            base.serviceConfig
            // {
              TimeoutStopSec = mkDefault "30s";

              # Not DynamicUser: polkit's rules name the user, and so do those of D-Bus.
              User = user;
              Group = user;
              StateDirectory = "systant";
              LoadCredential = mqtt.credentials cfg.mqtt;

              # The processes, filesystems and files of the kernel are what it
              # measures, so these stay visible: ProtectProc=, ProcSubset= and
              # PrivateUsers= are left out, and /home is seen at its size.
              ProtectHome = mkDefault "read-only";
              # Interfaces are listed by netlink, systemd asked by a Unix socket.
              RestrictAddressFamilies = [
                "AF_INET"
                "AF_INET6"
                "AF_NETLINK"
                "AF_UNIX"
              ];
              PrivateDevices = mkDefault (!cfg.nvidia.enable);
            }
            // lib.optionalAttrs cfg.nvidia.enable { DeviceAllow = nvidiaDevices; }
            // (
              if runsCommands then
                {
                  # A command starts in a cgroup of its own, by clone3(2), which
                  # RestrictNamespaces= takes away.
                  Delegate = "pids memory";
                  DelegateSubgroup = "agent";
                }
              else
                {
                  ProtectControlGroups = true;
                  RestrictNamespaces = true;
                }
            );
        };
      }
    ];
  };
}
