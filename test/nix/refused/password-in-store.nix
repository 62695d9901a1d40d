# services.systant.mqtt.passwordFile is in the Nix store
{
  services.systant.enable = true;
  services.systant.mqtt.passwordFile = ./password-in-store.nix;
}
