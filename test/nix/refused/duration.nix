# services.systant.settings.general.interval' is not of type
{
  services.systant.enable = true;
  services.systant.settings.general.interval = "10 s";
}
