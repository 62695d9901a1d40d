# More packages that are only names: enough for the real modules of NixOS to
# evaluate what concerns Systant. Some of them look into packages, or call them.
{
  lib,
  system,
  names,
}:
let
  few = import ./pkgs.nix { inherit lib system names; };
  fake =
    name:
    few.systemd
    // {
      inherit name;
      pname = name;
      outPath = "/nix/store/00000000000000000000000000000000-${name}";
    };
  file = few.writeText;
  platform = lib.systems.elaborate system;

  kernel = fake "linux" // {
    version = "6.12";
    modDirVersion = "6.12";
    features = { };
    config = {
      isYes = _: true;
      isEnabled = _: true;
      isSet = _: true;
      isNo = _: false;
      isModule = _: false;
    };
    kernelAtLeast = _: true;
    kernelOlder = _: false;
  };
  nvidia = fake "nvidia" // {
    version = "570";
    persistenced = fake "nvidia-persistenced";
    settings = fake "nvidia-settings";
    open = fake "nvidia-open";
    lib32 = fake "nvidia-lib32";
    firmware = fake "nvidia-firmware";
    useProfiles = true;
  };
  kernelPackages = {
    inherit kernel;
    nvidiaPackages.stable = nvidia;
    nvidia_x11 = nvidia;
    extend = _: kernelPackages;
    kernelAtLeast = _: true;
    kernelOlder = _: false;
  };

  pkgs = few // {
    _type = "pkgs";
    config.allowUnfree = true;
    overlays = [ ];
    inherit pkgs;
    buildPackages = pkgs;
    pkgsi686Linux = pkgs;
    pkgsStatic = pkgs;
    unixtools = pkgs;
    __splicedPackages = pkgs;
    appendOverlays = _: pkgs;
    extend = _: pkgs;
    stdenv = {
      hostPlatform = platform;
      buildPlatform = platform;
      targetPlatform = platform;
      isLinux = true;
      isx86_64 = true;
      is64bit = true;
      inherit system;
      cc = fake "cc";
      shell = "/bin/sh";
      mkDerivation = args: fake (args.name or args.pname);
    };
    linuxPackages = kernelPackages;
    linuxPackagesFor = _: kernelPackages;
    path = /nonexistent;
    nixosTests = { };
    runtimeShell = "/bin/sh";
    bash = fake "bash" // {
      interactiveShellPath = "/bin/bash";
      shellPath = "/bin/bash";
    };
    nginxStable = fake "nginx" // {
      modules = [ ];
      override = _: pkgs.nginxStable;
    };
    glibcLocales = fake "glibc-locales" // {
      override = _: fake "glibc-locales";
    };
    python3 = fake "python3" // {
      withPackages = _: fake "python3";
      pkgs = { };
    };
    perl = fake "perl" // {
      withPackages = _: fake "perl";
    };
    shadow = fake "shadow" // {
      su = fake "su";
    };
    systemd =
      fake "systemd"
      // {
        version = "257";
        kbd = fake "kbd";
        interfaceVersion = 2;
        outPath = "${few.systemd}";
      }
      // lib.genAttrs (map (name: "with${name}") [
        "AppArmor"
        "Apparmor"
        "Audit"
        "Bootloader"
        "Coredump"
        "Cryptsetup"
        "Efi"
        "Fido2"
        "Homed"
        "Hostnamed"
        "Importd"
        "Localed"
        "Logind"
        "Machined"
        "Networkd"
        "Nspawn"
        "Nss"
        "Oomd"
        "Portabled"
        "Remote"
        "Resolved"
        "Sysusers"
        "Timedated"
        "Timesyncd"
        "Tpm2Tss"
        "Tpm2Units"
        "UserDb"
        "Utmp"
      ]) (_: true);
    callPackage =
      function: args:
      let
        f = if lib.isFunction function then function else import function;
      in
      f (lib.mapAttrs (name: _: pkgs.${name} or (fake name)) (lib.functionArgs f) // args);
    formats = lib.genAttrs [
      "ini"
      "iniWithGlobalSection"
      "json"
      "keyValue"
      "systemd"
      "toml"
      "xml"
      "yaml"
    ] (_: few.formats.toml);
    writeShellScript = file;
    writeScript = file;
    writeScriptBin = file;
    writeShellScriptBin = file;
    runCommandLocal = few.runCommand;
    runCommandCC = few.runCommand;
    writeTextDir = name: file (baseNameOf name);
    writeTextFile = args: file args.name (args.text or "");
    writeShellApplication = args: file args.name args.text;
    writers = lib.genAttrs [
      "writeBash"
      "writeDash"
      "writeNginxConfig"
      "writePython3"
    ] (_: name: _: fake name);
    replaceVars = path: _: fake (baseNameOf (toString path));
    replaceVarsWith = args: fake (args.name or "replaced");
    substituteAll = args: fake (args.name or "substituted");
    symlinkJoin = args: fake args.name;
    buildEnv = args: fake args.name;
    linkFarm = name: _: fake name;
    closureInfo = _: fake "closure";
    makeFontsConf = _: fake "fonts.conf";
    makeFontsCache = _: fake "fonts-cache";
    makeSetupHook = args: _: fake (args.name or "hook");
    fetchurl = args: fake (args.name or "fetched");
  };
in
pkgs
