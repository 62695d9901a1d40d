# services.systant.settings.disk.exclude' is not of type
{
  services.systant.enable = true;
  services.systant.settings.disk.exclude = null;
}
