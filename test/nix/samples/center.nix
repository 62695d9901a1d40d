# The machine that everybody looks at: a broker open to the network, the page
# behind nginx, and years of history.
{ config, ... }:
{
  networking.hostName = "center";
  services.systant-dashboard = {
    enable = true;
    allowedHosts = [ "systant.example.org" ];
    embeddedBroker = {
      listenAddress = "::";
      openFirewall = true;
      username = "systant";
      passwordFile = "/run/secrets/broker";
    };
    history = {
      retention = "90d";
      rollupRetention = "3650d";
      maxSize = "20GiB";
      rewind = "14d";
      rewindMaxSize = "4GiB";
      remotePasswordFile = "/run/secrets/50%";
    };
    settings.fleet.forget_after = "30d";
    settings.history.remote_write_url = "https://metrics.example.org/api/v1/write";
    settings.history.late = "2d";
  };
  services.nginx = {
    enable = true;
    virtualHosts."systant.example.org" = {
      basicAuthFile = "/run/secrets/systant-users";
      locations =
        let
          page = "http://127.0.0.1:${toString config.services.systant-dashboard.port}";
        in
        {
          "/" = {
            proxyPass = page;
            recommendedProxySettings = true;
          };
          "/events" = {
            proxyPass = page;
            recommendedProxySettings = true;
            extraConfig = ''
              proxy_buffering off;
              proxy_read_timeout 1h;
            '';
          };
        };
    };
  };
}
