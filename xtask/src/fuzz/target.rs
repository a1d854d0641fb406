//! The fuzz targets, and which files of this repository are seeds beside their own.

/// A target.
pub(crate) struct Target {
    /// Of the file below `fuzz/fuzz_targets`, of its program, and of the folder with its seeds.
    pub(crate) name: &'static str,
    /// Files of this repository, none of which has to be written for it.
    pub(crate) more_seeds: &'static [&'static str],
}

/// All targets.
pub(crate) const TARGETS: [Target; 9] = [
    Target { name: "bazelrc", more_seeds: &[".bazelrc", "examples/features/.bazelrc"] },
    Target {
        name: "build_file",
        more_seeds: &[
            "MODULE.bazel",
            "extensions/private/leaf_repository.bzl",
            "generated-cc/cc/BUILD",
            "generated-java/config/BUILD",
            "toolchain/config.bzl",
        ],
    },
    Target { name: "execution_log", more_seeds: &["helper/tests/execution_logs/base.json"] },
    Target { name: "flake_lock", more_seeds: &["flake.lock", "examples/flake-consumer/flake.lock"] },
    Target { name: "image", more_seeds: &[] },
    Target { name: "layer", more_seeds: &[] },
    Target { name: "manifest", more_seeds: &["generated-cc/lre.json", "generated-java/lre.json"] },
    Target { name: "nar", more_seeds: &[] },
    Target { name: "store_path", more_seeds: &[] },
];

/// For the command line.
pub(super) fn names() -> Vec<&'static str> {
    TARGETS.iter().map(|target| target.name).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::TARGETS;
    use crate::sandbox::workspace;

    fn names_in(folder: &str) -> Vec<String> {
        let entries = fs::read_dir(workspace().join(folder)).expect("a folder of this repository");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().display().to_string()).collect();
        names.sort();
        names
    }

    #[test]
    fn every_target_is_run_and_has_seeds() {
        let names = TARGETS.map(|target| target.name);
        assert_eq!(names_in("fuzz/seeds"), names);
        assert_eq!(names_in("fuzz/fuzz_targets"), names.map(|name| format!("{name}.rs")));
        for file in TARGETS.iter().flat_map(|target| target.more_seeds) {
            assert!(workspace().join(file).is_file(), "{file}");
        }
    }
}
