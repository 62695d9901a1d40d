# A stand-in for the part of nixpkgs' lib that Systant's Nix files use, for
# machines that have Nix and no nixpkgs. The module system in modules.nix follows
# what its manual says; what is missing, such as the order of definitions, is not
# needed here. Where nixpkgs is at hand, the same configurations are evaluated
# with the real one.
let
  types = import ./types.nix lib;
  modules = import ./modules.nix lib;

  lib = {
    inherit types;
    inherit (modules)
      evalModules
      mkDefault
      mkForce
      mkIf
      mkMerge
      mkOverride
      ;
    inherit (builtins)
      all
      any
      attrNames
      attrValues
      concatLists
      concatMap
      concatStringsSep
      elem
      elemAt
      filter
      foldl'
      genList
      head
      isAttrs
      isBool
      isFloat
      isFunction
      isInt
      isList
      isPath
      isString
      length
      listToAttrs
      mapAttrs
      readFile
      replaceStrings
      stringLength
      substring
      tail
      ;

    # Options.
    mkOption = option: option // { _type = "option"; };
    mkEnableOption =
      what:
      lib.mkOption {
        type = types.bool;
        default = false;
        description = "Whether to enable ${what}.";
      };
    literalExpression = text: { inherit text; };
    literalMD = text: { inherit text; };

    # Lists.
    optional = condition: value: if condition then [ value ] else [ ];
    optionals = condition: list: if condition then list else [ ];
    unique = lib.foldl' (found: one: if lib.elem one found then found else found ++ [ one ]) [ ];
    count = wanted: list: lib.length (lib.filter wanted list);
    range = first: last: lib.genList (i: first + i) (last - first + 1);

    # Sets.
    optionalAttrs = condition: set: if condition then set else { };
    nameValuePair = name: value: { inherit name value; };
    genAttrs = names: f: lib.listToAttrs (map (name: lib.nameValuePair name (f name)) names);
    mapAttrs' = f: set: lib.listToAttrs (lib.mapAttrsToList f set);
    mapAttrsToList = f: set: map (name: f name set.${name}) (lib.attrNames set);
    filterAttrs =
      wanted: set:
      removeAttrs set (lib.filter (name: !(wanted name set.${name})) (lib.attrNames set));

    # Strings.
    optionalString = condition: text: if condition then text else "";
    concatStrings = lib.concatStringsSep "";
    concatMapStrings = f: list: lib.concatStrings (map f list);
    concatMapStringsSep = separator: f: list: lib.concatStringsSep separator (map f list);
    concatLines = lib.concatMapStrings (line: line + "\n");
    hasPrefix = prefix: text: lib.substring 0 (lib.stringLength prefix) text == prefix;
    hasSuffix =
      suffix: text:
      let
        start = lib.stringLength text - lib.stringLength suffix;
      in
      start >= 0 && lib.substring start (lib.stringLength suffix) text == suffix;
    hasInfix = part: text: lib.replaceStrings [ part ] [ "" ] text != text;
    removeSuffix =
      suffix: text:
      if lib.hasSuffix suffix text then
        lib.substring 0 (lib.stringLength text - lib.stringLength suffix) text
      else
        text;
    splitString = separator: text: lib.filter lib.isString (builtins.split separator text);
    fileContents = file: lib.removeSuffix "\n" (lib.readFile file);
    toLower = lib.replaceStrings lib.upper lib.lower;
    lower = lib.splitString " " "a b c d e f g h i j k l m n o p q r s t u v w x y z";
    upper = lib.splitString " " "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z";

    # Packages.
    isDerivation = value: lib.isAttrs value && value.type or "" == "derivation";
    getExe = package: "${package}/bin/${package.meta.mainProgram}";
    versionAtLeast = version: least: builtins.compareVersions version least >= 0;
    licenses.mit.spdxId = "MIT";
    platforms.linux = [
      "x86_64-linux"
      "aarch64-linux"
    ];
    fileset = {
      unions = files: files;
      toSource =
        { root, fileset }:
        let
          missing = lib.filter (file: !(builtins.pathExists file)) fileset;
        in
        if missing == [ ] then root else throw "there is no ${toString (lib.head missing)}";
    };
  };
in
lib
