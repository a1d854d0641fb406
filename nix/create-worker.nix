# The place of `lib.createWorker`, which makes a worker's image of any image or toolchain.
_:
throw ''
  local-remote-execution: `lib.createWorker` is not there yet; later, it makes a worker's image with `lre image`

  hint: a worker needs the closure of the toolchain: `nix-store --query --requisites $(nix build --no-link --print-out-paths .#lre-cc)`''
