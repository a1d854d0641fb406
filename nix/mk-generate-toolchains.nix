# The program `generate-toolchains`: writes the configuration of toolchains into the Bazel workspace around it.
#
# { writeTextFile; runtimeShell; lre; toolchains; } where `toolchains` maps a folder of the workspace to { kind; toolchain; }.
{
  writeTextFile,
  runtimeShell,
  # The package of the program.
  lre,
  toolchains,
}:
let
  envFile =
    folder:
    writeTextFile {
      name = "${folder}-env.json";
      text = builtins.toJSON toolchains.${folder}.toolchain.meta.Env + "\n";
    };
  regenerate = folder: "regen ${toolchains.${folder}.kind} ${envFile folder} '${folder}'\n";
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
