# What `goenv completions bash` adds: values that only this machine knows, before those that clap_complete wrote.

_goenv_complete() {
  local word cur=${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  if [[ $cur != -* ]]; then
    while IFS= read -r word; do
      if [[ $word == "$cur"* ]]; then
        COMPREPLY+=("$word")
      fi
    done < <(_goenv_values)
  fi
  if [[ ${#COMPREPLY[@]} -eq 0 ]]; then
    _goenv "$@"
  fi
}

# Prints the releases that are here, or the variables that the policy sets, where the command line takes one.
_goenv_values() {
  case "$COMP_CWORD ${COMP_WORDS[*]:1:2} " in
  "2 pin "* | "2 uninstall "* | "3 sdk remove "* | "3 sdk verify "*)
    goenv sdk list 2>/dev/null | sed 's/^..go\([^ ]*\).*/\1/'
    ;;
  "2 why "*)
    goenv why 2>/dev/null | cut -f 1
    ;;
  esac
}
