# Makes `$out` of `$image`, for `create-worker.nix`. In a package's build, which has store paths and no database of them.
# shellcheck shell=bash disable=SC2154  # the derivation sets the variables
export NIX_STATE_DIR=$PWD/state XDG_CACHE_HOME=$PWD/cache
nix-store --load-db <"$closure/registration"
if [ -d "$image" ]; then
  base=oci:$image
else
  # What is not compressed passes as it is.
  gzip -dcf "$image" >base.tar
  base=docker-archive:base.tar
fi
lre image wrap --base "$base" --worker "$worker" ${imageName:+--name "$imageName"} --out docker-archive:image.tar
mv image.tar "$out"
