# A dashboard that uses another broker, and remembers nothing.
{
  imports = [ ../../../deploy/nix/dashboard.nix ]; # a second time
  networking.hostName = "desk";
  services.systant-dashboard = {
    enable = true;
    listenAddress = "::1";
    port = 80;
    mqtt = {
      host = "2001:db8::1";
      username = "dashboard";
      passwordFile = "/run/secrets/dashboard";
      prefix = "home/systant";
      tls.enable = true;
    };
    history.enable = false;
    settings.log.level = "warn";
  };
}
