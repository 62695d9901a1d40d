# The types of options that Systant's modules use. Each has a check of one value,
# and a merge of all values that an option has.
lib:
let
  say = builtins.toJSON;
  where = lib.concatStringsSep ".";

  mk = description: check: merge: { inherit description check merge; };

  # Of one value only.
  single =
    description: check:
    mk description check (
      place: values:
      if lib.all (value: value == lib.head values) values then
        lib.head values
      else
        throw "The option `${where place}' has conflicting definition values"
    );

  textual = value: lib.isString value || value ? outPath || value ? __toString;
  integer = description: check: single description (value: lib.isInt value && check value);

  # What each of several sets of definitions says about a name.
  about = name: lib.concatMap (set: lib.optional (set ? ${name}) set.${name});
  names = sets: lib.unique (lib.concatMap lib.attrNames sets);

  inherit (import ./modules.nix lib) mergeDefinitions push present;

  types = {
    bool = single "boolean" lib.isBool;
    int = integer "signed integer" (_: true);
    float = single "floating point number" lib.isFloat;
    str = single "string" textual;
    singleLineStr = single "string of one line" (
      value: lib.isString value && !(lib.hasInfix "\n" value)
    );
    path = single "absolute path" (
      value: lib.isPath value || textual value && lib.hasPrefix "/" (toString value)
    );
    package = single "package" lib.isDerivation;
    raw = single "raw value" (_: true);
    port = integer "port" (value: value >= 0 && value < 65536);
    ints.unsigned = integer "unsigned integer" (value: value >= 0);
    enum = values: single "one of ${say values}" (value: lib.elem value values);
    strMatching =
      pattern:
      single "string matching the pattern ${pattern}" (
        value: lib.isString value && builtins.match pattern value != null
      );
    lines = mk "strings" textual (_: lib.concatStringsSep "\n");

    nullOr =
      type:
      mk "null or ${type.description}" (value: value == null || type.check value) (
        place: values:
        if lib.all (value: value == null) values then null else type.merge place values
      );
    either =
      one: other:
      mk "${one.description} or ${other.description}" (value: one.check value || other.check value) (
        place: values:
        if lib.all one.check values then one.merge place values else other.merge place values
      );
    oneOf = list: lib.foldl' types.either (lib.head list) (lib.tail list);
    listOf =
      type:
      mk "list of ${type.description}" lib.isList (
        place: lists: map (value: mergeDefinitions (place ++ [ "*" ]) type [ value ]) (lib.concatLists lists)
      );
    attrsOf =
      type:
      mk "set of ${type.description}" (value: lib.isAttrs value && !(lib.isDerivation value)) (
        place: sets:
        let
          pushed = lib.concatMap push sets;
          wanted = lib.filter (name: present (about name pushed)) (names pushed);
        in
        lib.genAttrs wanted (name: mergeDefinitions (place ++ [ name ]) type (about name pushed))
      );
    submodule =
      module:
      mk "submodule" lib.isAttrs (
        place: values:
        (lib.evalModules {
          modules = [ module ] ++ map (config: { inherit config; }) values;
          prefix = place;
        }).config
      );

    # What the stand-in for NixOS' options takes without looking.
    anything = mk "anything" (_: true) (
      place: values:
      if lib.all (value: lib.isAttrs value && !(lib.isDerivation value)) values then
        (types.attrsOf types.anything).merge place values
      else if lib.all lib.isList values then
        lib.concatLists values
      else
        types.raw.merge place values
    );
  };
in
types
