# A host with NVIDIA's driver, that learns its name when it starts.
{
  networking.hostName = "";
  services.xserver.videoDrivers = [ "nvidia" ];
  hardware.nvidia.open = true;
  services.systant = {
    enable = true;
    mqtt.host = "wss://broker.example.org/mqtt";
    settings.gpu.max = 4;
  };
}
