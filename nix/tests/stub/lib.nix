# The few functions of nixpkgs' `lib` that this flake calls, with the same checks and much shorter messages.
rec {
  mkOption = attributes: attributes // { _type = "option"; };
  literalExpression = text: { inherit text; };
  hasPrefix = prefix: text: builtins.substring 0 (builtins.stringLength prefix) text == prefix;
  removePrefix =
    prefix: text:
    if hasPrefix prefix text then
      builtins.substring (builtins.stringLength prefix) (builtins.stringLength text) text
    else
      text;
  getBin = package: package.bin or package;
  getDev = package: package.dev or package;
  getLib = package: package.lib or package;
  versions.major = version: builtins.head (builtins.split "[.]" version);
  licenses.asl20 = "Apache-2.0";

  # A type: { description; check; merge; } where `merge` gets the type itself, a path and definitions { file; value; }.
  types =
    let
      checked =
        type: path: definition:
        if type.check definition.value then
          definition.value
        else
          throw "`${path}` is not of type `${type.description}`, in ${definition.file}";
      one =
        type: path: definitions:
        if builtins.length definitions > 1 then
          throw "`${path}` is defined in ${toString (builtins.length definitions)} places"
        else
          checked type path (builtins.head definitions);
      mkType = description: check: {
        inherit description check;
        merge = one;
      };
    in
    {
      bool = mkType "boolean" builtins.isBool;
      str = mkType "string" builtins.isString;
      package = mkType "package" (value: value ? outPath);
      enum = values: mkType "one of ${builtins.toJSON values}" (value: builtins.elem value values);
      nullOr = inner: mkType "null or ${inner.description}" (value: value == null || inner.check value);
      addCheck = inner: rule: mkType inner.description (value: inner.check value && rule value);
      listOf = inner: {
        description = "list of ${inner.description}";
        check = builtins.isList;
        merge =
          _: path: definitions:
          builtins.concatMap (
            definition: map (value: checked inner path (definition // { inherit value; })) definition.value
          ) definitions;
      };
      submodule = module: {
        description = "submodule";
        check = builtins.isAttrs;
        merge =
          _: path: definitions:
          import ./evaluate.nix {
            inherit path;
            modules = [
              module
            ]
            ++ map (definition: {
              _file = definition.file;
              config = definition.value;
            }) definitions;
          };
      };
    };
}
