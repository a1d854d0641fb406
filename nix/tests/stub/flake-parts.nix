# The least of flake-parts: `mkFlake { inputs } module` and what the flake module takes from `flake-parts-lib`.
{
  # Of the caller: `inputs'` and `pkgs` follow from it.
  inputs,
}:
let
  lib = import ./lib.nix;
  evaluate = import ./evaluate.nix;

  deferred = {
    description = "module";
    check = _: true;
    # A list of modules, each with the file that defines it.
    merge =
      _: _: definitions:
      map (
        { file, value }:
        if builtins.isFunction value then
          {
            _file = file;
            imports = [ value ];
          }
        else
          {
            _file = file;
            config = value;
          }
      ) definitions;
  };
  anything = {
    description = "anything";
    check = _: true;
    merge = _: _: definitions: builtins.foldl' (all: definition: all // definition.value) { } definitions;
  };
  anyOption = lib.mkOption {
    type = anything;
    default = { };
  };
  flake-parts-lib.mkPerSystemOption = module: {
    _type = "perSystem";
    inherit module;
  };

  core = {
    options = {
      systems = lib.mkOption {
        type = lib.types.listOf lib.types.str;
      };
      flake = anyOption;
    };
  };
  perSystemCore.options = {
    checks = anyOption;
    devShells = anyOption;
    packages = anyOption;
  };

  # The modules with `perSystem` taken out: evaluated once for each system.
  collect =
    module:
    let
      set =
        if builtins.isFunction loaded then
          loaded {
            inherit lib flake-parts-lib inputs;
            self = inputs.self or null;
          }
        else
          loaded;
      isFile = builtins.isPath module || builtins.isString module;
      loaded = if isFile then import module else module;
      file = if isFile then toString module else "the flake";
      declared = set.options.perSystem or null;
      defined = set.perSystem or set.config.perSystem or null;
    in
    [
      {
        top = removeAttrs set [
          "imports"
          "perSystem"
          "options"
        ];
        perSystem =
          (if declared == null then [ ] else [ declared.module ])
          ++ (if defined == null then [ ] else deferred.merge null null [ { inherit file; value = defined; } ]);
      }
    ]
    ++ builtins.concatMap collect (unique (set.imports or [ ]));
  # A file that is imported twice counts once.
  unique = builtins.foldl' (
    all: module: if builtins.isPath module && builtins.elem module all then all else all ++ [ module ]
  ) [ ];
in
{
  inherit flake-parts-lib lib;
  mkFlake =
    module:
    let
      parts = collect module;
      top = evaluate { modules = [ core ] ++ map (part: part.top) parts; };
      perSystem =
        system:
        evaluate {
          path = "perSystem.${system}";
          modules = [ perSystemCore ] ++ builtins.concatMap (part: part.perSystem) parts;
          specialArgs = {
            inherit lib system;
            pkgs = inputs.nixpkgs.legacyPackages.${system};
            inputs' = builtins.mapAttrs (_: input: {
              packages = input.packages.${system};
            }) inputs;
          };
        };
      systems = builtins.listToAttrs (
        map (name: {
          inherit name;
          value = perSystem name;
        }) top.systems
      );
      output = name: builtins.mapAttrs (_: config: config.${name}) systems;
    in
    {
      # Not an output of flake-parts: for tests.
      config = systems;
      checks = output "checks";
      devShells = output "devShells";
      packages = output "packages";
    }
    // top.flake;
}
