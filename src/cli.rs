//! The command line: clap's types and the help texts. No logic, no I/O.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::check::format::Form;
use crate::shell::{Format, Shell};
use crate::trust::header::Tier;

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

/// Returns the arguments with `goenv help sdk list`, which fingers know from go and git, as `goenv sdk list --help`.
pub fn asking(mut args: Vec<OsString>) -> Vec<OsString> {
    if args.get(1).is_some_and(|word| word == "help") {
        args.remove(1);
        args.push("--help".into());
    }
    args
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the shell code for a startup file
    #[command(long_about = "Print the shell code for a startup file.\n\n\
        bash:    eval \"$(goenv hook bash)\"            at the end of ~/.bashrc\n\
        zsh:     eval \"$(goenv hook zsh)\"             at the end of ~/.zshrc\n\
        fish:    goenv hook fish | source             in ~/.config/fish/config.fish\n\
        tcsh:    eval \"`goenv hook tcsh`\"             at the end of ~/.tcshrc\n\
        elvish:  eval (goenv hook elvish | slurp)     at the end of ~/.config/elvish/rc.elv\n\n\
        nushell, two lines at the end of ~/.config/nushell/config.nu:\n  \
        mkdir ($nu.data-dir | path join vendor autoload)\n  \
        goenv hook nushell | save --force ($nu.data-dir | path join vendor autoload goenv.nu)")]
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
    },
    /// Approve exactly the bytes of a policy, after showing their effect
    #[command(
        aliases = ["permit", "grant"],
        long_about = "Approve exactly the bytes of a policy, after showing their effect.\n\n\
        With --bash, a policy that is not in goenv's language is approved as a program that bash runs, with your rights, \
        whenever it is loaded. Its text is shown, and it is not run before. An approval for one engine does not count for \
        the other.\n\nExample:  goenv allow --bash services/settle"
    )]
    Allow {
        /// Let bash evaluate it: it is a program then, and not contained
        #[arg(long)]
        bash: bool,
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
    #[command(
        long_about = "Show the policy, its trust, the SDK and what conflicts with them. Of another directory, what a prompt \
        there would decide; nothing is changed.\n\nExample:  goenv status services/settle"
    )]
    Status {
        /// A directory, or a file in it [default: the current directory]
        path: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show where a variable comes from, with file and line
    Why {
        /// The variable [default: all that the policy touches]
        name: Option<OsString>,
        /// A directory, or a file in it [default: the current directory]
        path: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Edit a policy, and approve it if it changed
    Edit {
        /// The policy or its directory [default: the nearest .envrc]
        path: Option<PathBuf>,
    },
    /// Make the next prompt load the policy again
    Reload,
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
    /// Write a first policy from go.mod, go.work, .go-version or .tool-versions
    #[command(
        long_about = "Write a first policy from what go.mod, go.work, .go-version and .tool-versions ask for. The policy \
        then wants `goenv allow`. Where there is an .envrc already nothing is changed, and each of its lines that is not \
        in the policy language is named with what to write instead; exit code 1 if there are any.\n\n\
        Example:  goenv init services/settle"
    )]
    Init {
        /// The directory [default: the current one]
        dir: Option<PathBuf>,
    },
    /// Sign a policy: it applies wherever its signers are trusted
    #[command(
        long_about = "Sign a policy with an SSH ed25519 key, so that it applies wherever its signers are trusted. \
        Fills in the #goenv: header and raises its serial; where a valid signature is there already, adds one and \
        changes no byte. ssh-keygen signs, so agents and hardware-backed agents work.\n\n\
        Example:  goenv sign --tier prod --expires 90d"
    )]
    Sign {
        /// The policy or its directory [default: the nearest .envrc]
        path: Option<PathBuf>,
        /// The tier to approve it for [default: the header's, this host's, or dev]
        #[arg(long)]
        tier: Option<String>,
        /// The key, public or private [default: ~/.ssh/id_ed25519, or the agent's first ed25519 key]
        #[arg(long)]
        key: Option<PathBuf>,
        /// When it ends: a date as 2027-02-20, or days as 90d [default: the header's, or in 90 days]
        #[arg(long)]
        expires: Option<String>,
    },
    /// Verify a policy's signatures, offline
    #[command(
        long_about = "Verify a policy's signatures, offline, whatever was allowed or denied on this machine. \
        Exit code 0: enough trusted signers approved it; 3: they did not; 4: a signature is wrong."
    )]
    Verify {
        /// The policy or its directory [default: the nearest .envrc]
        path: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List, add and revoke trusted signers
    Keys {
        /// What to do
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Go SDKs: those here, from a mirror or an archive, adopted, verified
    #[command(subcommand)]
    Sdk(Sdk),
    /// Write the `use go` line of a policy, with the hashes of the SDK
    #[command(
        alias = "local",
        long_about = "Write the `use go` line of the nearest policy, or of a new one here, with the hashes of the SDK for \
        this platform and for those that the line already names. The policy then wants `goenv allow` or `goenv sign`.\n\n\
        Example:  goenv pin 1.26.6 --platform linux/arm64"
    )]
    Pin {
        /// The release
        version: String,
        /// The policy or its directory [default: the nearest one upward, or a new one here]
        path: Option<PathBuf>,
        /// Pin it for this platform too, as linux/arm64
        #[arg(long, value_name = "OS/ARCH")]
        platform: Vec<String>,
    },
    /// Check what a repository asks of Go against policy and rules
    #[command(
        long_about = "Check what a repository asks of Go against its policy and the organisation's rules: policies and \
        signatures, go.mod and go.work, version files, Dockerfiles, CI files. The same rules at a terminal, in a git \
        hook (--staged) and in CI. Nothing is run, and nothing has to be allowed on this machine.\n\n\
        Exit codes: 0 clean or warnings only, 1 errors, 3 a policy whose required signature does not hold or has \
        expired.\n\nExamples:\n  goenv check\n  goenv check --staged\n  goenv check --format sarif --output goenv.sarif\n  \
        goenv check --explain GOENV101"
    )]
    Check(CheckArguments),
    /// Show what Go binaries were built with, judged by the tier
    #[command(
        long_about = "Show what Go binaries were built with, and whether the tier in force admits them: the Go that built \
        them, modules and settings, how they are linked. Read from the files alone, without a Go toolchain; nothing is \
        run. Judged by the policy of the current directory and the organisation's rules. Build info can be forged: it \
        is evidence and no proof.\n\n\
        Exit codes: 0 nothing or warnings only, 1 errors or a file that is no Go binary.\n\n\
        Examples:\n  goenv inspect dist/settle\n  goenv inspect --tier prod --json dist/*"
    )]
    Inspect(InspectArguments),
    /// Read, verify and export the audit log
    Audit {
        /// What to do
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Print how policies and SDKs stand, as Prometheus metrics
    Metrics {
        /// Write them to a file that ends in .prom, whole or not at all
        #[arg(long, value_name = "FILE")]
        textfile: Option<PathBuf>,
        /// The directories [default: those of the policies that were allowed]
        #[arg(value_name = "DIR")]
        directories: Vec<PathBuf>,
    },
    /// Find what keeps goenv from doing its work here, and what mends it
    Doctor {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove the approvals of policies that are gone
    Prune,
    /// Print the functions that direnv needs for goenv's directives
    #[command(
        long_about = "Print the functions that direnv needs for goenv's directives, for a team that mixes both tools.\n\n\
        Example:  mkdir -p ~/.config/direnv/lib && goenv direnv-lib > ~/.config/direnv/lib/goenv.sh"
    )]
    DirenvLib,
    /// Print the completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the version
    Version {
        /// Fail unless this version is at least that one
        at_least: Option<String>,
    },
    /// Install a release: sdk install
    #[command(hide = true)]
    Install {
        /// The release [default: the one that the policy or the version files here ask for]
        version: Option<String>,
    },
    /// Remove a release: sdk remove
    #[command(hide = true)]
    Uninstall {
        /// The release
        version: String,
    },
    /// List the SDKs: sdk list
    #[command(hide = true)]
    Versions {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the path of a program of the SDK that this directory gets
    #[command(hide = true)]
    Which {
        /// The program
        #[arg(default_value = "go")]
        program: String,
    },
}

/// What `keys` does.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// List the trusted signers: the organisation's and your own
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Trust a key for a person, in your own list
    Add {
        /// The person or role, usually an address
        principal: String,
        /// The public key: a .pub file, or the key's text
        #[arg(required = true, num_args = 1..)]
        key: Vec<OsString>,
        /// A tier that the key may approve; may be given several times [default: this host's, or dev]
        #[arg(long)]
        tier: Vec<String>,
        /// The last day on which the key counts, as 2027-02-20
        #[arg(long)]
        until: Option<String>,
    },
    /// Stop trusting a key, whoever lists it
    Revoke {
        /// The key: its SHA256: fingerprint, a .pub file, or the key's text
        #[arg(required = true, num_args = 1..)]
        key: Vec<OsString>,
    },
}

/// What `audit` does.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Print the latest records
    Log {
        /// Another's log: its current file, beside which the earlier ones lie [default: yours]
        file: Option<PathBuf>,
        /// How many
        #[arg(short = 'n', long = "lines", default_value_t = 20)]
        lines: usize,
        /// Print the records as they are, in JSON
        #[arg(long)]
        json: bool,
    },
    /// Find edits, swaps, deletions and torn lines
    Verify {
        /// Another's log: its current file, beside which the earlier ones lie [default: yours]
        file: Option<PathBuf>,
        /// A checkpoint that the log must hold
        #[arg(long)]
        anchor: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the whole log for another program
    Export {
        /// Another's log: its current file, beside which the earlier ones lie [default: yours]
        file: Option<PathBuf>,
        /// The format
        #[arg(long, value_enum, default_value_t = AuditFormat::Jsonl)]
        format: AuditFormat,
    },
    /// Write and sign a checkpoint, to be kept elsewhere
    Checkpoint {
        /// Where to write it; the signature goes to FILE.sig
        file: PathBuf,
        /// The key, public or private [default: ~/.ssh/id_ed25519, or the agent's first ed25519 key]
        #[arg(long)]
        key: Option<PathBuf>,
    },
}

/// The formats of `audit export`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum AuditFormat {
    /// The lines as they are.
    Jsonl,
    /// The Common Event Format.
    Cef,
}

/// What to do with SDKs.
#[derive(Debug, Subcommand)]
pub enum Sdk {
    /// List the SDKs that are here
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Install a release from the configured mirrors
    #[command(
        long_about = "Install a release from the configured mirrors, https://go.dev/dl where none is configured. Its digest \
        is the policy's pin, else what the mirror says. Nothing of it is run.\n\nExample:  goenv sdk install 1.26.6"
    )]
    Install {
        /// The release, or a language version: its newest release [default: what is asked for here]
        version: Option<String>,
    },
    /// Take in an SDK that lies here: a directory where it is, or a release archive
    Add {
        /// The directory or the .tar.gz
        path: PathBuf,
        /// The digest that the archive must have
        #[arg(long, value_name = "HEX")]
        sha256: Option<String>,
    },
    /// Read SDKs again and compare every file with the seal
    Verify {
        /// The release [default: all]
        #[arg(conflicts_with = "all")]
        version: Option<String>,
        /// Verify all that are sealed
        #[arg(long)]
        all: bool,
    },
    /// Remove an SDK from the store, or forget an adopted one
    #[command(alias = "uninstall")]
    Remove {
        /// The release
        version: String,
    },
}

/// What `goenv check` takes.
#[derive(Debug, clap::Args)]
pub struct CheckArguments {
    /// Files and directories [default: the current directory]
    pub paths: Vec<PathBuf>,
    /// Read git's index instead of the work tree, and judge what is staged
    #[arg(long)]
    pub staged: bool,
    /// Judge as this tier instead of each policy's own
    #[arg(long, value_parser = tier)]
    pub tier: Option<Tier>,
    /// The form of the report
    #[arg(long, value_enum, default_value_t)]
    pub format: Form,
    /// Write the report to a file
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Explain a rule by its id, and check nothing
    #[arg(long, value_name = "ID", exclusive = true)]
    pub explain: Option<String>,
}

/// What `goenv inspect` takes.
#[derive(Debug, clap::Args)]
pub struct InspectArguments {
    /// The files
    #[arg(value_name = "BINARY", required = true)]
    pub binaries: Vec<PathBuf>,
    /// Judge as this tier instead of the policy's own
    #[arg(long, value_parser = tier)]
    pub tier: Option<Tier>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

fn tier(name: &str) -> Result<Tier, String> {
    Tier::new(name).ok_or_else(|| "expected lower-case letters, digits and hyphens".to_owned())
}
