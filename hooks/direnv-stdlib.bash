# shellcheck shell=bash disable=SC1090,SC2154
# The functions that an .envrc finds, for a script of your own: eval "$(direnv stdlib)". They read what the script names,
# approved or not, as the script itself does, and nothing is watched.
shopt -s extglob nullglob

# FUNCTIONS
# The script's own shell reads.
unset -f source . direnv

watch_file() { :; }
watch_dir() { :; }
__goenv_watch() { :; }

__goenv_native() {
  case $1 in
  dotenv) eval "$("$direnv" dotenv bash "$2")" ;;
  layout)
    log_error "layout $2: it is there in an .envrc alone"
    return 1
    ;;
  esac
}

# Usage: __goenv_include MODE PATH NAME
__goenv_include() { builtin source "$3"; }

direnv_apply_dump() { eval "$("$direnv" apply_dump "$1")"; }
