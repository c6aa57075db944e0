//! The commands of the language, and what is said about those that are not.
//!
//! In: a command's name. Out: which one it is, or a message that names what is close to it or replaces it. What
//! each one does is in `commands/`; docs/language.md lists them.

/// A command that may stand as a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Builtin {
    AllowGo,
    Bracket,
    Colon,
    CommandV,
    DenyGo,
    DirenvVersion,
    Dotenv,
    DotenvIfExists,
    Echo,
    EnvVarsRequired,
    Exit,
    Export,
    False,
    Foreign,
    Has,
    Layout,
    LoadPrefix,
    Lock,
    LogError,
    LogStatus,
    ManpathAdd,
    OnGitBranch,
    PathAdd,
    PathAddTo,
    PathRm,
    PathRmFrom,
    Printf,
    Promote,
    Return,
    Set,
    Source,
    SourceEnv,
    SourceEnvIfExists,
    SourceUp,
    SourceUpIfExists,
    StrictEnv,
    Target,
    Test,
    True,
    Type,
    UnstrictEnv,
    Unset,
    Use,
    WatchDir,
    WatchFile,
    Which,
    Ask(Query),
}

/// A command that answers in `$(…)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Query {
    Basename,
    Cat,
    DirenvLayoutDir,
    Dirname,
    ExpandPath,
    FindUp,
    GoEnv,
    Pwd,
    Readlink,
    Realpath,
    SemverSearch,
    UserRelPath,
}

/// Every command with its name, sorted by name.
pub(super) const BUILTINS: &[(&str, Builtin)] = &[
    (".", Builtin::Source),
    (":", Builtin::Colon),
    ("MANPATH_add", Builtin::ManpathAdd),
    ("PATH_add", Builtin::PathAdd),
    ("PATH_rm", Builtin::PathRm),
    ("[", Builtin::Bracket),
    ("allow_go", Builtin::AllowGo),
    ("command", Builtin::CommandV),
    ("deny_go", Builtin::DenyGo),
    ("direnv_apply_dump", Builtin::Foreign),
    ("direnv_layout_dir", Builtin::Ask(Query::DirenvLayoutDir)),
    ("direnv_load", Builtin::Foreign),
    ("direnv_version", Builtin::DirenvVersion),
    ("dotenv", Builtin::Dotenv),
    ("dotenv_if_exists", Builtin::DotenvIfExists),
    ("echo", Builtin::Echo),
    ("env_vars_required", Builtin::EnvVarsRequired),
    ("exit", Builtin::Exit),
    ("expand_path", Builtin::Ask(Query::ExpandPath)),
    ("export", Builtin::Export),
    ("false", Builtin::False),
    ("fetchurl", Builtin::Foreign),
    ("find_up", Builtin::Ask(Query::FindUp)),
    ("has", Builtin::Has),
    ("layout", Builtin::Layout),
    ("load_prefix", Builtin::LoadPrefix),
    ("lock", Builtin::Lock),
    ("log_error", Builtin::LogError),
    ("log_status", Builtin::LogStatus),
    ("nix_direnv_manual_reload", Builtin::Foreign),
    ("nix_direnv_version", Builtin::Foreign),
    ("nix_direnv_watch_file", Builtin::Foreign),
    ("on_git_branch", Builtin::OnGitBranch),
    ("path_add", Builtin::PathAddTo),
    ("path_rm", Builtin::PathRmFrom),
    ("printf", Builtin::Printf),
    ("promote", Builtin::Promote),
    ("return", Builtin::Return),
    ("semver_search", Builtin::Ask(Query::SemverSearch)),
    ("set", Builtin::Set),
    ("source", Builtin::Source),
    ("source_env", Builtin::SourceEnv),
    ("source_env_if_exists", Builtin::SourceEnvIfExists),
    ("source_up", Builtin::SourceUp),
    ("source_up_if_exists", Builtin::SourceUpIfExists),
    ("source_url", Builtin::Foreign),
    ("strict_env", Builtin::StrictEnv),
    ("target", Builtin::Target),
    ("test", Builtin::Test),
    ("true", Builtin::True),
    ("type", Builtin::Type),
    ("unset", Builtin::Unset),
    ("unstrict_env", Builtin::UnstrictEnv),
    ("use", Builtin::Use),
    ("user_rel_path", Builtin::Ask(Query::UserRelPath)),
    ("watch_dir", Builtin::WatchDir),
    ("watch_file", Builtin::WatchFile),
    ("which", Builtin::Which),
];

/// Every command that answers in `$(…)` with its name; `go` stands for `go env`.
pub(super) const QUERIES: &[(&str, Query)] = &[
    ("basename", Query::Basename),
    ("cat", Query::Cat),
    ("direnv_layout_dir", Query::DirenvLayoutDir),
    ("dirname", Query::Dirname),
    ("expand_path", Query::ExpandPath),
    ("find_up", Query::FindUp),
    ("go", Query::GoEnv),
    ("pwd", Query::Pwd),
    ("readlink", Query::Readlink),
    ("realpath", Query::Realpath),
    ("semver_search", Query::SemverSearch),
    ("user_rel_path", Query::UserRelPath),
];

/// What a person is told who wants a program to be run.
pub(super) const NO_PROGRAM: &str =
    "goenv starts no program; put the values it would give into a .env file, or set them outside";
/// What a person is told who wants something to be fetched; the functions for bash say the same.
pub(super) const NO_DOWNLOAD: &str = "nothing is downloaded at a prompt";
/// What a person is told whose value has to be computed.
pub(super) const READ_IT: &str =
    "write the value out, or keep it in a file and read that: $(cat FILE)";

/// Returns the statement called `name`.
pub(super) fn builtin(name: &[u8]) -> Option<Builtin> {
    BUILTINS.iter().find(|(known, _)| known.as_bytes() == name).map(|(_, builtin)| *builtin)
}

/// Returns the query called `name`.
pub(super) fn query(name: &[u8]) -> Option<Query> {
    QUERIES.iter().find(|(known, _)| known.as_bytes() == name).map(|(_, query)| *query)
}

/// Returns the message and the hint about a word that is no command of the language.
pub(super) fn unknown(name: &[u8]) -> (String, String) {
    let shown = String::from_utf8_lossy(name);
    if let Some((message, hint)) = construct(&shown) {
        return (message.to_owned(), hint.to_owned());
    }
    if query(name).is_some() {
        return (
            format!("`{shown}` is not a statement of the policy language"),
            format!("it answers in a substitution: export NAME=\"$({shown} …)\""),
        );
    }
    let message = format!("`{shown}` is not a command of the policy language");
    match near(name) {
        Some(known) => (message, format!("did you mean `{known}`?")),
        None => (message, NO_PROGRAM.to_owned()),
    }
}

/// Returns what is said about a construct of bash that the language leaves out.
fn construct(name: &str) -> Option<(&'static str, &'static str)> {
    Some(match name {
        "for" | "while" | "until" | "select" => (
            "loops are not part of the policy language",
            "write the lines out, once for each round",
        ),
        "function" => (
            "functions are not part of the policy language",
            "write the lines where they are used, or in a file for `source_env`",
        ),
        "cd" | "pushd" | "popd" => (
            "a policy does not change the directory",
            "write the path out, or use $(cd DIR && pwd) in a value",
        ),
        "eval" => ("`eval` is not part of the policy language", NO_PROGRAM),
        "alias" | "unalias" => (
            "aliases do not reach the shell from a policy",
            "put a script into a directory and add that: PATH_add scripts",
        ),
        "declare" | "typeset" | "local" | "readonly" => (
            "the only declaration of the policy language is `export`",
            "write `export NAME=value`, or `NAME=value` for a variable of this file alone",
        ),
        "mkdir" | "touch" | "ln" | "cp" | "mv" | "rm" | "chmod" => (
            "a policy changes no files",
            "do this in a script of the project; a directory need not exist for PATH_add",
        ),
        "time" | "coproc" | "exec" | "trap" | "shopt" | "builtin" | "enable" => {
            ("this is not part of the policy language", NO_PROGRAM)
        }
        "then" | "elif" | "else" | "fi" | "do" | "done" | "in" | "esac" | "}" => {
            ("this word does not begin a command", "is the line before it complete?")
        }
        "env_vars_unset" => ("direnv has no `env_vars_unset`", "write `unset NAME`"),
        "setenv" => ("`setenv` is not part of the policy language", "write `export NAME=value`"),
        _ => return None,
    })
}

/// Returns the command whose name is nearest to `name`, if it is near.
fn near(name: &[u8]) -> Option<&'static str> {
    let names = BUILTINS.iter().map(|(known, _)| *known).filter(|known| known.len() > 2);
    // Capitals decide only between two that are as near: `PATH_add` and `path_add`.
    let lower = name.to_ascii_lowercase();
    let far = |known: &str| distance(&lower, known.to_ascii_lowercase().as_bytes());
    let best = names.map(|known| (far(known), distance(name, known.as_bytes()), known)).min()?;
    let best = (best.0, best.2);
    // Near is below 3, and below half of the word: `go` is no slip of `lock`.
    (best.0 < 3 && best.0 * 2 < name.len()).then_some(best.1)
}

/// Returns how many letters have to be put in, left out, changed or swapped; 3 stands for more too.
pub(super) fn distance(a: &[u8], b: &[u8]) -> usize {
    const FAR: usize = 3;
    if a.len().abs_diff(b.len()) >= FAR {
        return FAR;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], k: usize| row.get(k).copied().unwrap_or(FAR);
            let mut least = (at(&last, j) + usize::from(x != y)).min(at(&last, j + 1) + 1);
            least = least.min(at(&row, j) + 1);
            let swapped = j > 0 && i > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                least = least.min(at(&before, j - 1) + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(FAR).min(FAR)
}
