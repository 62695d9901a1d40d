# A host whose broker has TLS, a password and asks for a certificate.
{
  networking.hostName = "nas";
  services.systant = {
    enable = true;
    mqtt = {
      host = "broker.example.org";
      port = 8884;
      username = "nas";
      passwordFile = "/run/secrets/mqtt";
      tls = {
        enable = true;
        caFile = "/etc/ssl/certs/ca-certificates.crt";
        certFile = "/run/secrets/mqtt.crt";
        keyFile = "/run/secrets/mqtt.key";
        serverName = "mqtt.example.org";
      };
    };
    settings = {
      general = {
        interval = "10s";
        tags = [
          "rack 2"
          "storage"
        ];
        disabled_modules = [ "processes" ];
      };
      disk.exclude = [ "/boot" ];
      homeassistant.area = "Cellar";
    };
  };
}
