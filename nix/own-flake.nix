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
  # A relative input's place is not normalised; a path is.
  isOwn =
    name:
    let
      place = inputs.${name}.outPath or null;
    in
    place != null && toString (/. + builtins.unsafeDiscardStringContext place) == toString ../.;
  find =
    names:
    if names == [ ] then
      null
    else if isOwn (builtins.head names) then
      inputs.${builtins.head names}
    else
      find (builtins.tail names);
in
find (usual ++ others)
