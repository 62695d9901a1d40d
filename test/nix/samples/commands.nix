# A host that can be asked to do something, in each of the three ways.
{ pkgs, ... }:
{
  networking.hostName = "Orion_2";
  services.systant = {
    enable = true;
    mqtt.host = "broker.example.org";
    allowedSigners = [
      ''alice namespaces="systant-command@v1" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKUgLHMR5Tc/8cQZ35OXZ9Fm3WCXPZGAoQfCq7kyIT''
    ];
    settings.commands = {
      rate = 10;
      signers = [
        {
          principal = "alice";
          allow = [
            "list"
            "restart"
          ];
        }
      ];
    };
    commands = {
      ping = {
        description = "Is another host there?";
        exec = [
          "ping"
          "-c"
          "{count}"
          "--"
          "{host}"
        ];
        params = [
          {
            name = "host";
            match = "[a-z0-9][a-z0-9.:-]*";
          }
          {
            name = "count";
            int = [
              1
              5
            ];
            default = "3";
          }
        ];
        timeout = "15s";
      };
      restart = {
        description = "Restart a service";
        units = [
          "nginx.service"
          "postgresql.service"
          "mnt-old\\x2ddisk.mount"
        ];
        cooldown = "10s";
        homeassistant = true;
      };
      reboot = {
        units = [ "reboot.target" ];
        verb = "start";
        confirm = true;
        requireSignature = true;
      };
      backup = {
        description = "Copy 100% of /srv";
        script = "rsync -a /srv/ /backup/";
        path = [ pkgs.rsync ];
        serviceConfig = {
          ReadWritePaths = [ "/backup" ];
          CapabilityBoundingSet = [
            "CAP_CHOWN"
            "CAP_DAC_OVERRIDE"
            "CAP_FOWNER"
          ];
          SystemCallFilter = [
            "@system-service"
            "~@resources"
          ];
        };
        timeout = "30m";
      };
      update = {
        script = "nixos-rebuild switch --flake git+https://git.example.org/machines";
        path = [ pkgs.gitMinimal ];
        hardened = false;
        requireSignature = true;
      };
    };
  };
}
