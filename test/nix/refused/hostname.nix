# services.systant.settings.general.hostname' is not of type
{
  services.systant.enable = true;
  services.systant.settings.general.hostname = "nas/#";
}
