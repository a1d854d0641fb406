# The least of nixpkgs' `lib.evalModules`: { modules; specialArgs; path; } -> config.
#
# Nested options with defaults, read-only options, imports, and an error for what no option declares. A module is a path,
# a function or attributes; `config` may be left out of it where it has neither `options` nor `config`.
{
  modules,
  specialArgs ? { },
  path ? "",
}:
let
  load =
    module:
    if builtins.isPath module || builtins.isString module then
      loadFrom (toString module) (import module)
    else
      loadFrom "a module" module;
  loadFrom =
    file: module:
    let
      set = if builtins.isFunction module then module arguments else module;
      isLong = set ? options || set ? config || set ? imports;
      meta = [ "_file" "options" "config" "imports" ];
      own = {
        file = toString (set._file or file);
        options = set.options or { };
        config = (if isLong then removeAttrs set meta else removeAttrs set [ "_file" ]) // set.config or { };
      };
    in
    [ own ] ++ builtins.concatMap load (set.imports or [ ]);
  arguments = specialArgs // {
    inherit config;
  };
  loaded = builtins.concatMap load modules;

  isOption = value: builtins.isAttrs value && (value._type or "") == "option";
  mergeTrees = builtins.foldl' (
    left: right:
    left
    // builtins.mapAttrs (
      name: value:
      if left ? ${name} && !isOption value then mergeTrees [ left.${name} value ] else value
    ) right
  ) { };

  # What the modules define at a place: [ { file; value; } ].
  definitionsAt =
    name: definitions:
    map (definition: definition // { value = definition.value.${name}; }) (
      builtins.filter (definition: definition.value ? ${name}) definitions
    );

  evaluate =
    place: options: definitions:
    let
      stray = builtins.concatMap (
        definition:
        map (name: "`${place}${name}` does not exist, in ${definition.file}") (
          builtins.attrNames (removeAttrs definition.value (builtins.attrNames options))
        )
      ) definitions;
      values = builtins.mapAttrs (
        name: option:
        let
          found = definitionsAt name definitions;
          all =
            found ++ (if option ? default && found == [ ] then [ { file = "default"; value = option.default; } ] else [ ]);
        in
        if !isOption option then
          evaluate "${place}${name}." option found
        else if (option.readOnly or false) && builtins.length found > 1 then
          throw "`${place}${name}` is read-only, but set in ${
            builtins.concatStringsSep " and in " (map (definition: definition.file) found)
          }"
        else if all == [ ] then
          throw "`${place}${name}` is not defined"
        else
          option.type.merge option.type "${place}${name}" all
      ) options;
    in
    if stray != [ ] then throw (builtins.head stray) else values;

  config = evaluate (if path == "" then "" else "${path}.") (mergeTrees (map (module: module.options) loaded)) (
    map (module: {
      inherit (module) file;
      value = module.config;
    }) loaded
  );
in
config
