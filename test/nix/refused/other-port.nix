# services.systant-dashboard.mqtt is about another broker and has no effect
{
  services.systant-dashboard.enable = true;
  services.systant-dashboard.mqtt.port = 1884;
}
