# services.systant.setings' does not exist
{
  services.systant.enable = true;
  services.systant.setings.general.interval = "5s";
}
