__goenv_eval() { builtin eval "$__goenv_body"; }
# The line above is the first one, so that bash counts the lines of a policy from 1.
#
# What an .envrc finds where `goenv allow --bash` or a signature lets bash evaluate it: direnv's functions, and goenv's
# own. goenv runs this file with bash -c, reads the policy's bytes once and says them over the socket that is stdin
# here; the environment at the end goes back the same way. Every text that the policy reads is asked for there too.
# Messages are fields that end in a NUL: a word, a count, and so many fields. See docs/language.md, "The bash engine".

if ((BASH_VERSINFO[0] < 4 || (BASH_VERSINFO[0] == 4 && BASH_VERSINFO[1] < 4))); then
  builtin printf 'goenv: bash %s is too old: 4.4 or later is needed\n' "$BASH_VERSION" >&2
  builtin exit 1
fi
# Not `builtin exec`, whose redirections bash takes back.
exec {__goenv_fd}<&0 </dev/null
shopt -s extglob nullglob
export DIRENV_IN_ENVRC=1

# The file whose text runs, as goenv knows it; as bash would name it; what came back; whether a failure was told.
__goenv_file='' __goenv_source=() __goenv_answer='' __goenv_fields=() __goenv_told='' __goenv_ended='' __goenv_bin=''

# --- The conversation with goenv ---

__goenv_tell() { builtin printf '%s\0' "$1" "$(($# - 1))" "${@:2}" >&"$__goenv_fd"; }

# Reads so many fields into the array of this name. Not `read` with variables before it: for each of them bash would make
# the whole environment anew.
__goenv_hear() {
  builtin mapfile -d '' -t -n "$2" -u "$__goenv_fd" "$1"
  local -n __goenv_heard=$1
  [[ ${#__goenv_heard[@]} -eq $2 ]] || builtin exit 1
}

# Asks, and reads the answer into __goenv_answer and __goenv_fields. Where the answer is no, goenv knows why.
__goenv_ask() {
  local -a __goenv_head=()
  __goenv_tell "$@"
  __goenv_hear __goenv_head 2
  __goenv_answer=${__goenv_head[0]}
  __goenv_fields=()
  # Zero would be all that is to come.
  [[ ${__goenv_head[1]} == 0 ]] || __goenv_hear __goenv_fields "${__goenv_head[1]}"
  if [[ $__goenv_answer == no ]]; then
    __goenv_told=yes
    builtin exit 1
  fi
}

# Says what a program started now would find in its environment.
__goenv_env() {
  local -a __goenv_entries=() __goenv_names=()
  local __goenv_name
  builtin mapfile -t __goenv_names < <(builtin compgen -e)
  for __goenv_name in "${__goenv_names[@]}"; do
    # Named but not set, or an array: bash gives neither to a program.
    if [[ -n ${!__goenv_name+set} && ${!__goenv_name@a} != *[aA]* ]]; then
      __goenv_entries+=("$__goenv_name=${!__goenv_name}")
    fi
  done
  __goenv_tell env "${__goenv_entries[@]}"
}

# Sets __goenv_line to the line of the policy's own command that runs: outside of the functions of this file.
__goenv_place() {
  local at
  for ((at = 1; at < ${#FUNCNAME[@]}; at++)); do
    __goenv_line=${BASH_LINENO[at - 1]}
    if [[ ${FUNCNAME[at]} == __goenv_eval || $__goenv_own != *" ${FUNCNAME[at]} "* ]]; then
      return 0
    fi
  done
}

# Runs one command of goenv's own language, in goenv, and takes over what it sets.
__goenv_native() {
  local __goenv_line
  __goenv_place
  __goenv_env
  __goenv_ask native "$__goenv_file" "$__goenv_line" "$PWD" "$@"
  __goenv_apply
}

# Takes over what goenv says. Of an integer bash would compute the value, and run the commands in it.
__goenv_apply() {
  local -
  builtin set +u
  local __goenv_field
  for __goenv_field in "${__goenv_fields[@]}"; do
    local -n __goenv_held=${__goenv_field%%=*}
    if [[ ${__goenv_held@a} == *i* ]]; then
      log_error "${__goenv_field%%=*} is an integer here, and what is set is not computed: declare it otherwise"
      return 1
    fi
    case $__goenv_field in
    *=*) builtin export "${__goenv_field?}" ;;
    *) builtin unset -v "$__goenv_field" ;;
    esac
  done
}

# Usage: __goenv_include MODE PATH NAME [ARGUMENT...]
#
# Runs the text that goenv says for PATH, where somebody approved it: in bash if that is what it was approved for, else
# in goenv. The text sees NAME in BASH_SOURCE, which bash would not let anybody set.
__goenv_include() {
  local __goenv_line __goenv_back=$__goenv_file
  local -a __goenv_sources=("${__goenv_source[@]}")
  __goenv_place
  [[ $1 == policy ]] || __goenv_env
  __goenv_ask text "$__goenv_file" "$__goenv_line" "$PWD" "$1" "$2"
  case $__goenv_answer in
  native) __goenv_apply ;;
  missing) return 1 ;;
  *)
    __goenv_file=$2
    __goenv_source=("$3" "${__goenv_sources[@]}")
    __goenv_body=${__goenv_fields[0]//BASH_SOURCE/__goenv_source}$'\n\n__goenv_ended=yes'
    __goenv_ended=''
    shift 3
    __goenv_eval "$@"
    # Under `set +e` bash goes on behind a `return 1`.
    if [[ $? -ne 0 && -z $__goenv_ended ]]; then
      __goenv_failed 1 0 return
    fi
    __goenv_file=$__goenv_back
    __goenv_source=("${__goenv_sources[@]}")
    ;;
  esac
}

# Called where a command fails that nothing asks for its status, as by `set -e`.
__goenv_failed() {
  local __goenv_line=$2 __goenv_word=fail
  if [[ $3 == "builtin eval "* || $3 == __goenv_eval* || $3 == return ]]; then
    # Of which bash does not say the line.
    __goenv_word=returned __goenv_line=0
  elif [[ $__goenv_own == *" ${FUNCNAME[1]-} "* && ${FUNCNAME[1]-} != __goenv_eval ]]; then
    __goenv_place
  fi
  if [[ -z $__goenv_told && $BASH_SUBSHELL -eq 0 ]]; then
    __goenv_told=yes
    __goenv_tell "$__goenv_word" "$1" "$__goenv_file" "$__goenv_line"
  fi
  builtin exit "$1"
}

__goenv_exit() {
  builtin trap - ERR
  builtin set +e
  if [[ $1 -eq 0 ]]; then
    __goenv_env
    __goenv_tell end
  elif [[ -z $__goenv_told ]]; then
    __goenv_tell fail "$1" "$__goenv_file" 0
  fi
}

# --- Names and paths ---

# What a file or a program says is no name: in ${!name} bash would run the command in `a[$(command)]`.
__goenv_named() {
  if [[ $1 != [a-zA-Z_]*([a-zA-Z0-9_]) ]]; then
    log_error "$1 is no name of a variable"
    return 1
  fi
}

# Sets __goenv_path to a path made absolute, `.` and `..` taken out, links not followed.
__goenv_expand() {
  local rest part out=''
  case $1 in
  /*) rest=$1/ ;;
  *) rest=${2-$PWD}/$1/ ;;
  esac
  [[ $rest == /* ]] || rest=$PWD/$rest
  # POSIX leaves it to the system what two slashes mean.
  [[ $rest != //[!/]* ]] || out=/
  while [[ -n $rest ]]; do
    part=${rest%%/*}
    rest=${rest#*/}
    case $part in
    '' | .) ;;
    ..) out=${out%/*} ;;
    *) out+=/$part ;;
    esac
  done
  __goenv_path=${out:-/}
}

# Usage: expand_path PATH [BASE]
expand_path() {
  __goenv_expand "$@"
  builtin printf '%s\n' "$__goenv_path"
}

# Usage: user_rel_path PATH
user_rel_path() {
  local path=${1#-}
  [[ $path != "$HOME"* ]] || path="~${path#"$HOME"}"
  builtin printf '%s\n' "$path"
}

# Usage: find_up FILE
find_up() {
  local directory=$PWD
  while :; do
    if [[ -f $directory/$1 ]]; then
      builtin printf '%s\n' "${directory%/}/$1"
      return 0
    fi
    [[ -n $directory && $directory != / ]] || return 1
    directory=${directory%/*}
  done
}

# Usage: path_add NAME DIR...
path_add() {
  __goenv_named "$1" || return 1
  local __goenv_name=$1 __goenv_new='' __goenv_dir
  shift
  for __goenv_dir in "$@"; do
    __goenv_expand "$__goenv_dir"
    if [[ $__goenv_path == *:* ]]; then
      log_error "$__goenv_path has a colon in its name, which would make two entries of $__goenv_name"
      return 1
    fi
    __goenv_new+=$__goenv_path:
  done
  __goenv_new+=${!__goenv_name-}
  builtin export "$__goenv_name=${__goenv_new%:}"
}

# Usage: PATH_add DIR...
PATH_add() { path_add PATH "$@"; }

# Usage: path_rm NAME PATTERN...
path_rm() {
  __goenv_named "$1" || return 1
  local __goenv_name=$1 __goenv_kept='' __goenv_rest __goenv_entry __goenv_pattern
  __goenv_rest=${!__goenv_name-}
  # An empty entry at the end is lost, as direnv has it.
  __goenv_rest=${__goenv_rest%:}:
  shift
  while [[ -n $__goenv_rest ]]; do
    __goenv_entry=${__goenv_rest%%:*}
    __goenv_rest=${__goenv_rest#*:}
    for __goenv_pattern in "$@"; do
      # shellcheck disable=SC2053 # the patterns are patterns
      [[ $__goenv_entry != +($__goenv_pattern) ]] || continue 2
    done
    __goenv_kept+=$__goenv_entry:
  done
  builtin export "$__goenv_name=${__goenv_kept%:}"
}

# Usage: PATH_rm PATTERN...
PATH_rm() { path_rm PATH "$@"; }

# Usage: MANPATH_add DIR
#
# An empty entry stands for what man looks at by itself.
MANPATH_add() {
  __goenv_expand "$1"
  builtin export "MANPATH=$__goenv_path:${MANPATH-}"
}

# Usage: load_prefix DIR
load_prefix() {
  local prefix
  __goenv_expand "$1"
  prefix=$__goenv_path
  MANPATH_add "$prefix/man"
  MANPATH_add "$prefix/share/man"
  path_add CPATH "$prefix/include"
  path_add LD_LIBRARY_PATH "$prefix/lib"
  path_add LIBRARY_PATH "$prefix/lib"
  path_add PATH "$prefix/bin"
  path_add PKG_CONFIG_PATH "$prefix/lib/pkgconfig"
}

# Usage: semver_search DIR PREFIX PARTIAL
semver_search() {
  local directory=$1 prefix=$2 partial=$3 entry
  local -a versions=()
  for entry in "$directory/$prefix$partial"*; do
    if [[ -d $entry ]]; then
      entry=${entry##*/}
      versions+=("${entry#"$prefix"}")
    fi
  done
  if ((${#versions[@]} == 0)); then
    return 1
  fi
  builtin printf '%s\n' "${versions[@]}" | sort -t . -k 1,1n -k 2,2n -k 3,3n | tail -n 1
}

# --- What is watched and read ---

__goenv_watch() {
  local path
  for path in "$@"; do
    [[ $path == /* ]] || path=$PWD/$path
    __goenv_tell watch "$path"
  done
}

# Usage: watch_file PATH...
watch_file() { __goenv_watch "$@"; }

# Usage: watch_dir DIR
watch_dir() { __goenv_native watch_dir "$1"; }

# Variables of these functions that a text or a `.env` file could mean have names that none uses: they would be set here.

# Usage: dotenv [FILE]
dotenv() {
  local __goenv_asked=${1:-.env}
  __goenv_watch "$__goenv_asked"
  if [[ ! -e $__goenv_asked ]]; then
    log_error "there is no $__goenv_asked"
    return 1
  fi
  __goenv_native dotenv "$__goenv_asked"
}

# Usage: dotenv_if_exists [FILE]
dotenv_if_exists() {
  local __goenv_asked=${1:-.env}
  __goenv_watch "$__goenv_asked"
  [[ ! -f $__goenv_asked ]] || dotenv "$__goenv_asked"
}

# Usage: source_env FILE|DIR
source_env() {
  local __goenv_asked=$1 __goenv_before=$PWD
  # shellcheck disable=SC2088 # a quoted tilde means the home all the same
  if [[ $__goenv_asked == '~' || $__goenv_asked == '~/'* ]]; then
    __goenv_asked=$HOME${__goenv_asked:1}
  fi
  [[ ! -d $__goenv_asked ]] || __goenv_asked=$__goenv_asked/.envrc
  __goenv_watch "$__goenv_asked"
  if [[ ! -f $__goenv_asked ]]; then
    log_error "there is no $__goenv_asked"
    return 1
  fi
  [[ $__goenv_asked == */* ]] || __goenv_asked=./$__goenv_asked
  builtin cd -- "${__goenv_asked%/*}/"
  __goenv_asked=${__goenv_asked##*/}
  __goenv_expand "$__goenv_asked"
  __goenv_include source_env "$__goenv_path" "./$__goenv_asked"
  builtin cd -- "$__goenv_before"
}

# Usage: source_env_if_exists FILE
source_env_if_exists() {
  __goenv_watch "$1"
  [[ ! -f $1 ]] || source_env "$1"
}

__goenv_up() {
  local __goenv_found
  if __goenv_found=$(builtin cd .. && find_up "$1"); then
    source_env "$__goenv_found"
  elif [[ $2 == required ]]; then
    log_error "there is no $1 in any directory above"
    return 1
  fi
}

# Usage: source_up [FILE]
source_up() { __goenv_up "${1:-.envrc}" required; }

# Usage: source_up_if_exists [FILE]
source_up_if_exists() { __goenv_up "${1:-.envrc}" optional; }

# The text of a file runs only if somebody approved it, whatever command reads it. What a program writes into a pipe is
# the program's doing, as in eval "$(program)".
__goenv_read() {
  local __goenv_asked=$1
  # Only one that is open here: a pipe with a name may be anybody's.
  if [[ ($__goenv_asked == /dev/stdin || $__goenv_asked == /dev/fd/+([0-9])) && -p $__goenv_asked ]]; then
    local __goenv_text
    __goenv_text=$(<"$__goenv_asked")
    shift
    builtin eval "$__goenv_text"
    return
  fi
  shift
  __goenv_expand "$__goenv_asked"
  __goenv_include source "$__goenv_path" "$__goenv_asked" "$@"
}
source() { __goenv_read "$@"; }
.() { __goenv_read "$@"; }

# Usage: fetchurl URL [HASH], source_url URL HASH
fetchurl() {
  log_error "fetchurl: nothing is downloaded at a prompt: keep the file in the repository"
  return 1
}
source_url() {
  log_error "source_url: nothing is downloaded at a prompt: keep the file in the repository, and use source_env"
  return 1
}

# --- The environment of other programs ---

# direnv's command line, as goenv answers it: `$direnv` is where goenv is.
direnv() { (builtin exec -a direnv "$direnv" "$@"); }

# Usage: direnv_load COMMAND [ARGUMENT...]
#
# Takes over the environment of a program that COMMAND ends with, which is `direnv dump`.
direnv_load() {
  local __goenv_dump __goenv_status=0
  __goenv_dump=$(command mktemp -t goenv.XXXXXXXX)
  DIRENV_DUMP_FILE_PATH=$__goenv_dump "$@" || __goenv_status=$?
  if [[ $__goenv_status -eq 0 && ! -s $__goenv_dump ]]; then
    log_error "direnv_load: nothing was dumped: the command has to end with: direnv dump"
    __goenv_status=1
  fi
  if [[ $__goenv_status -eq 0 ]]; then
    direnv_apply_dump "$__goenv_dump"
  fi
  command rm -f -- "$__goenv_dump"
  return "$__goenv_status"
}

# Usage: direnv_apply_dump FILE
direnv_apply_dump() {
  local __goenv_line __goenv_text
  __goenv_text=$(<"$1")
  __goenv_place
  __goenv_env
  __goenv_ask load "$__goenv_file" "$__goenv_line" "$__goenv_text"
  __goenv_apply
}

# --- Asking and saying ---

# Usage: has COMMAND
has() { builtin type "$1" &>/dev/null; }

# Usage: join_args ARGUMENT...
join_args() { builtin printf '%q ' "$@"; }

# Usage: log_status MESSAGE..., log_error MESSAGE...
log_status() { builtin printf 'goenv: %s\n' "$*" >&2; }
log_error() { builtin printf 'goenv: %s\n' "$*" >&2; }

# Usage: strict_env [COMMAND...]
strict_env() { __goenv_strictness -euo pipefail "$@"; }

# Usage: unstrict_env [COMMAND...]
unstrict_env() { __goenv_strictness +euo pipefail "$@"; }

__goenv_strictness() {
  local __goenv_flags=$- __goenv_fails=+o
  builtin set "$1" "$2"
  if (($# == 2)); then
    return 0
  fi
  [[ :$SHELLOPTS: != *:pipefail:* ]] || __goenv_fails=-o
  shift 2
  "$@"
  builtin set +eu "$__goenv_fails" pipefail
  [[ $__goenv_flags != *u* ]] || builtin set -u
  [[ $__goenv_flags != *e* ]] || builtin set -e
}

# Usage: env_vars_required NAME...
env_vars_required() {
  local __goenv_name __goenv_missing=0
  for __goenv_name in "$@"; do
    __goenv_named "$__goenv_name" || return 1
    if [[ -z ${!__goenv_name-} || ${!__goenv_name@a} != *x* ]]; then
      log_error "$__goenv_name is required and not exported, or empty"
      __goenv_missing=1
    fi
  done
  return "$__goenv_missing"
}

# Usage: on_git_branch [BRANCH | -r REGEXP]
on_git_branch() {
  local git branch
  git=$(command git rev-parse --absolute-git-dir 2>/dev/null) || return 1
  __goenv_watch "$git/HEAD"
  if (($# == 0)); then
    return 0
  fi
  branch=$(command git symbolic-ref --quiet --short HEAD) || return 1
  case $1 in
  -r | --regexp) [[ $branch =~ $2 ]] ;;
  *) [[ $branch == "$1" ]] ;;
  esac
}

# Usage: direnv_version VERSION
#
# These are the functions of direnv 2.37.1.
direnv_version() {
  local asked=$1 wanted part
  if [[ $1 != +([0-9.]) ]]; then
    log_error "$1 is no version"
    return 1
  fi
  for part in 2 37 1; do
    wanted=${asked%%.*}
    if ((10#${wanted:-0} != part)); then
      ((10#${wanted:-0} < part)) && return 0
      log_error "direnv $1 is asked for, and these are the functions of 2.37.1"
      return 1
    fi
    case $asked in
    *.*) asked=${asked#*.} ;;
    *) asked='' ;;
    esac
  done
}

# --- Layouts ---

# Usage: direnv_layout_dir
direnv_layout_dir() { builtin printf '%s\n' "${direnv_layout_dir:-$PWD/.direnv}"; }

# Usage: layout NAME [ARGUMENT...]
layout() { "layout_$1" "${@:2}"; }

layout_go() {
  local directory
  directory=$(direnv_layout_dir)/go
  path_add GOPATH "$directory"
  PATH_add "$directory/bin"
  builtin export "GOBIN=$directory/bin"
}

layout_node() { PATH_add node_modules/.bin; }
layout_php() { PATH_add vendor/bin; }
layout_perl() {
  local directory
  directory=$(direnv_layout_dir)
  local -x direnv_layout_dir=$directory
  __goenv_native layout perl
}
layout_julia() { builtin export "JULIA_PROJECT=$PWD"; }

layout_ruby() {
  local directory
  directory=$(direnv_layout_dir)
  builtin export "GEM_HOME=$directory/ruby" "BUNDLE_BIN=$directory/bin"
  PATH_add "$GEM_HOME/bin"
  PATH_add "$BUNDLE_BIN"
}

# Usage: layout python [PROGRAM [ARGUMENT...]]
#
# Makes the virtual environment where there is none, or takes the one that VIRTUAL_ENV names.
layout_python() {
  local python=${1:-python} version
  shift "$(($# > 0))"
  if [[ -n ${VIRTUAL_ENV-} ]]; then
    __goenv_expand "$VIRTUAL_ENV"
  else
    # Nothing is imported: Python would look in this directory first.
    version=$("$python" -c 'import sys; print(sys.version.split()[0])')
    __goenv_expand "$(direnv_layout_dir)/python-$version"
  fi
  if [[ ! -d $__goenv_path ]]; then
    "$python" -I -m venv "$@" "$__goenv_path"
  fi
  builtin unset -v PYTHONHOME
  builtin export "VIRTUAL_ENV=$__goenv_path"
  PATH_add "$VIRTUAL_ENV/bin"
}
layout_python2() { layout_python python2 "$@"; }
layout_python3() { layout_python python3 "$@"; }

# Usage: layout pyenv VERSION...
#
# The first one comes first in PATH.
layout_pyenv() {
  local root version number
  root=$(pyenv root)
  builtin unset -v PYENV_VERSION
  for ((number = $#; number > 0; number--)); do
    version=${!number}
    if [[ ! -x $root/versions/$version/bin/python ]]; then
      log_error "layout pyenv: there is no python $version in $root/versions"
      return 1
    fi
    layout_python "$root/versions/$version/bin/python"
    builtin export "PYENV_VERSION=$version${PYENV_VERSION:+:$PYENV_VERSION}"
  done
}

# Usage: layout pipenv
#
# Makes the virtual environment where there is none.
layout_pipenv() {
  PIPENV_PIPFILE=${PIPENV_PIPFILE:-Pipfile}
  if [[ ! -f $PIPENV_PIPFILE ]]; then
    log_error "layout pipenv: there is no $PIPENV_PIPFILE: make one with pipenv"
    return 2
  fi
  VIRTUAL_ENV=$(pipenv --venv 2>/dev/null || :)
  if [[ ! -d $VIRTUAL_ENV ]]; then
    pipenv install --dev
    VIRTUAL_ENV=$(pipenv --venv)
  fi
  PATH_add "$VIRTUAL_ENV/bin"
  builtin export "PIPENV_ACTIVE=1" VIRTUAL_ENV
}

# --- Tools ---

# Usage: use NAME [ARGUMENT...]
use() {
  log_status "using $*"
  "use_$1" "${@:2}"
}

# Usage: use go [VERSION] [OS/ARCH=HASH...]
use_go() {
  local path=:${PATH-}:
  # The one of an earlier `use go` goes.
  if [[ -n $__goenv_bin && $path == *":$__goenv_bin:"* ]]; then
    path=${path%%":$__goenv_bin:"*}:${path#*":$__goenv_bin:"}
    path=${path#:}
    PATH=${path%:}
  fi
  __goenv_native use go "$@"
  __goenv_bin=$GOROOT/bin
}

target() { __goenv_native target "$@"; }
lock() { __goenv_native lock "$@"; }
allow_go() { __goenv_native allow_go "$@"; }
deny_go() { __goenv_native deny_go "$@"; }
promote() { __goenv_native promote "$@"; }

# Usage: use node [VERSION]
#
# A version among those in $NODE_VERSIONS; without one, from .nvmrc or .node-version.
use_node() {
  local version=${1-} file found
  if [[ -z $version ]]; then
    for file in .nvmrc .node-version; do
      __goenv_watch "$file"
      if [[ -z $version && -f $file ]]; then
        builtin read -r version <"$file" || :
      fi
    done
  fi
  if [[ -z $version || -z ${NODE_VERSIONS-} ]]; then
    log_error "use node: no version is given, or NODE_VERSIONS does not say where they are"
    return 1
  fi
  if [[ $version == */* ]]; then
    log_error "use node: $version is no version"
    return 1
  fi
  # A `v` may stand in the prefix, in the version or in both.
  found=$(semver_search "$NODE_VERSIONS" "${NODE_VERSION_PREFIX-node-v}" "$version") ||
    found=$(semver_search "$NODE_VERSIONS" "${NODE_VERSION_PREFIX-node-v}" "${version#v}") || {
    log_error "use node: there is no node $version in $NODE_VERSIONS"
    return 1
  }
  found=$NODE_VERSIONS/${NODE_VERSION_PREFIX-node-v}$found
  if [[ ! -x $found/bin/node ]]; then
    log_error "use node: there is no program node in $found/bin"
    return 1
  fi
  load_prefix "$found"
}

# Usage: use nix [ARGUMENT...]
use_nix() {
  local entry
  __goenv_watch shell.nix default.nix
  while IFS='' builtin read -r -d '' entry; do
    case ${entry%%=*} in
    PWD | OLDPWD | SHLVL | SHELL | _ | TEMP | TEMPDIR | TMP | TMPDIR | NIX_ENFORCE_PURITY) ;;
    [!a-zA-Z_]* | *[!a-zA-Z0-9_]*) ;;
    *) builtin export "${entry?}" ;;
    esac
  done < <(nix-shell "$@" --run 'env -0' || __goenv_tell fail "$?" "$__goenv_file" 0)
}

# Usage: use flake [INSTALLABLE] [ARGUMENT...]
use_flake() {
  local code
  __goenv_watch flake.nix flake.lock
  code=$(nix --extra-experimental-features 'nix-command flakes' print-dev-env "$@")
  builtin eval "$code"
}

# Usage: use vim [FILE]
use_vim() { path_add DIRENV_EXTRA_VIMRC "${1:-.vimrc.local}"; }

# Usage: rvm ARGUMENT...
#
# Its own function takes the place of this one.
rvm() {
  builtin unset -f rvm
  # shellcheck disable=SC1091 # it is the user's
  source "${rvm_scripts_path:-${rvm_path:-$HOME/.rvm}/scripts}/rvm"
  rvm "$@"
}

# Usage: use rbenv
use_rbenv() {
  local code
  code=$(rbenv init - bash)
  builtin eval "$code"
}

# The functions of this file: the policy's own commands are those that run outside of them.
# No program says them: PATH may lead into a repository.
builtin mapfile -t __goenv_fields < <(builtin compgen -A function)
__goenv_own=" ${__goenv_fields[*]} "
builtin trap '__goenv_exit "$?"' EXIT
builtin trap '{ case $- in *e*) __goenv_failed "$?" "$LINENO" "$BASH_COMMAND" ;; esac; }' ERR
builtin set -eE
# Else `builtin source` and `command .` would read what nobody approved, and after `set -o posix` a plain `.` too.
builtin enable -n source .
__goenv_file=$1 direnv=$2 && builtin shift 2
__goenv_include policy "$__goenv_file" "./${__goenv_file##*/}"
