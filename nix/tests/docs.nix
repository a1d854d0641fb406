# The names of the module's options, once their docs are made in full: { lib, flake-parts } -> list.
#
# Both are paths of copies: of nixpkgs' `lib` and of flake-parts.
{
  lib,
  flake-parts,
}:
let
  nixpkgsLib = import (/. + lib);
  mkLib = import (/. + "${flake-parts}/lib.nix");
  # Its arguments differ from version to version.
  flake-parts-lib = mkLib (
    builtins.intersectAttrs (builtins.functionArgs mkLib) {
      lib = nixpkgsLib;
      builtinModules = { };
      extraModules = { };
    }
  );
  module = import ../flake-module.nix {
    lib = nixpkgsLib;
    inputs = { };
    inherit flake-parts-lib;
  };
  # What documentation is made from: an option's name, type, default, example and description, all as text.
  options = builtins.filter (option: !(option.internal or false) && builtins.match "_.*" option.name == null) (
    nixpkgsLib.optionAttrSetToDocList (module.options.perSystem.type.getSubOptions [ ])
  );
in
builtins.deepSeq (map (option: removeAttrs option [ "declarations" ]) options) (
  builtins.sort builtins.lessThan (map (option: option.name) options)
)
