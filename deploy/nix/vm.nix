# Two machines: a broker with the dashboard, and a host with the agent, which
# is watched and asked to restart a service.
{ self }:
{
  name = "systant";

  nodes = {
    server =
      { pkgs, ... }:
      {
        imports = [ self.nixosModules.default ];
        environment.systemPackages = [
          pkgs.curl
          pkgs.mosquitto
        ];
        networking.firewall.allowedTCPPorts = [ 1883 ];
        services.mosquitto = {
          enable = true;
          listeners = [
            {
              port = 1883;
              users = {
                host = {
                  password = "host-secret";
                  acl = [ "readwrite systant/#" ];
                };
                dashboard = {
                  password = "dashboard-secret";
                  acl = [ "readwrite systant/#" ];
                };
              };
            }
          ];
        };
        environment.etc."secret".text = "dashboard-secret";
        services.systant-dashboard = {
          enable = true;
          mqtt = {
            host = "127.0.0.1";
            username = "dashboard";
            passwordFile = "/etc/secret";
          };
        };
      };

    host =
      { pkgs, ... }:
      {
        imports = [ self.nixosModules.default ];
        environment.etc."secret".text = "host-secret";
        systemd.services.patient = {
          wantedBy = [ "multi-user.target" ];
          serviceConfig.ExecStart = "${pkgs.coreutils}/bin/sleep infinity";
        };
        services.systant = {
          enable = true;
          mqtt = {
            host = "server";
            username = "host";
            passwordFile = "/etc/secret";
          };
          settings.general.interval = 1;
          settings.general.startup_delay = 1;
          commands = {
            restart.units = [ "patient.service" ];
            mark.script = "echo was here > /run/systant-mark";
            mark.serviceConfig.ReadWritePaths = [ "/run" ];
            forbidden.exec = [
              "systemctl"
              "--no-ask-password"
              "restart"
              "sshd.service"
            ];
          };
        };
        services.openssh.enable = true;
      };
  };

  testScript = ''
    import json

    def ask(command):
        """Sends a request to the host and returns the last answer to it."""
        request = json.dumps({"command": command, "request_id": f"test-{command}"})
        answers = server.succeed(
            "mosquitto_sub -V 5 -h 127.0.0.1 -u dashboard -P dashboard-secret -W 20 -t systant/host/responses & "
            "sleep 1; "
            f"mosquitto_pub -V 5 -q 1 -h 127.0.0.1 -u dashboard -P dashboard-secret -t systant/host/commands -m '{request}'; "
            "wait || true"
        )
        found = [json.loads(line) for line in answers.splitlines() if line.startswith("{")]
        final = [answer for answer in found if answer["command"] == command and answer["status"] != "running"]
        assert final, answers
        return final[-1]

    def summary():
        hosts = json.loads(server.succeed("curl -sf http://127.0.0.1:4000/api/hosts"))["hosts"]
        return hosts[0] if hosts else {}

    start_all()
    server.wait_for_unit("mosquitto.service")
    server.wait_for_unit("systant-dashboard.service")
    server.wait_for_open_port(4000)
    host.wait_for_unit("systant-agent.service")

    with subtest("the dashboard shows the host"):
        server.wait_until_succeeds("curl -sf http://127.0.0.1:4000/api/hosts/host | grep -q usage_percent", timeout=60)
        assert summary()["name"] == "host", summary()

    with subtest("units are read over D-Bus, and disks are writable"):
        stats = json.loads(server.succeed("curl -sf http://127.0.0.1:4000/api/hosts/host"))["stats"]
        assert stats["units"], stats.keys()
        assert not stats["disk"]["/"].get("read_only", False), stats["disk"]

    with subtest("a unit that is listed can be restarted"):
        host.wait_for_unit("patient.service")
        before = host.succeed("systemctl show -p MainPID --value patient.service")
        answer = ask("restart")
        assert answer["status"] == "ok", answer
        assert host.succeed("systemctl show -p MainPID --value patient.service") != before

    with subtest("another can't"):
        answer = ask("forbidden")
        assert answer["status"] == "failed", answer

    with subtest("a script runs as root"):
        answer = ask("mark")
        assert answer["status"] == "ok", answer
        host.succeed("test $(stat -c %u /run/systant-mark) = 0")

    with subtest("what does without privileges scores so"):
        for machine, unit in [(host, "systant-agent"), (server, "systant-dashboard")]:
            print(machine.succeed(f"systemd-analyze security --threshold=25 --no-pager {unit}.service | tail -1"))
  '';
}
