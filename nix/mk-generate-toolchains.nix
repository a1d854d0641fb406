# The program `generate-toolchains`: writes the configuration of a flake's toolchains into the workspace around it.
{
  writeTextFile,
  runtimeShell,
  # The package of the program.
  lre,
  # Reference of the flake, whose lock becomes the manifests' pin, such as "path:${inputs.self}".
  flake,
  # What goes where: { FOLDER = { kind; attribute; name; }; } with the kind "cc" or "java", the flake's attribute, and the
  # toolchain's name, which is the kind unless it is given.
  toolchains,
}:
let
  regenerate =
    folder:
    let
      inherit (toolchains.${folder}) kind attribute;
      name = toolchains.${folder}.name or kind;
    in
    if kind != "cc" && kind != "java" then
      throw "local-remote-execution: `${kind}` is no kind of toolchain\n\nhint: use `kind = \"cc\"` or `kind = \"java\"`"
    else
      "\"$lre\" regen --kind ${kind} --name '${name}' --flake '${flake}#${attribute}' --out '${folder}'\n";
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
