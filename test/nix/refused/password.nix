# services.systant.settings.mqtt.password would be readable by everybody
{
  services.systant.enable = true;
  services.systant.settings.mqtt.password = "hunter2";
}
