# Unit tests, in nix-unit's format: { testX = { expr; expected; }; }. The text of `lre.bazelrc` itself is compared with
# what `lre bazelrc` prints, in `xtask/src/test/nix/bazelrc.rs`.
let
  root = "/nix/store/7k0f7kbjv4q3z2v6q1pxmcq4x6d4j5a9-toolchain-1";
  parse = import ../store-path.nix;
  environment = import ../environment.nix;
  bazelrc = import ../bazelrc.nix;
  mkToolchain = import ../mk-toolchain.nix;
  installationScript = import ../installation-script.nix;
  pkgs = import ./stub/pkgs.nix "x86_64-linux";
  packages = import ../packages.nix {
    inherit pkgs;
    flake = "path:${toString ../..}";
  };
  consumer = import ./consumer.nix { };
  Env = [
    "PATH=${root}/bin"
    "CC=${root}/bin/clang"
  ];
  fails = value: !(builtins.tryEval (builtins.deepSeq value true)).success;
  lines = text: builtins.filter builtins.isString (builtins.split "\n" text);
  settings = values: consumer { settings = values; };
  scriptOf = values: (settings values).installationScript;
  flake = (import ../../flake.nix).outputs {
    self = {
      outPath = toString ../..;
      packages = flake.packages;
    };
    nixpkgs.legacyPackages = {
      x86_64-linux = pkgs;
      aarch64-linux = import ./stub/pkgs.nix "aarch64-linux";
    };
  };
in
{
  testStorePathIsNormalised = {
    expr = parse "${root}/lib//gcc/./16/../../include/";
    expected = {
      problem = null;
      rootName = "toolchain-1";
      normal = "${root}/lib/include";
    };
  };
  testStorePathMayNotLeaveItsRoot = {
    expr = (parse "${root}/lib/../../other").problem;
    expected = "`${root}/lib/../../other` leaves its store root through `..`";
  };
  testNamesFollowTheRulesOfNix = {
    expr =
      map (name: (parse "/nix/store/7k0f7kbjv4q3z2v6q1pxmcq4x6d4j5a9-${name}").problem == null)
        [ "a" ".foo" "x+y_z?=1-2" "..a" "" "." ".." ".-x" "..-x" "a b" "a~b" ];
    expected = [ true true true true false false false false false false false ];
  };
  testNamesHaveAtMost211Characters = {
    expr =
      let
        name = length: builtins.concatStringsSep "" (builtins.genList (_: "a") length);
        isPath = length: (parse "/nix/store/7k0f7kbjv4q3z2v6q1pxmcq4x6d4j5a9-${name length}").problem == null;
      in
      map isPath [ 211 212 ];
    expected = [ true false ];
  };

  testEnvIsTakenApartAtTheFirstEqualsSign = {
    expr = (environment [ "A=1=2" "B=" ]).get "A";
    expected = "1=2";
  };
  testFirstBadEntryIsNamed = {
    expr = map (list: (environment list).problem) [
      [ "A=1" ]
      [ "A=1" "B" ]
      [ "=x" ]
      [ "A=1" "A=2" ]
      [ "A=1\rbuild" "A=1\nbuild" ]
    ];
    expected = [
      null
      "entry 2 is `B`, which has no `=`"
      "entry 1 is `=x`, which has an empty key"
      "`A` is set twice"
      "entry 1 (`A`) contains a carriage return"
    ];
  };

  testToolchainOfAnyDerivationHasEnv = {
    expr =
      let
        toolchain = mkToolchain {
          derivation = pkgs.bash;
          cc = "${root}/bin/clang";
          shell = "${pkgs.bash}/bin/bash";
          variables.JAVA_HOME = root;
        };
      in
      {
        isTheDerivation = toolchain.drvPath == pkgs.bash.drvPath;
        inherit (toolchain.meta) Env;
      };
    expected = {
      isTheDerivation = true;
      Env = [
        "PATH=${pkgs.bash}/bin"
        "CC=${root}/bin/clang"
        "BAZEL_SH=${pkgs.bash}/bin/bash"
        "JAVA_HOME=${root}"
      ];
    };
  };
  testToolchainOutsideTheStoreIsRefused = {
    expr = map (parts: fails (mkToolchain ({ derivation = { }; path = [ root ]; } // parts)).meta.Env) [
      { }
      { path = [ "/usr" ]; }
      { cc = "/usr/bin/cc"; }
      { shell = "/bin/sh"; }
    ];
    expected = [
      false
      true
      true
      true
    ];
  };
  testEnvKeepsItsContext = {
    expr =
      let
        text = bazelrc { Env = packages.lre-cc.meta.Env; };
      in
      builtins.attrNames (builtins.getContext text)
      == builtins.attrNames (builtins.getContext (toString packages.lre-cc.meta.Env));
    expected = true;
  };
  testCompilerIsAParameter = {
    expr =
      let
        cc = toolchain: builtins.elemAt toolchain.meta.Env 1;
        gcc = packages.lre-cc.override { compiler = pkgs.gcc; };
      in
      [
        (cc packages.lre-cc == "CC=${pkgs.wrapCCWith { }}/bin/clang")
        (cc gcc == "CC=${pkgs.gcc}/bin/gcc")
      ];
    expected = [ true true ];
  };
  testExtraToolsComeLast = {
    expr =
      let
        path = toolchain: builtins.head toolchain.meta.Env;
        more = packages.lre-cc.override { extraTools = [ pkgs.zip ]; };
      in
      path more == "${path packages.lre-cc}:${pkgs.zip}/bin";
    expected = true;
  };
  testJavaHomeIsThatOfTheJdk = {
    expr = builtins.elem "JAVA_HOME=${pkgs.jdk_headless.home}" packages.lre-java.meta.Env;
    expected = true;
  };
  testWorkersAreWrappedImages =
    let
      createWorker = flake.lib.createWorker {
        inherit pkgs;
        worker = "${pkgs.bash}/bin/bash";
      };
      worker = createWorker (pkgs.gcc // { imageName = "lre-cc"; });
    in
    {
      expr = [
        worker.name
        ("${worker.image}" == "${pkgs.gcc}")
        (worker.worker == "${pkgs.bash}/bin/bash")
        worker.imageName
        ("${worker.closure}" == "${pkgs.closureInfo { rootPaths = [ worker.worker ]; }}")
      ];
      expected = [
        "nativelink-worker-lre-cc"
        true
        true
        ""
        true
      ];
    };

  testClusterBringsThePrograms = {
    expr =
      let
        inherit (packages.cluster) text;
      in
      map (package: builtins.replaceStrings [ "${package}/bin:" ] [ "" ] text != text) [
        pkgs.coreutils
        pkgs.kind
        pkgs.kubectl
      ];
    expected = [
      true
      true
      true
    ];
  };

  testModuleWritesTheTextOfTheFunction = {
    expr = (settings { inherit Env; prefix = "lre"; helper = "${root}/bin/lre"; }).bazelrc.text;
    expected = bazelrc { inherit Env; prefix = "lre"; helper = "${root}/bin/lre"; };
  };
  testModulePassesCacheAndExecutorOn =
    let
      remote = {
        cache = "grpcs://cache.example.com:50053";
        executor = "grpcs://scheduler.example.com:50052";
        instance = "main";
        ciCache = "grpcs://cache.example.com:50051";
        credentialHelper = "%workspace%/tools/credentials";
        tlsCertificate = "/etc/lre/ca.pem";
        tlsClientCertificate = "/etc/lre/client.pem";
        tlsClientKey = "/etc/lre/client.key";
      };
    in
    {
      expr = (settings { inherit Env remote; helper = null; }).bazelrc.text;
      expected = bazelrc { inherit Env remote; };
    };
  testSecretInAnAddressIsRefused = {
    expr = map (remote: fails (settings { inherit Env remote; helper = null; }).bazelrc.text) [
      { cache = "grpcs://cache.example.com"; }
      { cache = "grpcs://user:secret@cache.example.com"; }
      { remoteHeader = "Authorization=secret"; }
    ];
    expected = [
      false
      true
      true
    ];
  };
  testModuleWritesTheTextOfAJavaToolchain =
    let
      java = [ "JAVA_HOME=${root}/lib/openjdk" ];
      both = Env ++ java;
    in
    {
      expr = map (values: (settings (values // { helper = null; })).bazelrc.text) [
        { Env = java; }
        {
          Env = both;
          kind = "java";
        }
      ];
      expected = [
        (bazelrc { Env = java; })
        (bazelrc {
          Env = both;
          kind = "java";
        })
      ];
    };
  testUnknownKindIsRefused = {
    expr = map fails [
      (bazelrc { inherit Env; kind = "Java"; })
      (settings { inherit Env; kind = "Java"; }).bazelrc.text
      (bazelrc { Env = Env ++ [ "JAVA_HOME=${root}" ]; })
      (mkToolchain {
        derivation.outPath = root;
        variables = {
          CC = "${root}/bin/clang";
          JAVA_HOME = root;
        };
      }).meta.Env
    ];
    expected = [
      true
      true
      true
      true
    ];
  };
  testWithoutEnvThereIsAWarning = {
    expr = (settings { helper = null; }).bazelrc.text;
    expected = bazelrc { };
  };
  testHelperIsTheFlakesOwn = {
    expr = builtins.elem "common --repo_env=LRE_HELPER=${packages.lre}/bin/lre" (lines (settings { }).bazelrc.text);
    expected = true;
  };
  testHelperIsFoundUnderAnyInputName = {
    expr =
      let
        renamed = import ./consumer.nix {
          inputs = {
            local-remote-execution.outPath = "/nix/store/other";
            toolchains = {
              outPath = toString ../..;
              packages.x86_64-linux = packages;
            };
          };
        };
      in
      (renamed { }).bazelrc.text == (consumer { }).bazelrc.text;
    expected = true;
  };
  testHelperIsFoundThroughARelativeInput = {
    expr =
      let
        relative = import ./consumer.nix {
          inputs.local-remote-execution = {
            outPath = toString ../.. + "/examples/flake-consumer/../..";
            packages.x86_64-linux = packages;
          };
        };
      in
      (relative { }).bazelrc.text == (consumer { }).bazelrc.text;
    expected = true;
  };
  testSystemWithoutLreHasNoHelper = {
    expr =
      let
        elsewhere = import ./consumer.nix {
          inputs.local-remote-execution = {
            outPath = toString ../..;
            packages = { };
          };
        };
      in
      (elsewhere { }).bazelrc.text;
    expected = bazelrc { };
  };
  testUnknownFlakeHasNoHelper = {
    expr =
      let
        elsewhere = import ./consumer.nix { inputs.local-remote-execution.outPath = "/nix/store/other"; };
      in
      [
        (fails (elsewhere { }).bazelrc.text)
        (elsewhere { settings.helper = null; }).bazelrc.text
      ];
    expected = [
      true
      (bazelrc { })
    ];
  };
  testModuleAndLibAgree = {
    expr =
      (flake.lib.mkInstallation { inherit pkgs Env; prefix = "lre"; }).installationScript
      == scriptOf { inherit Env; prefix = "lre"; };
    expected = true;
  };
  testModuleMayBeImportedTwice = {
    expr =
      let
        twice = import ./consumer.nix { modules = [ ../flake-module.nix ../flake-module.nix ]; };
      in
      (twice { }).installationScript == (consumer { }).installationScript;
    expected = true;
  };
  testScriptNamesWhatIsInstalled = {
    expr =
      let
        ending =
          text: suffix:
          let
            length = builtins.stringLength suffix;
          in
          builtins.substring (builtins.stringLength text - length) length text == suffix;
        copied = settings { install = "copy"; workspaces = [ "." "it's" ]; };
      in
      ending copied.installationScript " 'lre' 'copy' '${copied.bazelrc}' '.' 'it'\\''s' || :\n";
    expected = true;
  };

  testBadPrefixIsRefused = {
    expr = map (prefix: fails (scriptOf { inherit prefix; })) [ "" "a b" "a:b" "a\nbuild" "é" "-x" ];
    expected = [ true true true true true true ];
  };
  testUnknownSettingIsRefused = {
    expr = fails (scriptOf { prefx = "lre"; });
    expected = true;
  };
  testFoldersOutsideTheFlakeAreRefused = {
    expr = map (folder: fails (scriptOf { workspaces = [ folder ]; })) [ "/a" "" ".." "a/../../b" "a..b" "a/.b" ];
    expected = [ true true true true false false ];
  };

  # The bugs of the script that users had before; those of the running script are tested in `xtask/src/test/nix`.
  testBug1OptionDocsAreStrings = {
    expr =
      let
        module = import ../settings.nix {
          lib = import ./stub/lib.nix;
          ownHelper = null;
        };
        optionsOf =
          options:
          builtins.concatMap (
            option: if (option._type or null) == "option" then [ option ] else optionsOf option
          ) (builtins.attrValues options);
      in
      builtins.all (option: builtins.isString option.description) (optionsOf module.options);
    expected = true;
  };
  testBug2ImportLineIsNotEscaped = {
    expr = builtins.elemAt (lines (bazelrc { })) 2;
    expected = "# Add `try-import %workspace%/lre.bazelrc` to your .bazelrc to";
  };
  testBug7LineBreakInEnvIsRefused = {
    expr = map (entry: fails (scriptOf { Env = [ entry ]; })) [
      "A=1\nbuild --remote_cache=grpc://elsewhere"
      "A=1\rbuild"
      "A"
    ];
    expected = [ true true true ];
  };
  testBug9EnableCounts = {
    expr = (consumer { enable = false; }).installationScript;
    expected = "";
  };
  testBug9ScriptCannotBeSet = {
    expr = map fails [
      (consumer { installationScript = "true"; }).installationScript
      (consumer { bazelrc = pkgs.bash; }).bazelrc
    ];
    expected = [ true true ];
  };

  testFlakeHasItsOutputs = {
    expr = {
      all = builtins.attrNames flake;
      packages = builtins.attrNames flake.packages.x86_64-linux;
      lib = builtins.attrNames flake.lib;
      isPath = builtins.isPath flake.flakeModule && flake.flakeModules.default == flake.flakeModule;
    };
    expected = {
      all = [
        "checks"
        "devShells"
        "flakeModule"
        "flakeModules"
        "formatter"
        "lib"
        "overlays"
        "packages"
        "templates"
      ];
      packages = [ "cluster" "generate-toolchains" "lre" "lre-cc" "lre-java" ];
      lib = [
        "bazelrc"
        "createWorker"
        "installationScript"
        "mkGenerateToolchains"
        "mkInstallation"
        "mkToolchain"
      ];
      isPath = true;
    };
  };
  testGeneratorNamesTheFlakeAndTheFolders = {
    expr =
      let
        text = lines packages.generate-toolchains.text;
        count = builtins.length text;
      in
      builtins.genList (index: builtins.elemAt text (count - 3 + index)) 2;
    expected = [
      "\"$lre\" regen --kind cc --name 'cc' --flake 'path:${toString ../..}#lre-cc' --out 'generated-cc'"
      "\"$lre\" regen --kind java --name 'java' --flake 'path:${toString ../..}#lre-java' --out 'generated-java'"
    ];
  };
  testOverlayHasThePackages = {
    expr =
      builtins.mapAttrs (_: package: package.drvPath) (flake.overlays.default pkgs { })
      == builtins.mapAttrs (_: package: package.drvPath) packages;
    expected = true;
  };
}
