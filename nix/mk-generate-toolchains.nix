# The program `generate-toolchains`: writes the configuration of a flake's toolchains into the workspace around it.
{
  writeTextFile,
  runtimeShell,
  # The package of the program.
  lre,
  # Reference of the flake, whose lock becomes the manifests' pin, such as "path:${inputs.self}".
  flake,
  # What goes where: { FOLDER = { kind; attribute; }; } with the kind "cc" or "java" and the flake's attribute.
  toolchains,
}:
let
  regenerate =
    folder:
    let
      inherit (toolchains.${folder}) kind attribute;
      # `cc` is what `lre regen` writes by default.
      kindFlag = if kind == "cc" then "" else "--kind ${kind} ";
    in
    "\"$lre\" regen ${kindFlag}--flake '${flake}#${attribute}' --out '${folder}'\n";
in
writeTextFile {
  name = "generate-toolchains";
  destination = "/bin/generate-toolchains";
  executable = true;
  text = ''
    #!${runtimeShell}
    lre=${lre}/bin/lre
  ''
  + builtins.readFile ./generate-toolchains.sh
  + builtins.concatStringsSep "" (map regenerate (builtins.attrNames toolchains));
}
