//! The bash engine against the real direnv, and against goenv's own engine.

use std::path::Path;

use crate::same::CASES;
use crate::sandbox::{Sandbox, differences, pairs_wanted};

/// What only bash can evaluate. `@` begins the variables in which direnv 2.32 is known to differ.
const BASH_CASES: &[&str] = &[
    "f() { export \"$1=$2\"; }\nf A 1\nf B 'two words'",
    "for x in a b c; do ALL+=$x; done\nexport ALL",
    "names=(one two three)\nexport N=${#names[@]} LAST=${names[-1]} ALL=\"${names[*]}\"",
    "declare -A map=([a]=1 [b]=2)\nexport A=${map[a]} B=${map[b]}",
    "n=0\nwhile ((n < 5)); do n=$((n + 1)); done\nexport N=$n",
    "export A=$(printf '%s' one | tr a-z A-Z) B=`echo two`",
    "export A=$(git --version | cut -d' ' -f1)",
    "export A=$'line\\nline' B=$'\\xff\\xfe' C=$'tab\\t' D=$'\\x01' E=",
    "export A=${INHERITED^^} B=${INHERITED:1:2} C=${INHERITED/y/n} D=${#INHERITED}",
    "v=INHERITED\nexport A=${!v}",
    "[[ $INHERITED =~ ^y(.*)$ ]] && export A=${BASH_REMATCH[1]}",
    "eval 'export A=1'",
    "export A=$((6 * 7))",
    "cat <<EOF >/dev/null\nanything\nEOF\nexport A=1",
    "read -r first <data.txt\nexport A=$first",
    "while read -r line; do export \"L_${line%% *}=$line\"; done <data.txt",
    "for f in *.txt; do export \"FOUND=$f\"; done\nfor f in *.none; do export NONE=1; done",
    "use_thing() { export THING=$1; }\nuse thing 3",
    "layout_mine() { PATH_add \"$1\"; }\nlayout mine here",
    "source_env sub\nexport AFTER=$PWD",
    "source_up\nf() { source_env sub; }\nf",
    ". ./plain.sh one two\nexport SOURCED",
    "dotenv\nfor n in FROM_DOTENV REF; do export \"AGAIN_$n=${!n}\"; done",
    "for d in a b; do PATH_add \"$d\"; path_add LIST \"$d\"; done\nPATH_rm '*/a'",
    "layout go @GOBIN",
    "layout node\nlayout php\nlayout julia",
    "export A=$(expand_path ../x) B=$(find_up up.sh) C=$(user_rel_path \"$HOME/x\") D=$(direnv_layout_dir)",
    "export A=$(semver_search versions go- 1) B=\"$(join_args a 'b c')\"",
    "x() { local y=1; export A=$y; }\nx\nexport B=${y-unset}",
    "unset INHERITED\nexport -n SPACES\nunset -f f 2>/dev/null || :",
    "cd sub\nexport A=$PWD\nPATH_add bin",
    "export PS1='$ ' A=1\nexport OLDPWD=/x",
    "set -a\nA=1\nB=2\nset +a\nC=3",
    "(export SUBSHELL=1)\nexport A=1",
    "export DIR=$(cd \"$(dirname \"${BASH_SOURCE[0]}\")\" && pwd) SELF=${BASH_SOURCE[0]}",
    "on_git_branch main || export A=1\nhas bash && export B=1\nhas nothing_of_this_name || export C=1",
    "env_vars_required INHERITED\nwatch_file data.txt *.none\nwatch_dir sub\nlog_status done",
    "strict_env\nexport A=1\nunstrict_env\nfalse\nexport B=2",
    "if [ \"$DIRENV_IN_ENVRC\" = 1 ]; then export A=1; fi",
    "export A=1\nexit 0\nexport B=1",
    "export A=1\nreturn 0\nexport B=1",
    "export A=1\n[ -f none ] && export B=1",
    // The direnv on PATH is the real one: its dumps are read; `$direnv` and the function are goenv.
    "direnv_load sh -c 'export A=1 B=\"x y\"; unset INHERITED; exec direnv dump'\nexport C=$B",
    "direnv_load sh -c 'export A=1; unset INHERITED; exec \"$0\" dump' \"$direnv\"",
    "export A=1 B=1\ndirenv_load env A=2 C=$'two\\nlines' D='*;:\\\\|%s' \"$direnv\" dump\nexport B=3",
    "f() { export A=$1; direnv dump; }\ndirenv_load f 1",
    "direnv_load sh -c 'cd sub; PATH=/nowhere:$PATH exec direnv dump'\nPATH_add bin",
    "direnv dump >dumped\nexport A=1\ndirenv_apply_dump dumped",
    "eval \"$(direnv dotenv bash other.env)\"\neval \"$(direnv dotenv)\"",
    "eval \"$(direnv watch bash data.txt 'a b')\"\neval \"$(direnv watch-dir bash sub)\"\nexport A=1",
    "eval \"$(direnv stdlib)\"\nPATH_add bin\nexport A=1",
    "pipenv() { echo \"$PWD/venv\"; }\ntouch Pipfile && mkdir -p venv\nlayout pipenv @PIPENV_PIPFILE",
    "pipenv() { [ -d venv ] && echo \"$PWD/venv\" || [ \"$1\" = --venv ] || mkdir venv; }\ntouch Pipfile\nlayout pipenv",
    "pyenv() { echo \"$PWD/py\"; }\nmkdir -p py/versions/{3.1,3.2}/bin venv\nfor v in 3.1 3.2; do\n\
     printf '#!/bin/sh\\necho %s venv' \"$v\" >py/versions/$v/bin/python; chmod +x py/versions/$v/bin/python; done\n\
     export VIRTUAL_ENV=$PWD/venv\nlayout pyenv 3.1 3.2",
];

/// The texts of a project that its policies source, and the policy itself.
fn allow_all(sandbox: &Sandbox, directory: &Path) -> Result<crate::sandbox::Pairs, String> {
    let inside = |file: &str| directory.join(file).to_str().unwrap().to_owned();
    let parent = directory.parent().unwrap().to_str().unwrap().to_owned();
    let files = [
        inside("plain.sh"),
        inside("sub"),
        inside("sub/deep"),
        inside("link"),
        inside("with space"),
        format!("{parent}/up.sh"),
        parent,
    ];
    for file in &files {
        sandbox.allowed(&["allow", "--bash", file])?;
    }
    sandbox.program_env(directory, &[&["allow", "--bash"]])
}

#[test]
fn what_needs_bash_means_the_same_to_direnv() {
    let sandbox = Sandbox::new();
    let mut wrong = Vec::new();
    for (number, case) in BASH_CASES.iter().enumerate() {
        let (text, excepted) = case.split_once(" @").unwrap_or((case, ""));
        let directory = sandbox.project(&format!("bash-{number}"));
        std::fs::write(directory.join(".envrc"), text).unwrap();
        let direnv = sandbox.direnv_env(&directory).unwrap();
        match allow_all(&sandbox, &directory) {
            Ok(goenv) => {
                let mut found = differences(&goenv, &direnv);
                found.retain(|line| line.split(':').next() != Some(excepted));
                if !found.is_empty() {
                    wrong.push(format!("differs:\n{text}\n  {}", found.join("\n  ")));
                }
            }
            Err(error) => wrong.push(format!("refused:\n{text}\n{error}")),
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

/// What bash evaluates otherwise: entries of PATH that the policy itself writes for the SDK, variables that direnv's
/// functions leave behind, a `return` that passes on a failure.
const OTHERWISE: &[&str] = &["GOROOT/bin", "export var", "|| return\n"];

#[test]
fn both_engines_make_the_same_of_a_native_policy() {
    let sandbox = Sandbox::new();
    let mut wrong = Vec::new();
    for (number, case) in CASES.iter().enumerate() {
        let (text, _) = case.split_once(" @").unwrap_or((case, ""));
        if text.contains("linux/amd64=") || OTHERWISE.iter().any(|part| text.contains(part)) {
            continue;
        }
        let directory = sandbox.project(&format!("both-{number}"));
        let file = directory.join(".envrc");
        std::fs::write(&file, text).unwrap();
        let native = pairs_wanted(&sandbox.goenv(&file, text.as_bytes()).unwrap());
        match allow_all(&sandbox, &directory) {
            Ok(bash) => {
                let found = differences(&bash, &native);
                if !found.is_empty() {
                    wrong.push(format!("differs:\n{text}\n  {}", found.join("\n  ")));
                }
            }
            Err(error) => wrong.push(format!("refused:\n{text}\n{error}")),
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n\n{}", wrong.len(), wrong.join("\n\n"));
}
