# embeddedBroker listens beyond this machine, so it needs username and passwordFile
{
  services.systant-dashboard.enable = true;
  services.systant-dashboard.embeddedBroker.listenAddress = "0.0.0.0";
}
