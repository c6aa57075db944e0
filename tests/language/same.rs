//! Hand-written policies of which the real direnv makes the same environment.

use crate::sandbox::{Sandbox, differences, pairs_wanted};

/// Every construct of the language, one or a few to a case. `@` begins the variables in which direnv 2.32 is known
/// to differ, each of which docs/language.md names.
pub(crate) const CASES: &[&str] = &[
    // Values and quoting.
    "export A=1",
    "export A=1 B=2 C=",
    "export A='single $HOME \"x\" \\n'",
    "export A=\"double $INHERITED \\\"x\\\" \\\\ \\$HOME \\n \\`x\\`\"",
    "export A=$'tab\\there\\n\\x41\\101\\e[0m \\'q\\' \\q'",
    "export A=back\\ slash\\$HOME\\\\",
    "export A=one\\\ntwo B=\"three\\\nfour\"",
    "export A='two\nlines' B=\"two\nlines\"",
    "export A=a#b # a comment\n# export B=1\nexport C=1#2",
    "export A=x; export B=y ; export C=z;",
    "export A=$ B=a$ C=\"$\" D=$. E=\"$'x'\" F=a$/b",
    "export A=''\"\" B=\"\"x''",
    "export A=*.txt B=? C=[ab]",
    "A={a,b}\nexport A",
    "export A={} B={a} C={a\\,b}",
    "export A=~ B=~/x C=~/x:~/y D=x:~ E=a~ F=\"~\" G='~/x' H=\\~/x I=~\"/x\" J=x=~/y",
    "#!/usr/bin/env bash\n\n   \n\texport A=1\t# tab",
    "export GRUSS=grüße B=\"$ACCENTS\"",
    "",
    "# nothing but a comment",
    // Parameters.
    "export A=$INHERITED B=${INHERITED} C=\"$INHERITED\" D=$NOT_SET E=${EMPTY}x",
    "export A=$SPACES B=\"$SPACES\" C=x${SPACES}y",
    "export A=$STARS B=$QUOTES",
    "export A=${NOT_SET:-d} B=${EMPTY:-d} C=${INHERITED:-d} D=${NOT_SET-d} E=${EMPTY-d}",
    "export A=${NOT_SET:+d} B=${EMPTY:+d} C=${INHERITED:+d} D=${NOT_SET+d} E=${EMPTY+d}",
    "export A=${NEW:=d} B=$NEW\nexport C=$NEW",
    ": ${NEW:=d e}\nexport NEW",
    ": \"${INHERITED:?must be set}\" ${INHERITED?}\nexport A=1",
    "export A=\"${NOT_SET:-a b}\" B=${NOT_SET:-a b} D=${NOT_SET:-'x y'}",
    "export A=\"${NOT_SET:-\"x y\"}\" B=\"${NOT_SET:-\\}}\" C=${NOT_SET:-~/x} D=\"${NOT_SET:-~/x}\"",
    "export A=${NOT_SET:-${INHERITED:-x}} B=\"${NOT_SET:-$(dirname /a/b)}\"",
    "export A=${PATHLIKE#*/} B=${PATHLIKE##*/} C=${PATHLIKE%.*} D=${PATHLIKE%%.*} E=${PATHLIKE#x}",
    "export A=\"${PATHLIKE#\"/one\"}\" B=${PATHLIKE%\".gz\"} C=\"${PATHLIKE##'/'*/}\"",
    "X='*'\nexport A=${STARS#$X} B=${STARS#\"$X\"} C=${STARS##[*a]} D=${PATHLIKE%[[:alpha:]]*}",
    "export A=${HOME%/*} B=${PWD##*/} C=${PWD#\"$HOME\"} D=${PATHLIKE#~/}",
    "export A=${BASH_SOURCE[0]} B=$BASH_SOURCE C=${BASH_SOURCE%/*}",
    "export A=$PWD B=\"${PWD}/bin\" PATH=$PWD/bin:$PATH",
    "export PATH=\"$HOME/bin:$PATH\" CDPATH_X=$HOME",
    // Assignments.
    "A=1\nexport B=$A",
    "A=1 B=$A\nexport A B",
    "export A=old\nexport A=new B=$A",
    "INHERITED=changed\nlower=changed",
    "A=a\nA+=b\nexport A\nA+=c\nexport A+=d LIST+=:/x",
    "export A\nA=1",
    "A=1\nexport A\nunset A\nA=2",
    "unset INHERITED lower NOT_SET",
    "unset -v INHERITED",
    "export EMPTY INHERITED",
    "X='A=1 B=2'\nexport $X",
    "X='a b'\nexport \"C=$X\" D=$X",
    "X=A\nexport $X=1",
    "set -a\nA=1\nB=2\nset +a\nC=3",
    "set -o allexport\nA=1\nset +o allexport\nB=1",
    "set -euo pipefail\nexport A=${NOT_SET:-x}",
    "set -eu\nset +u\nexport A=$NOT_SET.",
    "strict_env\nexport A=1\nunstrict_env\nexport B=$NOT_SET.",
    // Substitutions.
    "export A=$(pwd # said\n) C=\"$(pwd)/bin\"",
    "export A=$(pwd -P) B=\"$(pwd)\"",
    "export A=$(dirname /a/b/) B=$(dirname x) C=$(dirname /) D=$(dirname //a//b) E=$(dirname \"\")",
    "export A=$(basename /a/b/) B=$(basename a.txt .txt) C=$(basename /) D=$(basename .txt .txt)",
    "export A=$(dirname \"${BASH_SOURCE[0]}\") B=$(basename \"$PWD\")",
    "export A=$(cd \"$(dirname \"${BASH_SOURCE[0]}\")\" && pwd) B=$(cd .. && pwd) C=$(cd sub; pwd)",
    "export A=$(cd link && pwd) B=$(cd link && pwd -P) C=$(cd -P link && pwd) D=$(cd link/.. && pwd)",
    "export A=$(cd >/dev/null 2>&1 && pwd) B=$(cd / && pwd) C=$(cd ./sub/deep && pwd)",
    "export A=$(realpath sub/../data.txt) B=$(realpath link) C=$(realpath missing) D=$(readlink -f link/deep)",
    "export A=$(expand_path sub/../x) B=$(expand_path /a//b/./c/..) C=$(expand_path x /base) D=$(expand_path)",
    "export A=$(expand_path //x/y) B=$(expand_path ../..) C=$(expand_path '') D=$(expand_path .)",
    "export A=$(find_up data.txt) B=$(find_up up.sh) C=\"$(find_up .envrc)\" D=$(find_up missing)",
    "export A=$(user_rel_path \"$HOME/x\") B=$(user_rel_path /x) C=$(user_rel_path -/x) D=$(user_rel_path \"${HOME}zzz\")",
    "export A=$(direnv_layout_dir)\ndirenv_layout_dir=/x\nexport B=$(direnv_layout_dir)",
    "export A=$(semver_search versions go- 1) B=$(semver_search versions go- '') C=$(semver_search versions go- 3)",
    "export A=\"$(cat data.txt)\" B=$(cat data.txt) C=$(cat data.txt data.txt)",
    "if A=$(find_up missing); then B=1; else B=2; fi\nexport A B",
    "A=$(cat missing 2>/dev/null) || A=default\nexport A",
    "D=$(find_up data.txt) && export D",
    // Commands of direnv.
    "PATH_add bin",
    "PATH_add bin sub/bin /abs ~/bin ../x",
    "PATH_add bin; PATH_add bin",
    "PATH_add \"with space\" ./x/",
    "PATH_add",
    "path_add LIST x y",
    "path_add NEWLIST x",
    "path_add EMPTY x",
    "X='a b'\nPATH_add $X \"$X\"",
    "PATH_rm '/usr/*'",
    "PATH_rm /bin /usr/local/bin",
    "path_rm LIST /a/b /c",
    "path_rm LIST 'x*'",
    "LIST=/a:/a/a:/ab:b\npath_rm LIST /a",
    "MANPATH_add man",
    "load_prefix /opt/x\nload_prefix rel",
    "dotenv",
    "dotenv .env\ndotenv_if_exists other.env",
    "dotenv_if_exists\ndotenv_if_exists missing.env",
    "source_env sub",
    "source_env sub/.envrc\nexport AFTER=$PWD",
    "source_env ./sub/deep",
    "source_env link",
    "source_env 'with space'",
    "source_env_if_exists sub/.envrc\nsource_env_if_exists missing",
    "source_up\nexport AFTER=$PWD",
    "source_up up.sh",
    "source_up_if_exists\nsource_up_if_exists missing",
    "source plain.sh\nexport SOURCED",
    ". ./plain.sh\nexport SOURCED",
    "set -a\nsource plain.sh\nset +a",
    "env_vars_required INHERITED HOME",
    "env_vars_required INHERITED\nexport var",
    "watch_file data.txt missing *.nothing sub/*.x",
    "watch_dir sub",
    "watch_dir .",
    "layout go @GOBIN",
    "layout node",
    "layout php",
    "layout perl",
    "layout julia",
    "direnv_layout_dir=/x/layouts\nlayout perl",
    "direnv_version 2.20.0\nexport A=1",
    "log_status said $INHERITED\nlog_error '%s'\necho -e 'a\\tb' >&2\nprintf 'x\\n'\nexport A=1",
    "expand_path x >/dev/null\nfind_up data.txt 2>&1",
    "source_env sub >/dev/null 2>&1\n{ export A=1; echo x; } &>/dev/null",
    // goenv's own commands, through its functions for direnv.
    "use go 1.26.6",
    "use go 1.26.6 linux/amd64=sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "use go 1.26.6 \\\n  linux/amd64=h1:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=\nuse go 1.25.3",
    "strict_env\nuse go 1.26.6\nPATH_add bin",
    "strict_env\nuse go 1.26.6\nPATH_add bin\nset -a\nuse go 1.25.3\nuse go 1.26.6\nuse go 1.26.6\nset +a",
    "use go 1.26.6\nPATH=$GOROOT/bin:$PATH\nuse go 1.25.3",
    "use go 1.26.6\nexport PATH=$GOROOT/bin\nuse go 1.25.3\nuse go 1.26.6",
    "target linux/arm64",
    "target linux/amd64 cgo=0 GOAMD64=v3 'CC=zig cc'",
    "lock A=1 B='two words' C=~/x",
    "allow_go prod 1.26.6 1.25.x 1.24.3+ '>=1.26.4' '1.26.*'\ndeny_go 1.26.0 'CVE-1'\npromote dev prod",
    // Control.
    "if true; then export A=1; fi",
    "if false; then export A=1; else export A=2; fi",
    "if false\nthen export A=1\nelif true\nthen\n  export A=2\nelse\n  export A=3\nfi",
    "true && export A=1\nfalse || export B=1\nfalse && export C=1 || export D=1\ntrue || export E=1",
    "! false && export A=1\n! true || export B=1\n! ! true && export C=1",
    "{ export A=1; export B=2; }\n{ false; } || export C=1",
    "[ -d sub ] && export A=1\n[ -f sub ] || export B=1\n[ ! -e missing ] && export C=1",
    "true &&\n  export A=1 ||\n  export B=1",
    "case $INHERITED in\n  no) export A=1 ;;\n  y*|Y*) export A=2 ;;\n  *) export A=3\nesac",
    "case \"$STARS\" in \"*\"*) export A=1;; esac\ncase x in (a) export B=1;; (?) export B=2;; esac",
    "case $PATHLIKE in */two/*) export A=1 ;; esac\ncase x in y) ;; esac\ncase '' in '') export B=1;; esac",
    "P='y*'\ncase $INHERITED in \"$P\") export A=1;; $P) export A=2;; esac",
    "case a-b in [a-c]-[!c]) export A=1;; esac\ncase ] in []]) export B=1;; esac",
    "if [ -n \"$INHERITED\" ]; then if [ -z \"$EMPTY\" ]; then export A=1; fi; fi",
    "if has nix; then use nix; fi\nhas nix && use flake\nexport A=1",
    "if has git_is_missing; then source_url x y; else export A=1; fi",
    "return 0\nexport A=1",
    "export A=1\nexit 0\nexport B=1",
    "has missing || return\nexport A=1",
    "if true; then export A=1; return; fi\nexport B=1",
    "source_env sub || true\nsource missing.sh || export A=1\nsource_env missing || export B=1",
    "dotenv missing || export A=1\nsource_up missing || export B=1\nenv_vars_required NOT_SET || export C=1",
    // Spacing, glued operators, and words that look like others.
    "A=x\ncase $A in x ) export C1=spaced;; esac\n[[ a == a && b == b ]] && export C3=ok\n[[ a == a\n]] && export C4=nl\n[[ ! -n $A || -z $B ]] && export C5=notor\n[[ -n $A && ! ( -z $A ) ]] && export C6=grp\nif true; then echo a; fi >/dev/null\n{ echo b; } 2>/dev/null\n! { false; } && export C7=neg\ncase x in\n  x) ;;\nesac\ncase x in x) export C8=last\nesac\ncase \"a b\" in a\\ b) export C9=esc;; esac\nfor_x=1; export D1=$for_x\necho a;echo b\necho {a} {}  }\necho if then\nif if true; then true; fi; then export D2=nested; fi\nexport X=1;[ $X = 1 ]&&export D3=glued\nexport D4=\"a\"'b'c\\d$'e'\n: ${Q:=a b}; export D5=\"$Q\"\necho a=b=c  =x  +=y\nA+=b; export D6=$A\n[ ! ] && export b1=1\n[ = = = ] && export b2=1\n[ -n = ] && export b3=1\n[ ! = ! ] && export b4=1\n[ ! x = y ] && export b5=1\n[ ! ! x ] && export b55=1\n[ -n ] && export b7=1\n[ \"\" = \"\" ] && export b8=1\n[ ! -n \"\" ] && export b9=1\n[ -z -z ] || export c1=1",
    // Tests.
    "[ a = a ] && A=1; [ a == b ] || B=1; [ a != b ] && C=1; [ a ] && D=1; [ \"\" ] || E=1\nexport A B C D E",
    "[ 1 -lt 2 ] && A=1; [ 010 -eq 10 ] && B=1; [ -1 -ge 0 ] || C=1; [ +5 -eq 5 ] && D=1\nexport A B C D",
    "[ -f $NOT_SET ] && A=1; [ -n $NOT_SET ] && B=1; test -d sub && C=1; test || D=1\nexport A B C D",
    "[ -L link ] && A=1; [ -h dangling ] && B=1; [ -e dangling ] || C=1; [ -s data.txt ] && D=1\nexport A B C D",
    "[ -x bin/tool ] && A=1; [ -x data.txt ] || B=1; [ -r data.txt ] && C=1; [ -w . ] && D=1\nexport A B C D",
    "[ -v INHERITED ] && A=1; [ -v NOT_SET ] || B=1; [ ! a = b ] && C=1; [ ! '' ] && D=1\nexport A B C D",
    "[ data.txt -ef sub/../data.txt ] && A=1; [ data.txt -nt missing ] && B=1; [ x -ot data.txt ] && C=1\nexport A B C",
    "[ ! -f data.txt ] || A=1; [ ! 1 -eq 2 ] && B=1; [ -f = -f ] && C=1; [ ! ] && D=1\nexport A B C D",
    "[[ $INHERITED == y* ]] && A=1; [[ $INHERITED = \"y*\" ]] || B=1; [[ a != b ]] && C=1\nexport A B C",
    "[[ -n $SPACES && -z $EMPTY ]] && A=1; [[ -z a || ( -n b && ! -n \"\" ) ]] && B=1\nexport A B",
    "[[ -f data.txt &&\n  -d sub ]] && A=1\n[[ 5 -gt 3 ]] && B=1; [[ -v INHERITED ]] && C=1\nexport A B C",
    "[[ $INHERITED ]] && A=1; [[ $EMPTY ]] || B=1; [[ ! $EMPTY && $HOME ]] && C=1; [[ ( x ) || y ]] && D=1\nexport A B C D",
    "[[ $PATHLIKE == *.tar.gz ]] && A=1; [[ ! -e missing ]] && B=1; [[ ! a == b ]] && C=1\nexport A B C",
    "has bash && A=1; has missing_tool || B=1; has cd && C=1; has if && D=1; has layout_go && E=1; has ./bin/tool && F=1\nexport A B C D E F",
    "command -v bash >/dev/null && A=1; type cd &>/dev/null && B=1; which ls >/dev/null 2>&1 && C=1; command -v missing_x || D=1\nexport A B C D",
    "PATH_add bin\nhas tool && A=1\nPATH=/nowhere\nhas ls || B=1\nexport A B",
    "on_git_branch main || export A=1",
];

#[test]
fn every_hand_written_policy_means_the_same_to_direnv() {
    let sandbox = Sandbox::new();
    let mut wrong = Vec::new();
    for (number, case) in CASES.iter().enumerate() {
        let (text, excepted) = case.split_once(" @").unwrap_or((case, ""));
        let directory = sandbox.project(&number.to_string());
        let file = directory.join(".envrc");
        std::fs::write(&file, text).unwrap();
        let goenv = match sandbox.goenv(&file, text.as_bytes()) {
            Ok(wanted) => pairs_wanted(&wanted),
            Err(error) => {
                wrong.push(format!("refused:\n{text}\n{error}"));
                continue;
            }
        };
        let direnv = match sandbox.direnv_env(&directory) {
            Ok(pairs) => pairs,
            Err(error) => {
                wrong.push(format!("direnv refuses:\n{text}\n{error}"));
                continue;
            }
        };
        let mut found = differences(&goenv, &direnv);
        found.retain(|line| line.split(':').next() != Some(excepted));
        if !found.is_empty() {
            wrong.push(format!("differs:\n{text}\n  {}", found.join("\n  ")));
        }
        // The whole way: allow, exec, and this machine's answers instead of the test's.
        match sandbox.program_env(&directory, &[&["allow"]]) {
            Ok(program) if program == goenv => {}
            Ok(program) => {
                let found = differences(&program, &goenv).join("\n  ");
                wrong.push(format!("the program differs:\n{text}\n  {found}"));
            }
            // It verifies pins, and these are made up.
            Err(error) if text.contains("linux/amd64=") && error.contains("hash") => {}
            Err(error) => wrong.push(format!("the program refuses:\n{text}\n{error}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n\n{}", wrong.len(), CASES.len(), wrong.join("\n\n"));
}
