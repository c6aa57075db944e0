//! The command tables and the exit codes of the reference, against clap and the program's own table.

use std::collections::BTreeSet;

use clap::{ArgAction, Command, CommandFactory};
use goenv::cli::Cli;
use goenv::error::Exit;

use crate::common::Sandbox;
use crate::document::{quoted, rows, section, text};

/// Returns the commands that do something, each with the words that call it.
fn leaves(command: &Command, words: &str) -> Vec<(String, Command)> {
    let mut leaves = Vec::new();
    for below in command.get_subcommands() {
        let words = format!("{words} {}", below.get_name());
        if below.has_subcommands() {
            leaves.extend(self::leaves(below, &words));
        } else {
            leaves.push((words, below.clone()));
        }
    }
    leaves
}

fn cli() -> Vec<(String, Command)> {
    leaves(&Cli::command(), "goenv")
}

/// Returns the words of a command without its arguments.
fn bare(synopsis: &str) -> String {
    let is_word = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    synopsis.split(' ').take_while(is_word).collect::<Vec<_>>().join(" ")
}

/// A row of the command tables: its calls, the first one's synopsis, the aliases, and the rest.
struct Row {
    calls: Vec<String>,
    synopsis: String,
    aliases: Vec<String>,
    rest: String,
}

fn table() -> Vec<Row> {
    let reference = text("docs/reference.md");
    rows(section(&reference, "## Commands"))
        .into_iter()
        .map(|cells| {
            let names = quoted(&cells[0]);
            let (calls, aliases): (Vec<_>, Vec<_>) =
                names.iter().partition(|name| name.starts_with("goenv "));
            Row {
                calls: calls.iter().map(|call| bare(call)).collect(),
                synopsis: names[0].clone(),
                aliases: aliases.into_iter().cloned().collect(),
                rest: cells[1].clone(),
            }
        })
        .collect()
}

#[test]
fn the_reference_has_every_command_and_no_other() {
    let documented: Vec<String> = table().into_iter().flat_map(|row| row.calls).collect();
    let unique: BTreeSet<&String> = documented.iter().collect();
    assert_eq!(unique.len(), documented.len(), "a command stands twice: {documented:?}");
    let cli = cli();
    let known: BTreeSet<&String> = cli.iter().map(|(words, _)| words).collect();
    let missing: Vec<_> = known.difference(&unique).collect();
    let unknown: Vec<_> = unique.difference(&known).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "docs/reference.md, section Commands, lacks {missing:?} and has {unknown:?}, which goenv does not"
    );
}

#[test]
fn the_reference_has_every_option_and_no_other() {
    let cli = cli();
    for row in table() {
        let (words, command) = cli.iter().find(|(words, _)| *words == row.calls[0]).unwrap();
        let mut known = BTreeSet::new();
        for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
            if matches!(argument.get_action(), ArgAction::Help | ArgAction::Version) {
                continue;
            }
            known.extend(argument.get_long().map(|long| format!("--{long}")));
            known.extend(argument.get_short().map(|short| format!("-{short}")));
        }
        let documented: BTreeSet<String> = quoted(&row.rest)
            .iter()
            .filter(|text| text.starts_with('-'))
            .map(|text| text.split(' ').next().unwrap().to_owned())
            .collect();
        assert_eq!(documented, known, "the options of `{words}`");
    }
}

#[test]
fn the_reference_has_every_argument_in_its_place() {
    let cli = cli();
    for row in table() {
        let (words, command) = cli.iter().find(|(words, _)| *words == row.calls[0]).unwrap();
        let mut synopsis = words.clone();
        for argument in command.get_positionals() {
            let name = argument.get_value_names().unwrap()[0].to_string();
            let many = argument.get_num_args().is_some_and(|range| range.max_values() > 1);
            let name = format!("{name}{}", if many { "…" } else { "" });
            let optional = !argument.is_required_set();
            synopsis += &if optional { format!(" [{name}]") } else { format!(" {name}") };
        }
        assert_eq!(row.synopsis, synopsis);
    }
}

#[test]
fn the_reference_has_every_alias_and_no_other() {
    let cli = cli();
    for row in table() {
        let (words, command) = cli.iter().find(|(words, _)| *words == row.calls[0]).unwrap();
        let known: BTreeSet<&str> = command.get_all_aliases().collect();
        let documented: BTreeSet<&str> = row.aliases.iter().map(String::as_str).collect();
        assert_eq!(documented, known, "the aliases of `{words}`");
    }
}

#[test]
fn every_value_that_an_argument_takes_is_named() {
    let cli = cli();
    for row in table() {
        let (words, command) = cli.iter().find(|(words, _)| *words == row.calls[0]).unwrap();
        for argument in command.get_arguments().filter(|a| a.get_action().takes_values()) {
            for value in argument.get_possible_values() {
                let value = value.get_name();
                let named = quoted(&row.rest).iter().any(|text| text == value);
                assert!(named, "`{words}` takes {value} for {}", argument.get_id());
            }
        }
    }
}

#[test]
fn the_exit_codes_are_the_programs() {
    let reference = text("docs/reference.md");
    let documented: Vec<(String, String)> = rows(section(&reference, "## Exit codes"))
        .into_iter()
        .map(|cells| (cells[0].clone(), cells[1].clone()))
        .collect();
    // One that is added has no arm here and does not compile.
    let next = |exit| match exit {
        Exit::Done => Some(Exit::Failed),
        Exit::Failed => Some(Exit::Usage),
        Exit::Usage => Some(Exit::Untrusted),
        Exit::Untrusted => Some(Exit::Forged),
        Exit::Forged => Some(Exit::Policy),
        Exit::Policy => Some(Exit::NotExecutable),
        Exit::NotExecutable => Some(Exit::NotFound),
        Exit::NotFound => None,
    };
    let all: Vec<(String, String)> = std::iter::successors(Some(Exit::Done), |exit| next(*exit))
        .map(|exit| ((exit as u8).to_string(), format!("{exit:?}")))
        .collect();
    assert_eq!(documented, all);
}

/// The columns and lines of a terminal on half of a laptop's display.
const SCREEN: (usize, usize) = (80, 40);

#[test]
fn short_help_fits_one_screen() {
    let sandbox = Sandbox::new();
    let mut calls = vec![vec!["-h".to_owned()]];
    for (words, _) in cli() {
        let words = words.split(' ').skip(1).map(str::to_owned);
        calls.push(words.chain(["-h".to_owned()]).collect());
    }
    for call in calls {
        let call: Vec<&str> = call.iter().map(String::as_str).collect();
        let mut words = vec![crate::common::GOENV];
        words.extend(&call);
        // clap takes the width from COLUMNS where there is no terminal.
        let mut narrow = vec!["COLUMNS=80"];
        narrow.extend(&words);
        let help = sandbox.run(&sandbox.home(), "env", &narrow);
        let help = help.success().stdout();
        let widest = help.lines().map(|line| line.chars().count()).max().unwrap_or_default();
        assert!(help.lines().count() <= SCREEN.1, "{call:?} has too many lines:\n{help}");
        assert!(widest <= SCREEN.0, "{call:?} is {widest} wide:\n{help}");
    }
}
