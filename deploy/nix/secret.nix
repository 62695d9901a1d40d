# Files with secrets. They stay where they are: systemd reads them as root and
# gives them to one service (LoadCredential= in systemd.exec(5)).
{ lib }:
{
  option =
    what:
    lib.mkOption {
      type = lib.types.nullOr lib.types.path;
      default = null;
      example = "/run/secrets/mqtt";
      description = ''
        File with ${what}, as a string. Only root need be able to read it. It must
        not be in the Nix store, which everybody can read.
      '';
    };

  # The entries of LoadCredential=, where % has a meaning. toString, so that nothing
  # gets copied.
  load =
    name: file:
    lib.optional (file != null) "${name}:${lib.replaceStrings [ "%" ] [ "%%" ] (toString file)}";

  # Where the service finds a credential, for what is not told by a variable.
  path = unit: name: "/run/credentials/${unit}.service/${name}";

  # Whether a URL has a password, or a name, before its host.
  inURL = url: builtins.match "[^/]*://[^/]*@.*" url != null;

  assertion = option: file: {
    assertion =
      file == null || (builtins.isString file && !(lib.hasPrefix builtins.storeDir file));
    message = "${option} is in the Nix store, or would be copied there, for everybody to read: name a file outside it by a string.";
  };
}
