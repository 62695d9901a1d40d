# services.systant.commands.Restart!: a name has 1 to 63 of
{
  services.systant.enable = true;
  services.systant.commands."Restart!".units = [ "nginx.service" ];
}
