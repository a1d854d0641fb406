//! Help that fits a screen: what a command does, its options on as few lines as they need, examples.

use clap::{Arg, ArgAction, Command};

/// Examples of commands, by their words after `lre`. A test parses each of them.
const EXAMPLES: [(&str, &[&str]); 16] = [
    ("", &["lre init --path ../local-remote-execution", "lre check lre-cc", "lre explain a.log b.log"]),
    (
        "init",
        &["lre init --path ../local-remote-execution --dry-run", "lre init --version 0.1.0 --toolchain lre-cc --yes"],
    ),
    (
        "regen",
        &[
            "lre regen --env-json env.json --out lre-cc",
            "lre regen --flake .#lre-cc --out lre-cc",
            "lre regen --image oci-archive:image.tar --out lre-cc --mode=check",
        ],
    ),
    ("check", &["lre check lre-cc", "lre check lre-cc --deep --format json", "lre check lre-cc --image oci:image"]),
    ("explain", &["lre explain a.log b.log", "lre explain a.log b.log --manifest lre-cc --format html >page.html"]),
    ("image", &["lre image build --manifest lre-cc --out oci:image", "lre image inspect oci:image"]),
    ("image build", &["lre image build --manifest lre-cc --out oci-archive:lre-cc.tar"]),
    (
        "image wrap",
        &["lre image wrap --base docker-archive:base.tar --worker /nix/store/…-nativelink --out oci:worker"],
    ),
    ("image inspect", &["lre image inspect docker-archive:image.tar"]),
    ("doctor", &["lre doctor", "lre doctor --remote grpc://127.0.0.1:50051 --format json"]),
    ("bazelrc", &["lre bazelrc --env-json env.json --prefix lre >lre.bazelrc"]),
    ("deploy", &["lre deploy render --manifest lre-cc"]),
    ("deploy render", &["lre deploy render --manifest lre-cc --manifest lre-java --mode=check"]),
    ("pin", &["lre pin lre-cc", "lre pin lre-cc --sync --dry-run"]),
    ("rewrite", &["lre rewrite --from /nix/store/…-clang-18.1.3 --to /nix/store/…-clang-22.1.8 toolchain/BUILD"]),
    ("completions", &["lre completions bash >~/.local/share/bash-completion/completions/lre"]),
];

/// What the help of all commands takes for known.
const WORDS: &str = "\
Words:
  Env         what describes a toolchain: a JSON list of `KEY=VALUE` strings, such as `CC=…`
  store root  a folder `/nix/store/HASH-NAME`; a toolchain is some of them
  manifest    the file `lre.json` of a toolchain: its Env, and its store roots with their hashes
  pin         the revisions of the flake inputs that a toolchain is from
";

/// An example of a command, by its words after `lre`: the first one with an option of those, or the first.
pub(super) fn example_of(words: &str, options: &[String]) -> Option<&'static str> {
    let examples = EXAMPLES.iter().find(|(of, _)| *of == words)?.1;
    let is_in = |example: &str, option: &str| example.split(' ').any(|word| option.split(' ').next() == Some(word));
    let with_option = examples.iter().find(|example| options.iter().any(|option| is_in(example, option)));
    with_option.or(examples.first()).copied()
}

/// The command and those below it with their examples.
pub(super) fn with_examples(command: Command) -> Command {
    with_examples_of(command, "")
}

fn with_examples_of(command: Command, words: &str) -> Command {
    let command = command.mut_subcommands(|inner| {
        let words = format!("{words} {}", inner.get_name());
        with_examples_of(inner, words.trim_start())
    });
    match EXAMPLES.iter().find(|(of, _)| *of == words) {
        Some((_, examples)) => {
            let words = if words.is_empty() { format!("{WORDS}\n") } else { String::new() };
            command.after_help(format!("{words}Examples:\n  {}", examples.join("\n  ")))
        }
        None => command,
    }
}

/// The same with one help instead of a short and a long one: no empty lines between options, and what follows the first
/// paragraph below them.
pub(super) fn on_one_screen(command: Command) -> Command {
    let more = command.get_long_about().map(ToString::to_string);
    let more = more.as_ref().and_then(|text| text.split_once("\n\n")).map(|(_, more)| more.to_owned());
    let examples = command.get_after_help().map(ToString::to_string);
    let below: Vec<String> = more.into_iter().chain(examples).collect();
    let help =
        Arg::new("help").short('h').long("help").action(ArgAction::HelpShort).help("Print help").display_order(999);
    let command = command.disable_help_flag(true).arg(help).mut_subcommands(on_one_screen);
    if below.is_empty() { command } else { command.after_help(below.join("\n\n")) }
}

#[cfg(test)]
mod unit {
    use std::collections::BTreeSet;

    use clap::CommandFactory as _;

    use super::*;
    use crate::command::Arguments;

    /// A terminal of a laptop.
    const LINES: usize = 50;
    const COLUMNS: usize = 100;

    fn visit(command: &mut Command, words: &str, seen: &mut dyn FnMut(&str, &str)) {
        let text = command.clone().render_help().to_string();
        seen(words, &text);
        let names: Vec<String> = command.get_subcommands().map(|inner| inner.get_name().to_owned()).collect();
        for name in names.iter().filter(|name| *name != "help" && !name.starts_with('_')) {
            let inner = command.find_subcommand_mut(name).expect("a subcommand");
            visit(inner, format!("{words} {name}").trim_start(), seen);
        }
    }

    #[test]
    fn help_of_every_command_fits_a_screen() {
        let mut large = Vec::new();
        visit(&mut Arguments::command_line(), "", &mut |words, text| {
            let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
            let lines = text.lines().count();
            if lines > LINES || widest > COLUMNS {
                large.push(format!("`lre {words}`: {lines} lines of up to {widest} characters"));
            }
        });
        assert_eq!(large, Vec::<String>::new());
    }

    #[test]
    fn examples_are_accepted_by_the_command_that_shows_them() {
        let mut commands = BTreeSet::new();
        visit(&mut Arguments::command_line(), "", &mut |words, _| {
            commands.insert(words.to_owned());
        });
        for (words, examples) in EXAMPLES {
            assert!(commands.contains(words), "there is no `lre {words}`");
            for example in examples {
                assert!(example.starts_with(format!("lre {words}").trim_end()), "{example}");
                let store = "/nix/store/00000000000000000000000000000000-";
                let arguments = example.replace("/nix/store/…-", store);
                let arguments = arguments.split_whitespace().take_while(|word| !word.starts_with('>'));
                if let Err(error) = Arguments::command_line().try_get_matches_from(arguments) {
                    panic!("`{example}` is refused: {error}");
                }
            }
        }
        // The manual pages say themselves where they go.
        commands.remove("man");
        assert_eq!(commands, EXAMPLES.iter().map(|(words, _)| (*words).to_owned()).collect());
    }

    #[test]
    fn definitions_do_not_contradict_each_other() {
        Arguments::command_line().debug_assert();
        with_examples(Arguments::command()).debug_assert();
    }
}
