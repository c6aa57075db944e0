# What `goenv completions zsh` adds: values that only this machine knows.

_goenv_releases() {
  local -a lines
  lines=(${${(f)"$(goenv sdk list 2>/dev/null)"}#??go})
  compadd -- ${lines%% *}
}

_goenv_variables() {
  local -a lines
  lines=(${(f)"$(goenv why 2>/dev/null)"})
  compadd -- ${lines%%$'\t'*}
}

