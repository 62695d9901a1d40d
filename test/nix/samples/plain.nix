# The least: one machine with both, and nothing else.
{
  networking.hostName = "Atlas";
  services.systant.enable = true;
  services.systant.mqtt.host = "127.0.0.1";
  services.systant-dashboard.enable = true;
}
