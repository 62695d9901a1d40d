# services.systant-dashboard needs one of mqtt.host and embeddedBroker.enable
{
  services.systant-dashboard.enable = true;
  services.systant-dashboard.mqtt.host = "broker.example.org";
  services.systant-dashboard.embeddedBroker.enable = true;
}
