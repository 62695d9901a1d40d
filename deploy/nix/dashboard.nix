# services.systant-dashboard: the dashboard.
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

  cfg = config.services.systant-dashboard;
  unit = "systant-dashboard";
  format = pkgs.formats.toml { };
  secret = import ./secret.nix { inherit lib; };
  mqtt = import ./mqtt.nix {
    inherit lib unit;
    option = "services.systant-dashboard";
  };

  base = import ./service.nix { inherit lib; } {
    description = "Systant dashboard";
    inherit (cfg) package configFile;
  };

  inherit (import ./types.nix { inherit lib; }) bracket duration size;
  listens = address: port: "${bracket address}:${toString port}";
  loopback =
    address: lib.hasPrefix "127." address || bracket address == "[::1]" || address == "localhost";
  broker = cfg.embeddedBroker;

  # Ports below 1024 need a capability, which a user namespace would take away.
  privileged = cfg.port < 1024 || broker.enable && broker.port < 1024;
in
{
  options.services.systant-dashboard = {
    enable = mkEnableOption "the Systant dashboard, which shows all hosts in a browser";

    package = mkOption {
      type = types.package;
      default = (pkgs.callPackages ./packages.nix { }).systant-dashboard;
      defaultText = lib.literalMD "built from these sources with the system's nixpkgs";
      description = "The dashboard to run.";
    };

    listenAddress = mkOption {
      type = types.str;
      default = "127.0.0.1";
      example = "::";
      description = ''
        Where the page is served. It has no login: to serve more than this
        machine, put a proxy with one before it.
      '';
    };

    port = mkOption {
      type = types.port;
      default = 4000;
      description = "Port of the page.";
    };

    openFirewall = mkOption {
      type = types.bool;
      default = false;
      description = "Whether to open the page's port in the firewall.";
    };

    allowedHosts = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "systant.example.org" ];
      description = "Names, beside localhost and the address itself, under which browsers may ask for the page.";
    };

    mqtt = mqtt.options // {
      host = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "broker.example";
        description = ''
          The broker: a name or an address, or a URL such as
          `wss://broker.example/mqtt`. Where there is none, the dashboard runs
          one of its own.
        '';
      };
    };

    embeddedBroker = {
      enable = mkOption {
        type = types.bool;
        default = cfg.mqtt.host == null;
        defaultText = lib.literalExpression "config.services.systant-dashboard.mqtt.host == null";
        description = "Whether the dashboard runs a broker of its own. It has no TLS and no access lists.";
      };
      listenAddress = mkOption {
        type = types.str;
        default = "127.0.0.1";
        example = "::";
        description = "Where the broker listens. Beyond this machine it needs a name and a password.";
      };
      port = mkOption {
        type = types.port;
        default = 1883;
        description = "Port of the broker.";
      };
      openFirewall = mkOption {
        type = types.bool;
        default = false;
        description = "Whether to open the broker's port in the firewall.";
      };
      username = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Name that the broker asks of every client.";
      };
      passwordFile = secret.option "the password that the broker asks of every client";
    };

    history = {
      enable = mkOption {
        type = types.bool;
        default = true;
        description = "Whether the past is remembered, in /var/lib/systant-dashboard.";
      };
      retention = mkOption {
        type = duration;
        default = "31d";
        description = "How long numbers are kept.";
      };
      rollupRetention = mkOption {
        type = duration;
        default = "1095d";
        description = "How long the mean, lowest and highest number of each five minutes are kept; 0 for none.";
      };
      maxSize = mkOption {
        type = size;
        default = 0;
        example = "10GiB";
        description = "How large the numbers may become; 0 is no bound.";
      };
      rewind = mkOption {
        type = duration;
        default = "7d";
        description = "How long samples are kept as they came, to see a host as it was; 0 for not at all.";
      };
      rewindMaxSize = mkOption {
        type = size;
        default = "1GiB";
        description = "How large these samples may become; 0 is no bound.";
      };
      remotePasswordFile = secret.option ''
        the password, or the bearer token, for `settings.history.remote_write_url`
        and `query_url`'';
    };

    settings = mkOption {
      default = { };
      example = {
        fleet.forget_after = "30d";
        history.remote_write_url = "http://127.0.0.1:8428/api/v1/write";
      };
      description = ''
        What stands in `systant-dashboard.toml`; docs/configuration.md and
        `systant-dashboard init` explain all of it. It is readable by everybody
        in the Nix store.
      '';
      type = types.submodule {
        freeformType = format.type;
        options.log.level = mkOption {
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
    };

    configFile = mkOption {
      type = types.path;
      internal = true;
      default = format.generate "systant-dashboard.toml" cfg.settings;
      defaultText = lib.literalMD "made from `settings`";
      description = "The file that the dashboard reads.";
    };
  };

  config = mkIf cfg.enable {
    services.systant-dashboard.settings = {
      http = {
        listen = mkDefault (listens cfg.listenAddress cfg.port);
        allowed_hosts = cfg.allowedHosts;
      };
      mqtt =
        if broker.enable then { prefix = mkDefault cfg.mqtt.prefix; } else mqtt.settings cfg.mqtt;
      broker = mkIf broker.enable (
        {
          listen = mkDefault (listens broker.listenAddress broker.port);
        }
        // lib.optionalAttrs (broker.username != null) { inherit (broker) username; }
        // lib.optionalAttrs (broker.passwordFile != null) {
          password_file = secret.path unit "broker-password";
        }
      );
      history =
        lib.mapAttrs (_: mkDefault) {
          enabled = cfg.history.enable;
          inherit (cfg.history) retention rewind;
          rollup_retention = cfg.history.rollupRetention;
          max_size = cfg.history.maxSize;
          rewind_max_size = cfg.history.rewindMaxSize;
        }
        // lib.optionalAttrs (cfg.history.remotePasswordFile != null) {
          remote_password_file = secret.path unit "history-password";
        };
    };

    assertions = mqtt.assertions cfg.mqtt cfg.settings ++ [
      (secret.assertion "services.systant-dashboard.embeddedBroker.passwordFile" broker.passwordFile)
      (secret.assertion "services.systant-dashboard.history.remotePasswordFile" cfg.history.remotePasswordFile)
      {
        assertion =
          !(lib.any secret.inURL [
            (cfg.settings.history.remote_write_url or "")
            (cfg.settings.history.query_url or "")
          ]);
        message = "services.systant-dashboard.settings.history has a URL with a password, which would be readable by everybody in the Nix store: use remote_username there, and services.systant-dashboard.history.remotePasswordFile.";
      }
      {
        assertion = !(cfg.settings ? broker.password);
        message = "services.systant-dashboard.settings.broker.password would be readable by everybody in the Nix store: use services.systant-dashboard.embeddedBroker.passwordFile.";
      }
      {
        assertion = broker.enable == (cfg.mqtt.host == null);
        message = "services.systant-dashboard needs one of mqtt.host and embeddedBroker.enable.";
      }
      {
        assertion =
          broker.enable
          -> lib.all (value: value == null || value == false) (
            [
              cfg.mqtt.port
              cfg.mqtt.username
              cfg.mqtt.passwordFile
            ]
            ++ lib.attrValues cfg.mqtt.tls
          );
        message = "services.systant-dashboard.mqtt is about another broker and has no effect without mqtt.host: embeddedBroker has options of its own.";
      }
      {
        assertion =
          broker.enable && !(loopback broker.listenAddress)
          -> broker.username != null && broker.passwordFile != null;
        message = "services.systant-dashboard.embeddedBroker listens beyond this machine, so it needs username and passwordFile.";
      }
      {
        assertion = (broker.username == null) == (broker.passwordFile == null);
        message = "services.systant-dashboard.embeddedBroker.username and passwordFile need each other.";
      }
    ];

    warnings =
      lib.optional (cfg.openFirewall && loopback cfg.listenAddress)
        "services.systant-dashboard.openFirewall opens a port that only this machine can reach: set listenAddress."
      ++
        lib.optional (!(loopback cfg.listenAddress))
          "services.systant-dashboard.listenAddress serves a page without a login to other machines: a proxy with one is safer."
      ++
        lib.optional (broker.enable && broker.openFirewall && loopback broker.listenAddress)
          "services.systant-dashboard.embeddedBroker.openFirewall opens a port that only this machine can reach: set embeddedBroker.listenAddress.";

    networking.firewall.allowedTCPPorts =
      lib.optional cfg.openFirewall cfg.port
      ++ lib.optional (broker.enable && broker.openFirewall) broker.port;

    systemd.services.${unit} = base // {
      # An agent on the same machine can wait for the broker in here.
      before = mkIf (broker.enable && config.services.systant.enable or false) [
        "systant-agent.service"
      ];
      environment = mkIf (!broker.enable) (mqtt.environment cfg.mqtt);

      serviceConfig = base.serviceConfig // {
        # The history is written to the disk before it ends, and looked through
        # before it is ready.
        TimeoutStartSec = mkDefault "10min";
        TimeoutStopSec = mkDefault "2min";

        DynamicUser = true;
        StateDirectory = "systant-dashboard";
        LoadCredential =
          (
            if broker.enable then
              secret.load "broker-password" broker.passwordFile
            else
              mqtt.credentials cfg.mqtt
          )
          ++ secret.load "history-password" cfg.history.remotePasswordFile;

        PrivateDevices = true;
        PrivateUsers = !privileged;
        ProcSubset = "pid";
        ProtectControlGroups = true;
        ProtectHome = true;
        ProtectProc = "invisible";
        RestrictAddressFamilies = [
          "AF_INET"
          "AF_INET6"
          "AF_UNIX"
        ];
        RestrictNamespaces = true;
      }
      // lib.optionalAttrs privileged {
        AmbientCapabilities = "CAP_NET_BIND_SERVICE";
        CapabilityBoundingSet = "CAP_NET_BIND_SERVICE";
      };
    };
  };
}
