# What a system needs beside Systant, to be evaluated whole.
{
  boot.loader.grub.enable = false;
  fileSystems."/" = {
    device = "/dev/vda";
    fsType = "ext4";
  };
  system.stateVersion = "26.05";
}
