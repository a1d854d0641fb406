# The program `cluster` of `deploy/kubernetes`, with the programs that it runs. The container runtime is the machine's own.
{
  coreutils,
  gnused,
  kind,
  kubectl,
  runtimeShell,
  skopeo,
  writeTextFile,
}:
let
  deploy = builtins.path {
    name = "lre-deploy";
    path = ../deploy;
  };
  path = builtins.concatStringsSep ":" (
    map (package: "${package}/bin") [
      coreutils
      gnused
      kind
      kubectl
      skopeo
    ]
  );
in
writeTextFile {
  name = "cluster";
  destination = "/bin/cluster";
  executable = true;
  text = ''
    #!${runtimeShell}
    PATH=${path}:$PATH exec ${deploy}/kubernetes/cluster "$@"
  '';
}
