//! A registry of empty modules: Debian's Bazel resolves what `bazel_tools` names, and what it never uses, without a network.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Modules that are named in a dependency graph but whose targets no build here uses.
const STUBS: [(&str, &[&str]); 7] = [
    ("apple_support", &["1.23.1"]),
    ("buildozer", &["7.1.2"]),
    ("google_benchmark", &["1.8.4", "1.8.5"]),
    ("googletest", &["1.14.0", "1.15.2"]),
    ("protobuf", &["3.19.6", "21.7"]),
    ("rules_pkg", &["0.7.0"]),
    ("zlib", &["1.3.1.bcr.3"]),
];

/// Writes the registry to `directory`. `buildozer` is the program as seen by Bazel.
pub(crate) fn write_registry(directory: &Path, buildozer: &str) -> Result<()> {
    write(&directory.join("bazel_registry.json"), "{\"module_base_path\": \"src\"}\n")?;
    for (name, versions) in STUBS {
        for version in versions {
            let entry = directory.join("modules").join(name).join(version);
            write(&entry.join("MODULE.bazel"), &format!("module(name = \"{name}\", version = \"{version}\")\n"))?;
            let source = format!("{name}-{version}");
            write(&entry.join("source.json"), &format!("{{\"type\": \"local_path\", \"path\": \"{source}\"}}\n"))?;
            let module = directory.join("src").join(source);
            write(&module.join("MODULE.bazel"), &format!("module(name = \"{name}\", version = \"{version}\")\n"))?;
            write(&module.join("BUILD"), if name == "zlib" { ZLIB } else { "" })?;
            if name == "buildozer" {
                write(&module.join("buildozer_binary.bzl"), &BUILDOZER.replace("@BUILDOZER@", buildozer))?;
            }
        }
    }
    Ok(())
}

fn write(file: &Path, text: &str) -> Result<()> {
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent).with_context(|| format!("cannot create `{}`", parent.display()))?;
    }
    fs::write(file, text).with_context(|| format!("cannot write `{}`", file.display()))
}

/// A build with a profile names `bazel_tools`' zip program, which uses zlib, and runs it only on profiles that are archives.
const ZLIB: &str = "cc_library(\n    name = \"zlib\",\n    visibility = [\"//visibility:public\"],\n)\n";

/// `bazel mod tidy` asks this extension for buildozer; npm's package ships the same binary.
const BUILDOZER: &str = r#""""Gives `bazel mod tidy` the buildozer that npm's package ships."""

def _buildozer_repository_impl(rctx):
    rctx.symlink("@BUILDOZER@", "buildozer.exe")
    rctx.file("BUILD.bazel", "exports_files(['buildozer.exe'])")

_buildozer_repository = repository_rule(_buildozer_repository_impl)

def _buildozer_binary_impl(mctx):
    _buildozer_repository(name = "buildozer_binary")
    return mctx.extension_metadata(reproducible = True)

buildozer_binary = module_extension(
    _buildozer_binary_impl,
    tag_classes = {"buildozer": tag_class(attrs = {"sha256": attr.string_dict(), "version": attr.string()})},
)
"#;
