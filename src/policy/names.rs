//! Names of variables that a policy may not read or set, because bash or direnv would give another answer.
//!
//! In: a name. Out: why it is unfit, or nothing. Which variables a policy may set by the rules of safety is
//! another question, answered on what the policy wants: docs/security.md.

/// Variables that bash makes up or changes by itself, inherited or not.
const MADE_BY_BASH: &[&str] = &[
    "BASH",
    "BASHOPTS",
    "BASHPID",
    "COLUMNS",
    "COPROC",
    "DIRSTACK",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "EUID",
    "FUNCNAME",
    "GROUPS",
    "HISTCMD",
    "IFS",
    "LINENO",
    "LINES",
    "MAPFILE",
    "OLDPWD",
    "OPTARG",
    "OPTERR",
    "OPTIND",
    "PIPESTATUS",
    "PPID",
    "PS0",
    "PS1",
    "PS2",
    "PS3",
    "PS4",
    "RANDOM",
    "SECONDS",
    "SHELLOPTS",
    "SHLVL",
    "SRANDOM",
    "UID",
    "_",
];

/// Variables that bash sets where they are not inherited.
const FILLED_IN_BY_BASH: &[&str] =
    &["HOSTNAME", "HOSTTYPE", "MACHTYPE", "MAILCHECK", "OSTYPE", "PATH", "SHELL", "TERM"];

/// Variables whose setting changes what bash does.
const STEERING_BASH: &[&str] = &[
    "CDPATH",
    "CHILD_MAX",
    "EXECIGNORE",
    "FUNCNEST",
    "GLOBIGNORE",
    "POSIXLY_CORRECT",
    "PWD",
    "SHELL",
    "TMOUT",
    "histchars",
];

/// Variables of direnv's own functions, in which a policy runs.
const DIRENVS: &[&str] = &[
    "REPLY",
    "direnv",
    "direnv_config_dir",
    "lib",
    "rcfile",
    "rcpath",
    "rcpath_base",
    "rcpath_dir",
];

/// Returns why `name` cannot be read, `inherited` or set by the policy itself as it may be.
pub(super) fn unreadable(name: &str, is_set: bool) -> Option<String> {
    let made = MADE_BY_BASH.contains(&name) || name.starts_with("BASH_") || is_completion(name);
    if made || (!is_set && FILLED_IN_BY_BASH.contains(&name)) {
        return Some(format!("${name} is bash's own variable: its value depends on the shell"));
    }
    let direnvs = DIRENVS.contains(&name) || name.starts_with("DIRENV_");
    direnvs.then(|| format!("${name} is direnv's own variable"))
}

/// Returns why `name` cannot be set or unset.
pub(super) fn unsettable(name: &str) -> Option<String> {
    if MADE_BY_BASH.contains(&name) && !matches!(name, "COLUMNS" | "LINES") {
        return Some(format!("{name} is bash's own variable and cannot be set by a policy"));
    }
    if STEERING_BASH.contains(&name) || name.starts_with("BASH_") || is_completion(name) {
        return Some(format!("{name} would change how bash reads this policy"));
    }
    if DIRENVS.contains(&name) || name.starts_with("DIRENV_") {
        return Some(format!("{name} is direnv's own variable and cannot be set by a policy"));
    }
    None
}

fn is_completion(name: &str) -> bool {
    name.starts_with("COMP_") || name == "COMPREPLY" || name.starts_with("READLINE_")
}
