# The host that test/systemd/run boots: agent and dashboard, at a broker that
# asks for a password.
{ pkgs, ... }:
let
  documented = (import ../nix/samples/commands.nix { inherit pkgs; }).services.systant.commands;
in
{
  networking.hostName = "booted";
  services.systant = {
    enable = true;
    mqtt = {
      host = "127.0.0.1";
      username = "host";
      passwordFile = "/etc/secrets/host";
    };
    settings = {
      general.interval = "1s";
      general.startup_delay = "1s";
      disk.include = [
        "/"
        "/home/data"
        "/srv/data"
      ];
      network.include = [ "lo" ];
      processes.top = 100;
    };
    commands = {
      restart.units = [ "patient.service" ];
      mark = {
        script = "echo was here > /var/lib/mark/mark";
        serviceConfig.ReadWritePaths = [ "/var/lib/mark" ];
      };
      # As docs/nixos.md has it, with what Debian has.
      backup = {
        script = "cp -a /srv/. /backup/";
        inherit (documented.backup) serviceConfig;
      };
      patients.script = "systemctl restart 'pat*.service'";
      # What nobody has allowed: another unit, another verb, and one that the
      # agent makes up.
      other.exec = [
        "systemctl"
        "--no-ask-password"
        "restart"
        "mosquitto.service"
      ];
      stop.exec = [
        "systemctl"
        "--no-ask-password"
        "stop"
        "patient.service"
      ];
      made-up.exec = [
        "systemd-run"
        "--no-ask-password"
        "touch"
        "/var/lib/mark/made-up"
      ];
      cgroup.exec = [
        "cat"
        "/proc/self/cgroup"
      ];
      write.exec = [
        "touch"
        "/var/tmp/../lib/systant-was-here"
      ];
    };
  };
  services.systant-dashboard = {
    enable = true;
    mqtt = {
      host = "127.0.0.1";
      username = "dashboard";
      passwordFile = "/etc/secrets/dashboard";
    };
  };
}
