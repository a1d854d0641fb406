//! Compact logs of builds that nobody ran, of any size: for benches.
//!
//! Projects of libraries of eight sources and three headers, each of which depends on a few earlier ones of its project; ten
//! archives make a program. Input sets are nested as Bazel nests them, and words of command lines are Bazel's own. An
//! action of a large log reads as many headers as one of a small log, and misses for as many causes: what an action takes
//! longer in a large log is the reader's fault.

use std::io::{self, Write};

use prost::Message as _;
use sha2::{Digest as _, Sha256};

use super::message::{
    CompactSpawn, Digest, Entry, File, InputSet, Invocation, Output, OutputKind, Pair, Payload, Platform,
};

const SOURCES: usize = 8;
const HEADERS: usize = 3;
/// Libraries that are linked into one program.
const LINKED: usize = 10;
/// Libraries of a project. Ten thousand actions are two of them.
const PROJECT: usize = 550;
/// How far the libraries that one depends on are before it: together, nearly all before it in the project.
const DEPENDS: [usize; 4] = [3, 5, 8, 13];
/// In the second build every so many-th source was edited, and one header of this library of each project.
const EDITED_SOURCE: usize = 1000;
const EDITED_LIBRARY: usize = 540;
/// In the third build one header of every so many-th library was: of a million actions, ten thousand root causes.
const OFTEN_EDITED_LIBRARY: usize = 11;

/// Which build of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// Nothing was in the cache.
    First,
    /// Some sources and headers were edited since, and archives have one more variable; the rest are hits.
    Second,
    /// So many headers were edited since the first one that hardly anything is a hit, each a cause of its own.
    Third,
}

/// Writes a log of `spawns` actions.
///
/// # Errors
/// If the log cannot be written.
pub fn write_synthetic_log(log: impl Write, build: Build, spawns: usize) -> io::Result<()> {
    // Bazel's level.
    let mut writer = Writer { log: zstd::Encoder::new(log, 3)?, build, next: 0, left: spawns, bytes: Vec::new() };
    writer.entry(Payload::Invocation(Invocation { hash_function_name: "SHA-256".to_owned() }))?;
    let mut libraries: Vec<Library> = Vec::new();
    while writer.left > 0 {
        let library = writer.library(&libraries)?;
        libraries.push(library);
        if libraries.len().is_multiple_of(LINKED) {
            writer.program(&libraries)?;
        }
    }
    writer.log.finish().map(drop)
}

/// What others need of a library.
struct Library {
    headers: u32,
    are_headers_new: bool,
    archive: u32,
    is_archive_new: bool,
}

/// What an action is made of, beside what all of its kind share.
struct Action<'a> {
    mnemonic: &'static str,
    label: &'a str,
    arguments: Vec<String>,
    inputs: u32,
    outputs: Vec<String>,
    /// Whether its outputs are not those of the first build.
    is_new: bool,
    variable: Option<&'static str>,
}

struct Writer<'a, W: Write> {
    log: zstd::Encoder<'a, W>,
    build: Build,
    next: u32,
    left: usize,
    bytes: Vec<u8>,
}

impl<W: Write> Writer<'_, W> {
    fn entry(&mut self, payload: Payload) -> io::Result<u32> {
        let id = if matches!(payload, Payload::Invocation(_) | Payload::Spawn(_)) {
            0
        } else {
            self.next += 1;
            self.next
        };
        self.bytes.clear();
        Entry { id, payload: Some(payload) }.encode_length_delimited(&mut self.bytes)?;
        self.log.write_all(&self.bytes)?;
        Ok(id)
    }

    fn file(&mut self, path: String, is_new: bool) -> io::Result<u32> {
        let digest = Some(digest(&path, is_new));
        self.entry(Payload::File(File { path, digest, ..File::default() }))
    }

    fn set(&mut self, input_ids: Vec<u32>, transitive_set_ids: Vec<u32>) -> io::Result<u32> {
        self.entry(Payload::InputSet(InputSet { transitive_set_ids, input_ids }))
    }

    fn library(&mut self, earlier: &[Library]) -> io::Result<Library> {
        let number = earlier.len();
        let folder = format!("src/main/group{}/library{number}", number % 97);
        let label = format!("//{folder}:library{number}");
        let is_edited = match self.build {
            Build::First => false,
            Build::Second => number % PROJECT == EDITED_LIBRARY,
            Build::Third => number % OFTEN_EDITED_LIBRARY == OFTEN_EDITED_LIBRARY / 2,
        };
        let headers = (0..HEADERS)
            .map(|header| self.file(format!("{folder}/include/header_{header}.h"), is_edited && header == 0))
            .collect::<io::Result<_>>()?;
        let before = number % PROJECT;
        let depends: Vec<usize> =
            DEPENDS.into_iter().filter(|distance| *distance <= before).map(|distance| number - distance).collect();
        let are_headers_new = is_edited || depends.iter().any(|other| earlier[*other].are_headers_new);
        let headers = self.set(headers, depends.iter().map(|other| earlier[*other].headers).collect())?;
        let (mut objects, mut is_archive_new) = (Vec::new(), false);
        for source in 0..SOURCES {
            let is_edited =
                self.build == Build::Second && (number * SOURCES + source) % EDITED_SOURCE == EDITED_SOURCE / 2;
            let path = format!("{folder}/source_file_{source}.cc");
            let object = format!("bazel-out/k8-fastbuild/bin/{folder}/_objs/library{number}/source_file_{source}.o");
            let is_new = is_edited || are_headers_new;
            is_archive_new |= is_new;
            let file = self.file(path.clone(), is_edited)?;
            let inputs = self.set(vec![file], vec![headers])?;
            let depends = object.replace(".o", ".d");
            let arguments = compile_arguments(&path, &object, &depends);
            let outputs = vec![depends, object];
            let action =
                Action { mnemonic: "CppCompile", label: &label, arguments, inputs, outputs, is_new, variable: None };
            objects.extend(self.spawn(action)?.last());
        }
        let inputs = self.set(objects, Vec::new())?;
        let archive = format!("bazel-out/k8-fastbuild/bin/{folder}/liblibrary{number}.a");
        let arguments = [&tool("ar"), "rcsD", &archive].map(String::from).to_vec();
        let variable = (self.build == Build::Second).then_some("SALT");
        let archive = self.spawn(Action {
            mnemonic: "CppArchive",
            label: &label,
            arguments,
            inputs,
            outputs: vec![archive],
            is_new: is_archive_new,
            variable,
        })?;
        Ok(Library { headers, are_headers_new, archive: archive.first().copied().unwrap_or(0), is_archive_new })
    }

    fn program(&mut self, libraries: &[Library]) -> io::Result<()> {
        let number = libraries.len() / LINKED;
        let linked = &libraries[libraries.len() - LINKED..];
        let inputs = self.set(linked.iter().map(|library| library.archive).filter(|id| *id != 0).collect(), vec![])?;
        let label = format!("//src/programs:program{number}");
        let program = format!("bazel-out/k8-fastbuild/bin/src/programs/program{number}");
        let arguments = [&tool("clang++"), &format!("@{program}-2.params")].map(String::from).to_vec();
        self.spawn(Action {
            mnemonic: "CppLink",
            label: &label,
            arguments,
            inputs,
            outputs: vec![program],
            is_new: linked.iter().any(|library| library.is_archive_new),
            variable: None,
        })?;
        Ok(())
    }

    /// Writes an action, unless there are enough, and returns the ids of its outputs.
    fn spawn(&mut self, action: Action<'_>) -> io::Result<Vec<u32>> {
        if self.left == 0 {
            return Ok(Vec::new());
        }
        self.left -= 1;
        let is_hit = self.build != Build::First && !action.is_new && action.variable.is_none();
        let key = action.outputs.join(" ");
        let digest = digest(&key, action.is_new || action.variable.is_some());
        let ids =
            action.outputs.into_iter().map(|path| self.file(path, action.is_new)).collect::<io::Result<Vec<_>>>()?;
        let pair = |(name, value): (&str, &str)| Pair { name: name.to_owned(), value: value.to_owned() };
        let variables =
            [("PATH", "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-coreutils-9.5/bin"), ("PWD", "/proc/self/cwd")];
        let variables = variables.into_iter().chain(action.variable.map(|name| (name, "1")));
        let properties =
            [("OSFamily", "Linux"), ("container-image", "docker://lre-cc:1xgjp5kgq9cbxzy7xjg0xm0yfcbcr9ag")];
        self.entry(Payload::Spawn(CompactSpawn {
            args: action.arguments,
            env_vars: variables.map(pair).collect(),
            platform: Some(Platform { properties: properties.map(pair).to_vec() }),
            input_set_id: action.inputs,
            outputs: ids.iter().map(|id| Output { kind: Some(OutputKind::Id(*id)) }).collect(),
            target_label: action.label.to_owned(),
            mnemonic: action.mnemonic.to_owned(),
            runner: if is_hit { "remote cache hit" } else { "remote" }.to_owned(),
            cache_hit: is_hit,
            remotable: true,
            cacheable: true,
            remote_cacheable: true,
            digest: Some(digest),
            ..CompactSpawn::default()
        }))?;
        Ok(ids)
    }
}

fn digest(text: &str, is_new: bool) -> Digest {
    let hash = Sha256::digest(format!("{text} {is_new}"));
    Digest { hash: data_encoding::HEXLOWER.encode(&hash), hash_function_name: "SHA-256".to_owned() }
}

fn tool(name: &str) -> String {
    format!("/nix/store/vf8cjkgwmgd4sb3vkxh6x9iar71s1w1c-clang-wrapper-18.1.8/bin/{name}")
}

fn compile_arguments(source: &str, object: &str, depends: &str) -> Vec<String> {
    let shared = "-U_FORTIFY_SOURCE -fstack-protector -Wall -Wunused-but-set-parameter -Wno-free-nonheap-object \
                  -fno-omit-frame-pointer -std=c++17 -fcolor-diagnostics -Wthread-safety -Wself-assign -MD -MF";
    let includes = "-iquote . -iquote bazel-out/k8-fastbuild/bin -iquote external/abseil-cpp~ -iquote \
                    bazel-out/k8-fastbuild/bin/external/abseil-cpp~ -iquote external/googletest~ -iquote \
                    bazel-out/k8-fastbuild/bin/external/googletest~ -iquote external/bazel_tools -iquote \
                    bazel-out/k8-fastbuild/bin/external/bazel_tools -no-canonical-prefixes \
                    -Wno-builtin-macro-redefined -D__DATE__=\"redacted\" -D__TIMESTAMP__=\"redacted\" \
                    -D__TIME__=\"redacted\"";
    let seed = format!("-frandom-seed={object}");
    let words = std::iter::once(tool("clang")).chain(shared.split(' ').map(str::to_owned));
    let words = words.chain([depends.to_owned(), seed]).chain(includes.split(' ').map(str::to_owned));
    words.chain(["-c", source, "-o", object].map(str::to_owned)).collect()
}

#[cfg(test)]
mod unit {
    use super::*;
    use crate::execlog::{Pool, read_log};
    use crate::explain::human::render_human;
    use crate::explain::{NO_LIMITS, explain};

    /// What is said of a pair with the first build.
    fn explained(build: Build, spawns: usize) -> (String, usize) {
        let mut pool = Pool::default();
        let [first, second] = [Build::First, build].map(|build| {
            let mut log = Vec::new();
            write_synthetic_log(&mut log, build, spawns).expect("a log");
            read_log(log.as_slice(), &mut pool, 1 << 30).expect("a log")
        });
        assert_eq!((first.spawns.len(), second.spawns.len()), (spawns, spawns));
        let report = explain(&pool, &first, &second, NO_LIMITS).expect("memory");
        (render_human(&report, None), report.causes.len())
    }

    #[test]
    fn a_pair_of_logs_has_the_causes_that_were_put_in() {
        // One project, with its edited header.
        insta::assert_snapshot!(explained(Build::Second, 5_005).0);
    }

    #[test]
    fn of_the_third_build_nearly_all_is_a_miss_for_many_causes() {
        let (text, causes) = explained(Build::Third, 2_000);
        let hits = text.lines().find(|line| line.starts_with("hits: "));
        assert_eq!((causes, hits), (20, Some("hits: 81 of 2000 (4.0 %)")));
    }
}
