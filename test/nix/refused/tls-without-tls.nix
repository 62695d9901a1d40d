# services.systant.mqtt.tls has options without effect
{
  services.systant.enable = true;
  services.systant.mqtt.tls.serverName = "mqtt.example.org";
}
