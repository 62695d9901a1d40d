# The module system: options are declared in a tree, configurations define them,
# and conditions and priorities decide which definitions count.
lib:
let
  where = lib.concatStringsSep ".";

  tagged = tag: value: lib.isAttrs value && value._type or "" == tag;
  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };
  mkOverride = priority: content: {
    _type = "override";
    inherit priority content;
  };

  # The plain values in some definitions, with their priorities.
  discharge =
    let
      go =
        priority: value:
        if tagged "if" value then
          lib.optionals value.condition (go priority value.content)
        else if tagged "merge" value then
          lib.concatMap (go priority) value.contents
        else if tagged "override" value then
          go value.priority value.content
        else
          [ { inherit priority value; } ];
    in
    lib.concatMap (go 100);

  # The sets that a definition holds, with what stands above them put on each of
  # their members, so that names are known before conditions are.
  push =
    value:
    if tagged "if" value then
      map (lib.mapAttrs (_: mkIf value.condition)) (push value.content)
    else if tagged "merge" value then
      lib.concatMap push value.contents
    else if tagged "override" value then
      map (lib.mapAttrs (_: mkOverride value.priority)) (push value.content)
    else
      [ value ];

  mergeDefinitions =
    place: type: definitions:
    let
      found = discharge definitions;
      best = lib.foldl' (least: one: if one.priority < least then one.priority else least) 9999 found;
      values = map (one: one.value) (lib.filter (one: one.priority == best) found);
    in
    if found == [ ] then
      throw "The option `${where place}' was accessed but has no value defined."
    else if lib.all type.check values then
      type.merge place values
    else
      throw "A definition for option `${where place}' is not of type `${type.description}'.";

  # A module as a set of options, config and freeformType, with those it imports.
  load =
    arguments: module:
    let
      value = if lib.isPath module then import module else module;
      said = if lib.isFunction value then value arguments else value;
      whole = said ? config || said ? options;
    in
    [
      {
        key = if lib.isPath module then toString module else null;
        options = said.options or { };
        config = if whole then said.config or { } else removeAttrs said [
            "freeformType"
            "imports"
            "key"
          ];
        freeform = lib.optional (said ? freeformType) said.freeformType;
      }
    ]
    ++ lib.concatMap (load arguments) (said.imports or [ ]);

  declare =
    one: other:
    one
    // lib.mapAttrs (
      name: value:
      if !(one ? ${name}) then
        value
      else if tagged "option" one.${name} || tagged "option" value then
        throw "The option `${name}' is declared twice."
      else
        declare one.${name} value
    ) other;

  evalModules =
    {
      modules,
      specialArgs ? { },
      prefix ? [ ],
    }:
    let
      # A file that is imported twice counts once.
      loaded = lib.foldl' (
        before: module:
        before
        ++ lib.optional (
          module.key == null || !(lib.any (known: known.key == module.key) before)
        ) module
      ) [ ] (lib.concatMap (load (specialArgs // { inherit lib config options; })) modules);
      options = lib.foldl' declare { } (map (module: module.options) loaded);
      freeform = lib.concatMap (module: module.freeform) loaded;

      evaluate =
        place: declared: definitions:
        let
          sets = lib.concatMap push definitions;
          about = name: lib.concatMap (set: lib.optional (set ? ${name}) set.${name}) sets;
          known = lib.mapAttrs (
            name: option:
            if tagged "option" option then
              mergeDefinitions (place ++ [ name ]) option.type (
                about name ++ lib.optional (option ? default) (mkOverride 1500 option.default)
              )
            else
              evaluate (place ++ [ name ]) option (about name)
          ) declared;
          stray = name: !(declared ? ${name}) && discharge (about name) != [ ];
          others = lib.filter stray (lib.unique (lib.concatMap lib.attrNames sets));
        in
        if others == [ ] then
          known
        else if freeform == [ ] then
          throw "The option `${where (place ++ [ (lib.head others) ])}' does not exist."
        else
          known
          // (lib.head freeform).merge place (
            map (set: removeAttrs set (lib.attrNames declared)) sets
          );

      config = evaluate prefix options (map (module: module.config) loaded);
    in
    {
      inherit config options;
    };
in
{
  inherit
    evalModules
    mergeDefinitions
    mkIf
    mkMerge
    mkOverride
    push
    ;
  present = definitions: discharge definitions != [ ];
  mkDefault = mkOverride 1000;
  mkForce = mkOverride 50;
}
