//! What to do about each class of root cause.

use super::{Cause, Sides};

impl Cause {
    /// The fix, in one line.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::Unselected(unselected) => format!(
                "run the {} build with `--config=lre` (the `--prefix` that its `lre.bazelrc` was written with); with \
                 `register = True` and no flag, name this module above `rules_cc` in `MODULE.bazel`",
                unselected.build
            ),
            Self::DigestFunction(_) => "give both builds the same `startup --digest_function`".to_owned(),
            Self::Configuration(_) => {
                "build both with the same `--compilation_mode`, `--cpu`, `--platforms` and `--define`".to_owned()
            }
            Self::StoreDrift(_) => "let both builds use the same `flake.lock` and the same commit of \
                                    `local-remote-execution`: `lre pin DIR` says which file disagrees"
                .to_owned(),
            Self::Program { name, .. } if name == "PATH" => {
                "write `lre.bazelrc` with `lre bazelrc --env-json env.json --prefix lre` and remove other `--action_env=PATH` lines; \
                 `build --incompatible_strict_action_env` keeps the caller's `PATH` out"
                    .to_owned()
            }
            Self::Program { .. } => "register the toolchain before others: `--toolchain_resolution_debug=.*` says which one \
                                     was chosen; `BAZEL_SH` in Env names the shell"
                .to_owned(),
            Self::Variable { name, values: Sides { first: None, .. } } => {
                format!("remove `--action_env={name}` from the second build, or give it to both")
            }
            Self::Variable { name, values: Sides { first: Some(value), .. } } => {
                format!("give both builds the same value: `build --action_env={name}={value}`, never `--action_env={name}` \
                         alone, which takes the client's")
            }
            Self::Property { .. } => "set `exec_properties` on the platform alone, and let both builds use that platform; a target's \
                                      own make another key, and so does `--remote_default_exec_properties` where the platform \
                                      has none"
                .to_owned(),
            Self::Argument(_) => "give both builds the same flags: compare what `bazel build --announce_rc` prints".to_owned(),
            Self::Input { values: Sides { first: Some(_), second: Some(_) }, producer: None, .. } => {
                "nothing, if the file was edited; otherwise bring both workspaces to the same commit, and look for \
                 generated files and line endings"
                    .to_owned()
            }
            Self::Input { .. } => "bring both workspaces to the same commit; where a `glob` picks the file up, exclude it".to_owned(),
            Self::NotDeterministic { .. } => "make the action write the same bytes each time: no time, no random name, no \
                                              absolute path, no order of a hash table"
                .to_owned(),
            Self::Unrecorded => "compare timeouts, `--remote_default_exec_properties` and `--experimental_remote_scrubbing_config` \
                                 of the builds"
                .to_owned(),
            Self::OnlyInSecond => "build the same targets with the same flags".to_owned(),
            Self::NotCacheable { remote_only: false } => {
                "remove the tag `no-cache`, `local` or `external`, if the action can be repeated".to_owned()
            }
            Self::NotCacheable { remote_only: true } => {
                "remove the tag `no-remote-cache` or `no-remote`, if the outputs may leave the machine".to_owned()
            }
            Self::Failed { .. } => "mend the action first".to_owned(),
            Self::NoCache => "build with `--remote_cache=grpc://…` or `--disk_cache=DIR`".to_owned(),
            Self::NotStored => "let the first build upload (`--remote_upload_local_results`) to the same cache and \
                                `--remote_instance_name`, and the second accept (`--remote_accept_cached`); see whether \
                                the cache evicts"
                .to_owned(),
            Self::Ran { .. } => "compare with the log of the build that should have filled the cache: `lre explain A B`".to_owned(),
        }
    }
}
