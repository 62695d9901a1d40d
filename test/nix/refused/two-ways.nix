# services.systant.commands.both: needs one of exec, units and script.
{
  services.systant.enable = true;
  services.systant.commands.both.units = [ "nginx.service" ];
  services.systant.commands.both.script = "true";
}
