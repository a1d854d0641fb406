//! The kinds of findings, their codes and their words.

use serde::Serialize;

/// Declares the kinds: each with its doc, code, title, and the words under what is underlined.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $code:literal, $title:literal, $label:literal;)*) => {
        /// What kind of finding it is. The JSON spelling is stable: programs select by it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// Every kind, in the order of the codes.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The code under which `docs/findings.md` explains it. A code never changes its meaning.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$kind => $code,)*
                }
            }

            /// What is wrong, without a subject.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self {
                    $(Self::$kind => $title,)*
                }
            }

            /// What is said under the place that a finding underlines.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self {
                    $(Self::$kind => $label,)*
                }
            }
        }
    };
}

kinds! {
    /// A store root is not on this machine.
    MissingStoreRoot = "LRE001", "store root is missing", "not on this machine";
    /// A store root is on disk, and Nix's database does not know it.
    UnregisteredStoreRoot = "LRE002", "store root is on disk and not valid in Nix's database", "not valid for Nix";
    /// Nix's database has a store root that is not on disk.
    DeletedStoreRoot = "LRE003", "store root is valid in Nix's database and not on disk", "not on disk";
    /// A tool is absent inside a present store root.
    MissingTool = "LRE004", "tool is absent", "absent";
    /// A tool is there but cannot be executed.
    ToolNotExecutable = "LRE005", "tool cannot be executed", "cannot be executed";
    /// A generated file differs from what the manifest recorded.
    ChangedFile = "LRE006", "generated file differs from the manifest", "not as generated";
    /// A generated file is absent.
    MissingFile = "LRE007", "generated file is absent", "absent";
    /// A BUILD file is there that the manifest does not list.
    UnlistedFile = "LRE008", "file replaces a generated one, or is not in the manifest", "not in the manifest";
    /// A BUILD file or Env names a store root that the manifest does not list.
    UnknownStoreRoot = "LRE009", "store root is not in the manifest", "not in the manifest";
    /// A BUILD file mentions the store, but no well-formed store path.
    MalformedStorePath = "LRE010", "text is no well-formed store path", "no store path";
    /// Nix's database has another NAR hash for a store root than the manifest.
    NarHashMismatch = "LRE011", "Nix's database has another NAR hash than the manifest", "another build of this path";
    /// The manifest has no NAR hash for a store root.
    NarHashNotRecorded = "LRE012", "manifest has no NAR hash", "no NAR hash is recorded";
    /// The bytes of a store root are not those that were recorded.
    ContentsMismatch = "LRE013", "bytes of a store root are not the recorded ones", "changed on disk";
    /// A store root cannot be hashed.
    UnreadableStoreRoot = "LRE014", "store root cannot be hashed", "cannot be hashed";
    /// A BUILD file is not Starlark.
    SyntaxError = "LRE015", "file is not Starlark", "here";
    /// A file is there but cannot be read as text.
    UnreadableFile = "LRE016", "file cannot be read", "cannot be read";
    /// The manifest lists a store root that neither a BUILD file nor Env names.
    UnusedStoreRoot = "LRE017", "store root is named by neither BUILD file nor Env", "named nowhere else";
    /// A BUILD file names an absolute path outside the store.
    OutsideStore = "LRE018", "absolute path lies outside the store", "differs between machines";
    /// A tool is a text that names no program, such as `None`.
    PlaceholderTool = "LRE019", "tool is a placeholder", "no program";
    /// The toolchain's programs do not run on this machine.
    WrongSystem = "LRE020", "toolchain runs on another system", "not this machine's system";
    /// The manifest is of a newer schema than this helper reads.
    NewerSchema = "LRE021", "manifest has a newer schema", "newer than this `lre`";
    /// An action ran a compiler that is not in the manifest: on our platform, or because nothing selected it.
    ForeignCompiler = "LRE022", "action ran a compiler that is not in the manifest", "the toolchain's platform";
    /// A flake input is locked at another revision than the manifest was made from.
    InputPinMismatch = "LRE023", "flake input is not the one that the manifest was made from", "the lock";
    /// Bazel takes this module from another commit than the flake.
    OverridePinMismatch = "LRE024", "Bazel and the flake take this module from different commits", "the module";
    /// `lre.bazelrc` carries another Env than the manifest.
    EnvironmentMismatch = "LRE025", "`lre.bazelrc` has another Env than the manifest", "not the manifest's";
    /// `config/BUILD` asks for another worker than the manifest.
    ImageMismatch = "LRE026", "`config/BUILD` asks for another worker than the manifest", "not the manifest's";
    /// A file that pins something cannot be read.
    UnreadablePin = "LRE027", "file that pins something cannot be read", "here";
    /// A JDK says that it is of another version than the manifest records.
    JavaVersionMismatch = "LRE028", "JDK is of another version than the manifest", "another version";
    /// An image's Env is not the manifest's.
    ImageEnvironment = "LRE029", "image has another Env than the manifest", "the manifest's";
    /// An image lacks a store root, or has other bytes of it.
    ImageStoreRoot = "LRE030", "image has not the bytes of a store root", "the manifest's";
    /// An image is not the one that workers are asked for.
    ImageName = "LRE031", "image is not the one that is asked of workers", "another image";
}

impl Kind {
    /// Whether something could not be checked because of it.
    #[must_use]
    pub fn hides_findings(self) -> bool {
        matches!(
            self,
            Self::SyntaxError
                | Self::UnreadableFile
                | Self::UnreadableStoreRoot
                | Self::NewerSchema
                | Self::UnreadablePin
        )
    }
}
