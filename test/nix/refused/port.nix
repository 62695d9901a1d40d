# services.systant.mqtt.port' is not of type
{
  services.systant.enable = true;
  services.systant.mqtt.port = 99999;
}
