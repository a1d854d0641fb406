//! The classes of root causes.

use crate::store::StoreRoot;

/// A value in the first build and in the second; `None` where it is absent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sides<T> {
    /// In the first build.
    pub first: Option<T>,
    /// In the second build.
    pub second: Option<T>,
}

impl<T> Sides<T> {
    /// Of two values that are there.
    #[must_use]
    pub fn both(first: T, second: T) -> Self {
        Self { first: Some(first), second: Some(second) }
    }
}

/// One of the builds that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Build {
    /// The one that filled the cache.
    First,
    /// The one that should have hit.
    Second,
}

/// A toolchain that one of the builds did not select.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Unselected {
    /// That build.
    pub build: Build,
    /// How many actions of each language it has, such as `4 C++`. None of them has what all of the other build's have.
    pub actions: Vec<(usize, &'static str)>,
    /// The platform property that they lack.
    pub property: &'static str,
    /// What an action of the other build has there.
    pub value: String,
}

/// Why an action was not a hit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// One build did not select the toolchain of the other: whatever else differs in its actions follows from that.
    Unselected(Unselected),
    /// The builds hash with different functions: no key can be equal.
    DigestFunction(Sides<String>),
    /// The same target in another configuration, such as `k8-fastbuild` and `k8-opt`.
    Configuration(Sides<String>),
    /// The same mention of the store names another root.
    StoreDrift(Sides<StoreRoot>),
    /// `PATH`, or the program that is run, leads out of the store.
    Program {
        /// `PATH`, or `argv[0]`.
        name: String,
        /// Its values.
        values: Sides<String>,
    },
    /// Another environment variable.
    Variable {
        /// Its name.
        name: String,
        /// Its values.
        values: Sides<String>,
    },
    /// What is asked of a worker.
    Property {
        /// Such as `container-image`.
        name: String,
        /// Its values.
        values: Sides<String>,
    },
    /// Words of the command line.
    Argument(Sides<String>),
    /// A file that no action of the builds made, or one that only one build reads.
    Input {
        /// The path.
        path: String,
        /// Digests.
        values: Sides<String>,
        /// The action that made it, if one did.
        producer: Option<String>,
    },
    /// Equal keys, different outputs.
    NotDeterministic {
        /// The outputs that differ.
        outputs: Vec<String>,
    },
    /// The keys differ, and nothing in the logs does.
    Unrecorded,
    /// The first build has no such action.
    OnlyInSecond,
    /// The action allows no cache, or no remote one.
    NotCacheable {
        /// Whether only a remote cache is not allowed.
        remote_only: bool,
    },
    /// It failed; nothing caches that.
    Failed {
        /// How.
        how: String,
    },
    /// No cache was in use.
    NoCache,
    /// The key is that of the first build, and the cache had no result for it.
    NotStored,
    /// No log says what it should have been.
    Ran {
        /// Such as `linux-sandbox`.
        runner: String,
    },
}

impl Cause {
    /// About how many bytes of memory its texts take.
    pub(super) fn bytes(&self) -> usize {
        let sides =
            |values: &Sides<String>| values.first.iter().chain(&values.second).map(String::capacity).sum::<usize>();
        match self {
            Self::DigestFunction(values) | Self::Configuration(values) | Self::Argument(values) => sides(values),
            Self::Program { name, values } | Self::Variable { name, values } | Self::Property { name, values } => {
                name.capacity() + sides(values)
            }
            Self::Input { path, values, producer } => {
                path.capacity() + sides(values) + producer.as_ref().map_or(0, String::capacity)
            }
            Self::NotDeterministic { outputs } => {
                outputs.iter().map(|output| output.capacity() + size_of::<String>()).sum()
            }
            Self::StoreDrift(roots) => roots.first.iter().chain(&roots.second).map(|root| root.path().len()).sum(),
            Self::Failed { how: text } | Self::Ran { runner: text } => text.capacity(),
            Self::Unselected(unselected) => unselected.value.capacity() + size_of_val(&*unselected.actions),
            Self::Unrecorded | Self::OnlyInSecond | Self::NotCacheable { .. } | Self::NoCache | Self::NotStored => 0,
        }
    }

    /// The class's name in JSON.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            Self::Unselected(_) => "toolchain-not-selected",
            Self::DigestFunction(_) => "digest-function",
            Self::Configuration(_) => "configuration",
            Self::StoreDrift(_) => "store-path-drift",
            Self::Program { .. } => "shell-or-path",
            Self::Variable { .. } => "environment-variable",
            Self::Property { .. } => "platform-property",
            Self::Argument(_) => "argument",
            Self::Input { .. } => "input",
            Self::NotDeterministic { .. } => "not-deterministic",
            Self::Unrecorded => "unrecorded",
            Self::OnlyInSecond => "only-in-second",
            Self::NotCacheable { .. } => "not-cacheable",
            Self::Failed { .. } => "failed",
            Self::NoCache => "no-cache",
            Self::NotStored => "not-stored",
            Self::Ran { .. } => "ran",
        }
    }

    /// Whether its actions could have been hits.
    #[must_use]
    pub fn is_miss(&self) -> bool {
        !matches!(self, Self::NotCacheable { .. })
    }

    /// What it is, in one line with both values.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Unselected(unselected) => unselected.describe(),
            Self::DigestFunction(values) => format!("the digest function is {}", compare(values)),
            Self::Configuration(values) => format!("the configuration is {}", compare(values)),
            Self::StoreDrift(roots) => {
                let package = roots.second.as_ref().or(roots.first.as_ref()).map_or("", StoreRoot::package);
                format!("store path of `{package}` is {}", compare(roots))
            }
            Self::Program { name, values } if name == "PATH" => format!("`PATH` is {}", compare(values)),
            Self::Program { values, .. } => format!("the program is {}", compare(values)),
            Self::Variable { name, values } => format!("environment variable `{name}` is {}", compare(values)),
            Self::Property { name, values } => format!("platform property `{name}` is {}", compare(values)),
            Self::Argument(values) => format!("argument is {}", compare(values)),
            Self::Input { path, values, producer } => {
                let made = producer.as_ref().map_or(String::new(), |action| format!(", made by {action}"));
                let digest = |digest: &String| digest.get(..12).unwrap_or(digest).to_owned();
                let short =
                    Sides { first: values.first.as_ref().map(digest), second: values.second.as_ref().map(digest) };
                format!("input `{path}`{made} is {}", compare(&short))
            }
            Self::NotDeterministic { outputs } => {
                let names: Vec<String> = outputs.iter().take(3).map(|name| format!("`{name}`")).collect();
                let more = outputs.len().saturating_sub(3);
                let more = if more == 0 { String::new() } else { format!(" and {more} more") };
                format!("not deterministic: same key, different outputs {}{more}", names.join(", "))
            }
            Self::Unrecorded => "the keys differ, but nothing in the logs does".to_owned(),
            Self::OnlyInSecond => "the first build has no such action".to_owned(),
            Self::NotCacheable { remote_only: false } => "the action may not be cached".to_owned(),
            Self::NotCacheable { remote_only: true } => "the action may not be cached remotely".to_owned(),
            Self::Failed { how } => format!("the action failed ({how}), and failures are not cached"),
            Self::NoCache => "the build used no cache".to_owned(),
            Self::NotStored => "same key, but the cache had no result".to_owned(),
            Self::Ran { runner } => format!("no cache had the result; it ran as `{runner}`"),
        }
    }
}

impl Unselected {
    /// `4 C++ and 1 Java actions`, and whether they are more than one.
    fn actions(&self) -> (String, usize) {
        let parts: Vec<String> = self.actions.iter().map(|(count, language)| format!("{count} {language}")).collect();
        (parts.join(" and "), self.actions.iter().map(|(count, _)| count).sum())
    }

    /// What is said of it, in one line.
    fn describe(&self) -> String {
        let (actions, count) = self.actions();
        let what = if count == 1 {
            format!("its {actions} action has not")
        } else {
            format!("none of its {actions} actions has")
        };
        format!(
            "the {} build did not select the toolchain: {what} the platform property `{}`",
            self.build, self.property
        )
    }
}

impl std::fmt::Display for Build {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::First => "first",
            Self::Second => "second",
        })
    }
}

fn compare<T: ToString>(values: &Sides<T>) -> String {
    let word = |value: &Option<T>| match value.as_ref().map(ToString::to_string) {
        None => "absent".to_owned(),
        Some(text) if text.is_empty() => "empty".to_owned(),
        Some(text) => format!("`{text}`"),
    };
    format!("{} in the first build, {} in the second", word(&values.first), word(&values.second))
}
