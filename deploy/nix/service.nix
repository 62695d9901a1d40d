# What the services of both programs have in common. Each module adds what only its
# own program needs, or can do without.
{ lib }:
{
  description,
  package,
  configFile,
}:
{
  inherit description;
  wantedBy = [ "multi-user.target" ];
  wants = [ "network-online.target" ];
  after = [ "network-online.target" ];
  startLimitIntervalSec = 0;

  serviceConfig = import ./hardening.nix // {
    Type = "notify";
    ExecStart = "${lib.getExe package} -config ${configFile}";
    WatchdogSec = lib.mkDefault "2min";
    # The agent's broker may be away at the start (69); a bad configuration (78) does
    # not get better by itself.
    Restart = "always";
    RestartSec = lib.mkDefault "10s";
    RestartPreventExitStatus = 78;
    StateDirectoryMode = "0700";
  };
}
