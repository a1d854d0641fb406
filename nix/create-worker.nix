# Any OCI image becomes the image of workers: { pkgs, worker, … } -> image -> package, a `docker-archive`.
{
  pkgs,
  # The package of the program `lre`.
  lre,
  # The program that the image runs, such as "${nativelink}/bin/nativelink".
  worker,
  # The new image's name; null for `nativelink-worker-` and the name of the image below.
  name ? null,
}:
# A package that is an archive, as of `docker save` (dockerTools' may be compressed), or an OCI layout.
image:
pkgs.runCommand "nativelink-worker-${image.imageName or image.name}"
  {
    inherit image worker;
    imageName = if name == null then "" else name;
    # What the worker refers to: there is no database where packages are built.
    closure = pkgs.closureInfo { rootPaths = [ worker ]; };
    nativeBuildInputs = [
      lre
      pkgs.gzip
      pkgs.nix
    ];
  }
  (builtins.readFile ./create-worker.sh)
