# is not of type
{
  services.systant.enable = true;
  services.systant.commands.restart.units = [ "nginx.service\"]; evil" ];
}
