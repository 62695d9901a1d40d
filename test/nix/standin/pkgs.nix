# Packages that are only names: each is a derivation to look at, whose path tells
# what it is. Those of nixpkgs that Systant's files use are listed, so that a
# misspelt one is found; the real NixOS' modules need many more, as `names` says.
{
  lib,
  system,
  names ? [ ],
}:
let
  store = "/nix/store/00000000000000000000000000000000-";
  fake =
    name:
    let
      package = {
        type = "derivation";
        inherit name system;
        pname = name;
        version = "0";
        outPath = store + name;
        drvPath = "${store}${name}.drv";
        outputName = "out";
        outputs = [ "out" ];
        meta.mainProgram = name;
        passthru = { };
        override = _: package;
        overrideAttrs = _: package;
        out = package;
        bin = package;
        dev = package;
        lib = package;
        man = package;
      };
    in
    package;

  # A file with a text, or a value that the test writes as TOML.
  file = name: value: fake name // { inherit value; };

  value =
    with lib.types;
    oneOf [
      bool
      int
      float
      str
      path
      (attrsOf value)
      (listOf value)
    ]
    // {
      description = "value";
    };

  build =
    args: fake args.pname // { inherit (args) version meta; inherit args; };

  listed = [
    "autoAddDriverRunpath"
    "chromium"
    "coreutils"
    "cpio"
    "curl"
    "dbus"
    "gitMinimal"
    "golangci-lint"
    "gopls"
    "hivemind"
    "iputils"
    "jq"
    "just"
    "mosquitto"
    "nixfmt-tree"
    "nodejs"
    "openssh"
    "procps"
    "qemu"
    "rsync"
    "systemd"
  ];

  pkgs = lib.genAttrs (lib.unique (listed ++ names)) fake // {
    inherit lib system;
    stdenv.hostPlatform.system = system;
    go = fake "go" // {
      version = "1.26.8";
    };
    buildGoModule = build;
    buildGo126Module = build;
    callPackages =
      path: overrides:
      let
        function = import path;
      in
      function (
        lib.mapAttrs (name: _: pkgs.${name}) (
          lib.filterAttrs (_: hasDefault: !hasDefault) (builtins.functionArgs function)
        )
        // overrides
      );
    formats.toml = _: {
      type = value;
      generate = file;
    };
    mkShell = args: fake "shell" // { inherit args; };
    writeText = file;
    runCommand =
      name: _: text:
      file name text;
    testers.runNixOSTest = test: fake "vm-test" // { inherit test; };
  };
in
pkgs
