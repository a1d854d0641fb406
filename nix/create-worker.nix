# The place of `lib.createWorker`, which turns an image or a toolchain into a worker's image.
_:
throw ''
  local-remote-execution: `lib.createWorker` is not there yet

  hint: a worker needs the closure of the toolchain; list it with `nix-store --query --requisites $(nix build --no-link --print-out-paths .#lre-cc)`''
