# services.systant-dashboard.settings.broker.password would be readable
{
  services.systant-dashboard.enable = true;
  services.systant-dashboard.settings.broker.password = "hunter2";
}
