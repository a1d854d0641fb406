# The text of `lre.bazelrc`, byte for byte what `lre bazelrc` prints (`helper/src/bazelrc.rs`); a test runs both.
#
# Returns { text; } or, for a value that the rc file cannot carry, { problem; hint; }. Builtins only: it is evaluated
# without nixpkgs too. The text has the context of Env, so whatever holds it keeps the toolchain.
{
  # [ "KEY=VALUE" ]; null writes a warning instead of paths.
  Env ? null,
  # What the toolchain compiles, "cc" or "java"; null leaves it to Env, which has `CC` or `JAVA_HOME`.
  kind ? null,
  # The Bazel config that enables the toolchain; null enables it in every build.
  prefix ? null,
  # Absolute path of `lre`, for the check at fetch; null names none.
  helper ? null,
  # Cache and executor, see `remote.nix`; nothing in it names none.
  remote ? { },
}:
let
  parseStorePath = import ./store-path.nix;
  environment = import ./environment.nix (if Env == null then [ ] else Env);
  isPlain = import ./is-plain.nix;
  PATH = environment.get "PATH";
  BAZEL_SH = environment.get "BAZEL_SH";
  JAVA_HOME = environment.get "JAVA_HOME";
  isJava = if kind == null then JAVA_HOME != null else kind == "java";
  generated = "@local-remote-execution//generated-${if isJava then "java" else "cc"}/config";
  hasPath = PATH != null && PATH != "";
  folders =
    if hasPath then
      builtins.filter builtins.isString (builtins.split ":" (builtins.unsafeDiscardStringContext PATH))
    else
      [ ];
  strayFolders = builtins.filter (problem: problem != null) (
    map (folder: (parseStorePath folder).problem) folders
  );

  isBash =
    folder:
    let
      parsed = parseStorePath folder;
    in
    parsed.problem == null && builtins.match "bash|bash-(interactive-)?[0-9].*" parsed.rootName != null;
  bashFolders = builtins.filter isBash folders;
  shell =
    if BAZEL_SH != null then
      (parseStorePath BAZEL_SH).normal
    else if bashFolders != [ ] then
      "${builtins.head bashFolders}/bash"
    else
      null;

  suffix = if prefix == null then "" else ":${prefix}";
  flag = command: option: "${command}${suffix} ${option}\n";
  flags = command: options: builtins.concatStringsSep "" (map (flag command) options);
  reason = text: "\n# ${text}\n";
  when = condition: text: if condition then text else "";

  cacheAndExecutor = import ./remote.nix { inherit prefix remote; };

  unquotable = key: {
    problem = "`${key}` in Env cannot be written into an rc file: it has white space, quotes, `\\`, `#` or `%`";
    hint = "take `${key}` from a Nix package; a store root's own name has none of these";
  };

  text =
    ''
      # These flags are generated, by `lre bazelrc` or by the flake module. Do not edit them.
      #
      # Add `try-import %workspace%/lre.bazelrc` to your .bazelrc to
      # include these flags.

      # This is the toolchain's Env. If you get cache misses between local and
      # remote execution, compare it with the `lre.json` of the toolchain that
      # your `MODULE.bazel` names, as `lre check` does.
      #
    ''
    + (
      if Env == null then
        "# WARNING: No environment set. LRE will not work locally.\n"
      else
        builtins.concatStringsSep "" (map (entry: "# ${entry}\n") Env)
    )
    + "\n# Bazel-side configuration for LRE.\n"
    + when (!isJava) (
      flags "build" [
        "--action_env=BAZEL_DO_NOT_DETECT_CPP_TOOLCHAIN=1"
        "--define=EXECUTOR=remote"
      ]
    )
    + flags "build" [
      "--extra_execution_platforms=${generated}:platform"
      "--extra_toolchains=${generated}:${if isJava then "all" else "cc-toolchain"}"
    ]
    + reason ''
      What is built is for the toolchain's platform, whatever the client's is. A client of another system also needs
      # `--cpu=k8 --host_cpu=k8`, after which output folders are named; real macOS clients were not tried.''
    + flag "build" "--platforms=${generated}:platform"
    + when (!isJava) (
      reason "Since Bazel 9, `--action_env` no longer reaches the host's C++ detection."
      + flag "common" "--repo_env=BAZEL_DO_NOT_DETECT_CPP_TOOLCHAIN=1"
    )
    + when hasPath (
      reason "Up to Bazel 8, `--action_env=PATH` below reaches repository rules too; they keep the PATH of Bazel's server."
      + flag "common" "--repo_env=PATH"
    )
    + when (helper != null) (
      reason "The program that checks the toolchain while its repository is fetched."
      + flag "common" "--repo_env=LRE_HELPER=${helper}"
    )
    + when (Env != null) (
      reason "The PATH of the client is not part of any action. On by default since Bazel 9."
      + flag "build" "--incompatible_strict_action_env"
      + when hasPath (
        reason "Actions, build tools and tests find the programs of the toolchain's Env, here and on the worker."
        + flags "build" [
          "--action_env=PATH=${PATH}"
          "--host_action_env=PATH=${PATH}"
          "--test_env=PATH=${PATH}"
        ]
      )
      + reason "A test's XML is part of the test. By itself it is an action whose command line has the test's seconds."
      + flag "test" "--noexperimental_split_xml_generation"
      + (
        if shell == null then
          reason ''
            WARNING: Env names no bash, so genrules run in Bazel's default shell, which may differ between machines.
            # Add `''${pkgs.bash}/bin` to PATH in Env, or `BAZEL_SH=''${pkgs.bash}/bin/bash` to Env.''
        else
          reason "Genrules run in the toolchain's bash, here and on the worker."
          + flag "build" "--shell_executable=${shell}"
      )
    )
    + builtins.concatStringsSep "" (
      map (
        section: reason section.reason + builtins.concatStringsSep "" (map (line: "${line}\n") section.flags)
      ) cacheAndExecutor.sections
    );
in
if environment.problem != null then
  {
    inherit (environment) problem;
    hint = "write `Env` as a list of `KEY=VALUE` strings, such as `lre-cc.meta.Env`";
  }
else if kind != null && kind != "cc" && kind != "java" then
  {
    problem = "`${kind}` is no kind of toolchain";
    hint = "use `kind = \"cc\"` or `kind = \"java\"`, or leave it out";
  }
else if kind == null && JAVA_HOME != null && environment.get "CC" != null then
  {
    problem = "Env has both `CC` and `JAVA_HOME`, so it could describe either toolchain";
    hint = "say which with `kind = \"cc\"` or `kind = \"java\"`";
  }
else if prefix != null && !(import ./is-config-name.nix prefix) then
  {
    problem = "`${prefix}` is no Bazel config name: expected letters, digits, `_`, `.`, `+` and `-`";
    hint = "use `prefix = \"lre\"`, or leave it out to enable the toolchain in every build";
  }
else if helper != null && !(isPlain helper && builtins.substring 0 1 helper == "/") then
  {
    problem = "`${helper}` is no usable path of the helper: it must be absolute, without white space, quotes, `\\`, `#` and `%`";
    hint = "name the program of a package, such as `\${inputs.local-remote-execution.packages.\${system}.lre}/bin/lre`";
  }
else if hasPath && !isPlain PATH then
  unquotable "PATH"
else if strayFolders != [ ] then
  {
    problem = "`PATH` in Env: ${builtins.head strayFolders}";
    hint = "every path of the toolchain must be a store path; take `PATH` from a Nix package";
  }
else if BAZEL_SH != null && !isPlain BAZEL_SH then
  unquotable "BAZEL_SH"
else if BAZEL_SH != null && (parseStorePath BAZEL_SH).problem != null then
  {
    problem = "`BAZEL_SH` in Env: ${(parseStorePath BAZEL_SH).problem}";
    hint = "set it to a bash in the store, such as `BAZEL_SH=\${pkgs.bash}/bin/bash`";
  }
else if cacheAndExecutor ? problem then
  cacheAndExecutor
else
  { inherit text; }
