# What a user says of a toolchain's `lre.bazelrc`: a module for `types.submodule`.
{
  lib,
  # The default of `helper`, evaluated only where it is used.
  ownHelper,
}:
let
  inherit (lib) mkOption types;

  # A string with a rule; the description is what an error about a bad value says.
  mkWord =
    name: description: rule:
    types.addCheck types.str rule // { inherit name description; };
  entry = mkWord "envEntry" "`KEY=VALUE` without line breaks (such as those of `lre-cc.meta.Env`)" (
    text: (import ./environment.nix [ text ]).problem == null
  );
  configName =
    mkWord "configName"
      "name of a Bazel config: letters, digits, `_`, `.`, `+` and `-` (such as \"lre\"; without a prefix, leave it out)"
      (import ./is-config-name.nix);
  # What the text has to be is said by `remote.nix`, which sees the settings together.
  mkRemote =
    description:
    mkOption {
      type = types.nullOr types.str;
      default = null;
      inherit description;
    };
  folder = mkWord "folder" "folder below the flake (such as \"services/api\" or \".\")" (
    text: builtins.match "[^/\n].*" text != null && builtins.match "(.*/)?[.][.](/.*)?" text == null
  );
in
{
  options = {
    Env = mkOption {
      type = types.listOf entry;
      default = [ ];
      example = lib.literalExpression "lre-cc.meta.Env";
      description = ''
        The environment of the toolchain: `KEY=VALUE` strings with store paths. Nix realises every path in it. By
        default there is none, and `lre.bazelrc` carries a warning instead: the toolchain works remotely only.
      '';
    };
    kind = mkOption {
      type = types.nullOr (
        types.enum [
          "cc"
          "java"
        ]
      );
      default = null;
      description = ''
        What the toolchain compiles. By default `Env` tells, by `CC` or `JAVA_HOME`.
      '';
    };
    prefix = mkOption {
      type = types.nullOr configName;
      default = null;
      example = "lre";
      description = ''
        The Bazel config that enables the toolchain, as in `--config=lre`. By default every build uses it.
      '';
    };
    helper = mkOption {
      type = types.nullOr types.str;
      default = ownHelper;
      defaultText = lib.literalExpression ''"''${inputs.local-remote-execution.packages.''${system}.lre}/bin/lre"'';
      description = ''
        Absolute path of the program `lre`, which checks the toolchain while Bazel fetches it. By default the one of the
        flake that this module is from, on systems that it is built for. With `null`, `MODULE.bazel` or the environment
        has to name one.
      '';
    };
    remote = {
      cache = mkRemote ''
        The remote cache, such as `grpcs://cache.example.com:50053`. Builds read it, and write into it with
        `--config=NAME-ci` alone. By default there is none.
      '';
      executor = mkRemote ''
        The service that runs actions, such as `grpcs://scheduler.example.com:50052`. By default there is none.
      '';
      instance = mkRemote "The server's instance. By default that without a name.";
      ciCache = mkRemote ''
        Another address of the cache for `--config=NAME-ci`, which takes what is written to it. By default it is `cache`.
      '';
      credentialHelper = mkRemote ''
        The program that prints headers with credentials, an absolute path or one below `%workspace%/`. Bazel asks it for
        the hosts of the addresses alone. By default there are no such headers.
      '';
      tlsCertificate = mkRemote ''
        Certificates of the authority that the server's is from, a PEM file. By default those that Bazel's Java trusts.
      '';
      tlsClientCertificate = mkRemote "The client's certificate, a PEM file. By default there is none.";
      tlsClientKey = mkRemote ''
        The key of the client's certificate, a PEM file in PKCS #8 on the machine, not in the store. By default there is
        none.
      '';
    };
    install = mkOption {
      type = types.enum [
        "link"
        "copy"
      ];
      default = "link";
      description = ''
        What `lre.bazelrc` is: by default a link into the store. A copy is for workspaces that are also used in
        containers without `/nix`.
      '';
    };
    workspaces = mkOption {
      type = types.listOf folder;
      default = [ ];
      example = [
        "."
        "services/api"
      ];
      description = ''
        The Bazel workspaces that get an `lre.bazelrc`, as folders below the flake. By default it is the one around the
        folder in which the shell starts.
      '';
    };
  };
}
