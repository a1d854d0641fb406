{
  description = "A stand-in for flake-parts, to evaluate without a network";
  outputs = _: {
    lib.mkFlake =
      { inputs }: module: removeAttrs ((import ../flake-parts.nix { inherit inputs; }).mkFlake module) [ "config" ];
  };
}
