# shellcheck shell=bash
# goenv's commands for direnv: put this file into direnv's lib/ directory, and an .envrc in goenv's policy language
# works with both tools.
#
#   mkdir -p ~/.config/direnv/lib && goenv direnv-lib > ~/.config/direnv/lib/goenv.sh
#
# direnv does not verify pins and does not enforce allow_go, deny_go, promote and lock: goenv does, and `goenv check`.

# PATH before the policy, and the entry that the last `use go` put there.
__goenv_outer=${PATH-} __goenv_bin=''

# Usage: use go [VERSION] [OS/ARCH=HASH...]
#
# Finds the SDK among those that goenv installed and in the usual places, by what its VERSION file says. A missing
# SDK ends the whole policy, so that no other Go runs instead.
use_go() {
  local goenv_version='' goenv_root
  if [[ $# -gt 0 && $1 != *=* ]]; then
    goenv_version=$1
  else
    goenv_version=$(__goenv_requested) || exit 1
    watch_file "${goenv_version#* }"
    goenv_version=${goenv_version%% *}
  fi
  if ! goenv_root=$(__goenv_find "$goenv_version"); then
    log_error "Go $goenv_version is not installed: goenv sdk install $goenv_version"
    exit 1
  fi
  export GOROOT=$goenv_root GOTOOLCHAIN=local
  __goenv_drop
  __goenv_bin=$goenv_root/bin
  export -n __goenv_bin
  PATH_add "$goenv_root/bin"
}

# Takes the entry of an earlier `use go` off PATH; one that was there before the policy stays.
__goenv_drop() {
  local path=:${PATH-}:
  if [[ -n $__goenv_bin ]] && (($(__goenv_count "$path") > $(__goenv_count ":$__goenv_outer:"))); then
    path=${path%%":$__goenv_bin:"*}:${path#*":$__goenv_bin:"}
    path=${path#:}
    PATH=${path%:}
  fi
}

# Prints how often that entry is in a list.
__goenv_count() {
  local rest=$1 count=0
  while [[ $rest == *":$__goenv_bin:"* ]]; do
    rest=:${rest#*":$__goenv_bin:"}
    count=$((count + 1))
  done
  echo "$count"
}

# Prints the root of the SDK of the given version.
__goenv_find() {
  local os=linux arch=$HOSTTYPE candidate found
  case $OSTYPE in
  darwin*) os=darwin ;;
  freebsd*) os=freebsd ;;
  esac
  case $HOSTTYPE in
  x86_64) arch=amd64 ;;
  aarch64) arch=arm64 ;;
  i?86) arch=386 ;;
  esac
  for candidate in "${XDG_DATA_HOME:-$HOME/.local/share}/goenv/sdks/go$1.$os-$arch" \
    "$HOME/sdk/go$1" /usr/local/go "/usr/lib/go-${1%.*}"; do
    found=''
    if [[ -x $candidate/bin/go && -r $candidate/VERSION ]]; then
      read -r found <"$candidate/VERSION" || :
    fi
    if [[ $found == "go$1" ]]; then
      cd -P "$candidate" >/dev/null && pwd -P
      return
    fi
  done
  return 1
}

# Prints the version that the nearest version files ask for, and the file: .go-version or .tool-versions name it exactly; else the
# toolchain line, or the go line, of go.work or go.mod.
__goenv_requested() {
  local name file word version rest go toolchain
  for name in .go-version .tool-versions go.work go.mod; do
    file=$(find_up "$name") || continue
    go='' toolchain=''
    while read -r word version rest || [[ -n $word ]]; do
      case $name:$word in
      .go-version:[0-9g]*) go=${word#go} ;;
      .tool-versions:golang | .tool-versions:go | go.*:go) go=$version ;;
      go.*:toolchain) toolchain=${version#go} ;;
      esac
    done <"$file"
    if [[ -n ${toolchain:-$go} ]]; then
      echo "${toolchain:-$go} $file"
      return
    fi
  done
  log_error "use go: no version given, and none in .go-version, .tool-versions, go.work or go.mod"
  return 1
}

# Usage: target OS/ARCH [cgo=0|1] [KEY=VALUE...]
target() {
  export "GOOS=${1%%/*}" "GOARCH=${1#*/}"
  shift
  while (($#)); do
    case $1 in
    cgo=*) export "CGO_ENABLED=${1#cgo=}" ;;
    *) export "${1?}" ;;
    esac
    shift
  done
}

# Usage: lock NAME=VALUE...
lock() {
  # shellcheck disable=SC2163 # the arguments are assignments
  export "$@"
}

# What may run where is goenv's business: these say nothing to direnv.
allow_go() { :; }
deny_go() { :; }
promote() { :; }
