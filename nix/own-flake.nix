# This flake among the inputs of a flake that uses it: { inputs } -> flake, or null.
#
# The module is exported as a path, which knows its folder and not its flake. Inputs with the usual names are looked at
# first, because looking at an input fetches it.
{ inputs }:
let
  usual = builtins.filter (name: inputs ? ${name}) [
    "local-remote-execution"
    "lre"
  ];
  others = builtins.filter (name: name != "self" && !builtins.elem name usual) (
    builtins.attrNames inputs
  );
  find =
    names:
    if names == [ ] then
      null
    else if (inputs.${builtins.head names}.outPath or null) == toString ../. then
      inputs.${builtins.head names}
    else
      find (builtins.tail names);
in
find (usual ++ others)
