//! The command line: clap's types and the help texts. No logic, no I/O.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::shell::{Format, Shell};

/// Give every directory its own Go, safely and at once.
#[derive(Debug, Parser)]
#[command(
    name = "goenv",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = "Start with:  eval \"$(goenv hook bash)\"  in ~/.bashrc, then write an .envrc and run goenv allow."
)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the shell code for a startup file
    #[command(long_about = "Print the shell code for a startup file.\n\n\
        bash:  eval \"$(goenv hook bash)\"          at the end of ~/.bashrc\n\
        zsh:   eval \"$(goenv hook zsh)\"           at the end of ~/.zshrc\n\
        fish:  goenv hook fish | source           in ~/.config/fish/config.fish")]
    Hook {
        /// The shell
        shell: Shell,
    },
    /// Print the change for this directory
    #[command(
        long_about = "Print the change for this directory, for a shell to evaluate or a program to read. \
        Nothing is printed where nothing changes. The hook calls this at the prompt."
    )]
    Export {
        /// The format
        format: Format,
        /// Print the directory's whole set, even what is already applied
        #[arg(long)]
        full: bool,
        /// Also print what the shell with this process id can ask by itself at its next prompt
        #[arg(long, hide = true, value_name = "PID")]
        guard: Option<u32>,
    },
    /// Approve exactly the bytes of a policy, after showing what they would change
    #[command(aliases = ["permit", "grant"])]
    Allow {
        /// The policy or its directory [default: the nearest .envrc]
        path: Option<PathBuf>,
    },
    /// Block a policy, whatever its bytes
    #[command(aliases = ["block", "revoke", "disallow"])]
    Deny {
        /// The policy or its directory [default: the nearest .envrc]
        path: Option<PathBuf>,
    },
    /// Show the policy, its trust, the SDK and what conflicts with them
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show where a variable comes from, with file and line
    Why {
        /// The variable [default: all that the policy touches]
        name: Option<OsString>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Run a command with a directory's environment
    #[command(
        long_about = "Run a command with a directory's environment, after the same decision as the hook's: for CI, \
        IDEs, cron and Makefiles. A policy that does not apply refuses, and the command does not run. The command's \
        exit code is passed on.\n\nExample:  goenv exec services/settle go test ./..."
    )]
    Exec {
        /// The directory whose policy applies
        dir: PathBuf,
        /// The command and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<OsString>,
    },
    /// Edit a policy, and approve it if it changed
    Edit {
        /// The policy or its directory [default: the nearest .envrc]
        path: Option<PathBuf>,
    },
    /// Make the next prompt load the policy again
    Reload,
    /// Remove the approvals of policies that are gone
    Prune,
    /// Print the version
    Version {
        /// Fail unless this version is at least that one
        at_least: Option<String>,
    },
    /// Print the completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}
