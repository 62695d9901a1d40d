# services.systant.mqtt.host must not hold a password
{
  services.systant.enable = true;
  services.systant.mqtt.host = "mqtts://nas:hunter2@broker.example.org";
}
