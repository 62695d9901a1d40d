# The link to the broker, which both programs have: its options, and what follows
# from them. `unit` is the service that has the credentials, `option` the name
# under which the options stand.
{
  lib,
  unit,
  option,
}:
let
  inherit (lib) mkOption types;
  secret = import ./secret.nix { inherit lib; };
  inherit (import ./types.nix { inherit lib; }) bracket;
in
{
  options = {
    port = mkOption {
      type = types.nullOr types.port;
      default = null;
      example = 1884;
      description = "Port of the broker; null is the usual one: 1883, or 8883 with TLS.";
    };
    username = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = "Name that the broker knows the program by.";
    };
    passwordFile = secret.option "the password for the broker";
    prefix = mkOption {
      type = types.str;
      default = "systant";
      description = "First level of every topic; the same on all hosts.";
    };
    tls = {
      enable = mkOption {
        type = types.bool;
        default = false;
        description = "Whether to use TLS. The broker's certificate is always verified.";
      };
      caFile = mkOption {
        type = types.nullOr types.path;
        default = null;
        example = lib.literalExpression "./ca.pem";
        description = ''
          Authorities that the broker's certificate is verified by, in a file that
          everybody can read; null: the system's.
        '';
      };
      certFile = mkOption {
        type = types.nullOr types.path;
        default = null;
        example = "/run/secrets/mqtt.crt";
        description = ''
          Certificate of the program's own, where the broker asks for one. It is no
          secret: a path without quotes is copied to the Nix store.
        '';
      };
      keyFile = secret.option "the key of that certificate";
      serverName = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Name in the broker's certificate, where it differs from the host.";
      };
    };
  };

  # What stands in [mqtt], unless the configuration's own settings say otherwise.
  settings =
    mqtt:
    lib.mapAttrs (_: lib.mkDefault) (lib.filterAttrs (_: value: value != null) {
      host = if mqtt.tls.enable then "mqtts://${bracket mqtt.host}" else mqtt.host;
      inherit (mqtt) port username prefix;
      tls_ca_file = if mqtt.tls.caFile == null then null else "${mqtt.tls.caFile}";
      tls_cert_file = if mqtt.tls.certFile == null then null else secret.path unit "mqtt-certificate";
      tls_key_file = if mqtt.tls.keyFile == null then null else secret.path unit "mqtt-key";
      tls_server_name = mqtt.tls.serverName;
    });

  credentials =
    mqtt:
    secret.load "mqtt-password" mqtt.passwordFile
    ++ secret.load "mqtt-certificate" (
      if builtins.isPath mqtt.tls.certFile then "${mqtt.tls.certFile}" else mqtt.tls.certFile
    )
    ++ secret.load "mqtt-key" mqtt.tls.keyFile;

  environment =
    mqtt:
    lib.optionalAttrs (mqtt.passwordFile != null) { MQTT_PASSWORD_FILE = "%d/mqtt-password"; };

  assertions =
    mqtt: settings:
    [
      (secret.assertion "${option}.mqtt.passwordFile" mqtt.passwordFile)
      (secret.assertion "${option}.mqtt.tls.keyFile" mqtt.tls.keyFile)
      {
        assertion = !(settings ? mqtt.password);
        message = "${option}.settings.mqtt.password would be readable by everybody in the Nix store: use ${option}.mqtt.passwordFile.";
      }
      {
        assertion = (mqtt.tls.certFile == null) == (mqtt.tls.keyFile == null);
        message = "${option}.mqtt.tls.certFile and keyFile need each other.";
      }
    ]
    ++ lib.optionals (mqtt.host != null) [
      {
        assertion = !(secret.inURL mqtt.host);
        message = "${option}.mqtt.host must not hold a password: use ${option}.mqtt.username and passwordFile.";
      }
      {
        assertion = mqtt.tls.enable -> builtins.match ".*://.*" mqtt.host == null;
        message = "${option}.mqtt.host says with :// how to connect, so leave ${option}.mqtt.tls.enable out.";
      }
      {
        assertion =
          mqtt.tls.enable
          || lib.hasPrefix "mqtts://" mqtt.host
          || lib.hasPrefix "wss://" mqtt.host
          || (
            mqtt.tls.caFile == null
            && mqtt.tls.certFile == null
            && mqtt.tls.keyFile == null
            && mqtt.tls.serverName == null
          );
        message = "${option}.mqtt.tls has options without effect: set ${option}.mqtt.tls.enable.";
      }
    ];
}
