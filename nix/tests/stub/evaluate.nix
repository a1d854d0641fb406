# The least of nixpkgs' `lib.evalModules`: { modules; specialArgs; path; } -> config.
#
# Nested options with defaults, read-only options, imports, and an error for what no option declares. A module is a
# path, a function or attributes; `config` may be left out of it where it has neither `options` nor `config`.
{
  modules,
  specialArgs ? { },
  path ? "",
}:
let
  # Modules without a place of their own are shown with that of the one that imports them.
  load =
    place: module:
    let
      isFile = builtins.isPath module || builtins.isString module;
      loaded = if isFile then import module else module;
      set = if builtins.isFunction loaded then loaded arguments else loaded;
      isLong = set ? options || set ? config || set ? imports;
      meta = [
        "_file"
        "options"
        "config"
        "imports"
      ];
      file = toString (set._file or (if isFile then module else place));
    in
    [
      {
        inherit file;
        options = set.options or { };
        config = removeAttrs set (if isLong then meta else [ "_file" ]) // set.config or { };
      }
    ]
    ++ builtins.concatMap (load file) (set.imports or [ ]);
  arguments = specialArgs // {
    inherit config;
  };
  loaded = builtins.concatMap (load "a module") modules;

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
