# A dashboard that uses another broker, and remembers nothing.
{
  networking.hostName = "desk";
  services.systant-dashboard = {
    enable = true;
    listenAddress = "::1";
    port = 8080;
    mqtt = {
      host = "broker.example.org";
      username = "dashboard";
      passwordFile = "/run/secrets/dashboard";
      prefix = "home/systant";
      tls.enable = true;
    };
    history.enable = false;
    settings.log.level = "warn";
  };
}
