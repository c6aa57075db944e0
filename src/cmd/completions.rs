//! `goenv completions SHELL`: the completions for a shell.
//!
//! `clap_complete` writes those of bash, zsh, fish and elvish, to which the values are added that it leaves out or cannot know:
//! releases that are here, variables of the policy. tcsh and nushell get what is offered for the words before, and no options.
//! Each is tested in its shell.

use std::collections::BTreeMap;

use clap::{Command, CommandFactory, ValueHint};

use crate::cli::Cli;
use crate::error::{Error, Exit};
use crate::shell::Shell;
use crate::ui::Ui;

/// Prints the completions.
///
/// # Errors
/// If stdout cannot be written.
pub fn run(shell: Shell, ui: &Ui) -> Result<Exit, Error> {
    let text = match shell {
        Shell::Bash => bash(),
        Shell::Zsh => zsh(),
        Shell::Fish => {
            let added = include_str!("../../hooks/complete.fish");
            format!("{}{}{added}", generated(clap_complete::Shell::Fish), fish_values())
        }
        Shell::Elvish => elvish(),
        Shell::Tcsh => tcsh(),
        Shell::Nushell => nushell(),
    };
    ui.data(text.as_bytes())?;
    Ok(Exit::Done)
}

/// Returns what `clap_complete` writes.
fn generated(shell: clap_complete::Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "goenv", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

fn bash() -> String {
    let added = include_str!("../../hooks/complete.bash");
    let text = generated(clap_complete::Shell::Bash);
    format!("{added}\n{}", text.replace("complete -F _goenv ", "complete -F _goenv_complete "))
}

fn zsh() -> String {
    let mut text = generated(clap_complete::Shell::Zsh);
    let release = "version -- The release";
    for (argument, by) in [
        (format!("{release}:"), "_goenv_releases"),
        (format!(r"{release} \[default\: all\]:"), "_goenv_releases"),
        (
            r"name -- The variable \[default\: all that the policy touches\]:".to_owned(),
            "_goenv_variables",
        ),
    ] {
        text = text.replace(&format!("{argument}_default"), &format!("{argument}{by}"));
    }
    // Before the end, which calls the function if this file is loaded as one; the first line names the command.
    let added = include_str!("../../hooks/complete.zsh");
    match text.rsplit_once("\nif [ \"$funcstack[1]\"") {
        Some((before, end)) => format!("{before}\n{added}if [ \"$funcstack[1]\"{end}"),
        None => text,
    }
}

/// Returns the lines that complete the values of arguments without a dash, which `clap_complete` leaves out for fish.
fn fish_values() -> String {
    let cli = Cli::command();
    let mut lines = String::new();
    for command in cli.get_subcommands() {
        for value in command.get_positionals().flat_map(clap::Arg::get_possible_values) {
            let help = value.get_help().map(|help| format!(" -d '{help}'")).unwrap_or_default();
            lines += &format!(
                "complete -c goenv -n \"__fish_goenv_using_subcommand {}\" -f -a \"{}\"{help}\n",
                command.get_name(),
                value.get_name(),
            );
        }
    }
    lines
}

/// What the first word of a command that is no option may be.
enum Offer {
    /// One of these commands, each with what it does.
    Commands(Vec<(String, String)>),
    /// One of these values, each with what it means.
    Values(Vec<(String, String)>),
    /// A release that is here.
    Releases,
    /// A variable of the policy.
    Variables,
    /// A path.
    Paths,
    /// Anything, or nothing.
    Free,
}

/// Returns what each command offers, by its words without `goenv`.
fn offers() -> BTreeMap<String, Offer> {
    fn add(offers: &mut BTreeMap<String, Offer>, command: &Command, words: &str) {
        for below in command.get_subcommands() {
            add(offers, below, format!("{words} {}", below.get_name()).trim_start());
        }
        offers.insert(words.to_owned(), offer(command));
    }
    let mut offers = BTreeMap::new();
    add(&mut offers, &Cli::command(), "");
    offers
}

fn offer(command: &Command) -> Offer {
    let said = |help: Option<&clap::builder::StyledStr>| help.map(ToString::to_string);
    let shown = command.get_subcommands().filter(|below| !below.is_hide_set());
    let word = |below: &Command| {
        (below.get_name().to_owned(), said(below.get_about()).unwrap_or_default())
    };
    let commands: Vec<_> = shown.map(word).collect();
    let Some(argument) = command.get_positionals().next() else {
        return if commands.is_empty() { Offer::Free } else { Offer::Commands(commands) };
    };
    let values = argument.get_possible_values();
    let word = |value: &clap::builder::PossibleValue| {
        (value.get_name().to_owned(), said(value.get_help()).unwrap_or_default())
    };
    // `sdk install` takes one that is not here.
    match (command.get_name(), argument.get_id().as_str()) {
        _ if !values.is_empty() => Offer::Values(values.iter().map(word).collect()),
        ("pin" | "uninstall" | "verify" | "remove", "version") => Offer::Releases,
        ("why", _) => Offer::Variables,
        _ if argument.get_value_hint() == ValueHint::AnyPath => Offer::Paths,
        _ => Offer::Free,
    }
}

/// Returns elvish's, with the values of arguments, and files wherever nothing else is known.
fn elvish() -> String {
    let mut text = generated(clap_complete::Shell::Elvish);
    let first = |lines: &str, after: &str| {
        format!(
            "try {{ {lines} 2>/dev/null | from-lines | each {{|line| put [(str:split {after})][0] }} }} catch e {{ nop }}"
        )
    };
    for (words, offer) in offers() {
        let line = match offer {
            Offer::Values(values) => {
                let line = |(name, help): &(String, String)| format!("cand {name} '{help}'");
                values.iter().map(line).collect::<Vec<_>>().join("\n            ")
            }
            Offer::Releases => first("goenv sdk list", "' ' $line[4..]"),
            Offer::Variables => first("goenv why", r#""\t" $line"#),
            Offer::Paths => "edit:complete-filename $@words".to_owned(),
            Offer::Commands(_) | Offer::Free => continue,
        };
        let head = format!("&'goenv;{}'= {{\n", words.replace(' ', ";"));
        text = text.replace(&head, &format!("{head}            {line}\n"));
    }
    let known = "    $completions[$command]\n";
    let files = "    if (has-key $completions $command) { $completions[$command] } else { edit:complete-filename $@words }\n";
    text.replace(known, files)
}

/// Returns tcsh's: one line for `eval`, with a rule for the first word and for the one behind each command that offers
/// something. A rule sees the word before alone: of two commands with one name it is the outer one's.
fn tcsh() -> String {
    let first = |list: &str| format!("`sh -c \"{list}\"`");
    let offers = offers();
    let rule = |(words, offer): (&String, &Offer)| {
        let word = match words.split_once(' ') {
            Some((_, word)) if offers.contains_key(word) => return None,
            Some((_, word)) => word,
            None => words,
        };
        let list = match offer {
            Offer::Commands(offered) | Offer::Values(offered) => {
                let names: Vec<&str> = offered.iter().map(|(name, _)| name.as_str()).collect();
                format!("({})", names.join(" "))
            }
            Offer::Releases => first("goenv sdk list 2>/dev/null | cut -c5- | cut -f1 -d\\  "),
            Offer::Variables => first("goenv why 2>/dev/null | cut -f1"),
            Offer::Paths | Offer::Free => return None,
        };
        let place = if word.is_empty() { "p@1".to_owned() } else { format!("n@{word}") };
        Some(format!("'{place}@{list}@'"))
    };
    let rules: Vec<String> = offers.iter().filter_map(rule).collect();
    format!("complete goenv {} ;\n", rules.join(" "))
}

/// Returns nushell's.
fn nushell() -> String {
    let words = |values: Vec<(String, String)>| {
        let word = |(value, description)| serde_json::json!({ "value": value, "description": description });
        values.into_iter().map(word).collect()
    };
    let offered = offers().into_iter().filter_map(|(command, offer)| {
        let offer: serde_json::Value = match offer {
            Offer::Commands(values) | Offer::Values(values) => words(values),
            Offer::Releases => "releases".into(),
            Offer::Variables => "variables".into(),
            Offer::Paths | Offer::Free => return None,
        };
        Some((command, offer))
    });
    let offered: serde_json::Map<_, _> = offered.collect();
    let template = include_str!("../../hooks/complete.nu");
    template.replace("@OFFERED@", &serde_json::Value::Object(offered).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_describes_a_value_needs_no_quoting_in_any_shell() {
        let plain = |c: char| c.is_ascii_alphanumeric() || " ,.:=/~_".contains(c);
        for command in Cli::command().get_subcommands() {
            for value in command.get_arguments().flat_map(clap::Arg::get_possible_values) {
                let help = value.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(
                    help.chars().all(plain),
                    "{} {}: {help}",
                    command.get_name(),
                    value.get_name()
                );
            }
        }
    }
}
