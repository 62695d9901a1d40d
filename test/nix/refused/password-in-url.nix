# services.systant-dashboard.settings.history has a URL with a password
{
  services.systant-dashboard.enable = true;
  services.systant-dashboard.settings.history.remote_write_url = "https://u:p@metrics.example/write";
}
