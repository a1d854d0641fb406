# The shell snippet that gives Bazel workspaces their `lre.bazelrc`: { bazelrc, install, workspaces } -> string.
#
# `install.sh` runs in a shell of its own, so that no option, function or alias of the caller's reaches it.
{
  # Store path of the rc file, with its context.
  bazelrc,
  # "link", or "copy" for containers without /nix.
  install ? "link",
  # Folders of the workspaces, below the flake; by default the workspace around the current folder.
  workspaces ? [ ],
}:
let
  quote = text: "'${builtins.replaceStrings [ "'" ] [ "'\\''" ] text}'";
  words = [
    (builtins.readFile ./install.sh)
    "lre"
    install
    "${bazelrc}"
  ]
  ++ workspaces;
in
"sh -c ${builtins.concatStringsSep " " (map quote words)} || :\n"
