# services.systant asks for signatures
{
  services.systant.enable = true;
  services.systant.requireSignature = true;
}
