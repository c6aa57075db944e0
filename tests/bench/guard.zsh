# Prints the microseconds that an unchanged prompt costs zsh: guard.zsh GOENV DIRECTORY.
zmodload zsh/datetime
eval "$($1 hook zsh)"
cd $2 || exit 1
_goenv_hook
sleep 0.05
_goenv_hook
(( ${#_goenv_changed} )) || { echo "the guard is not armed" >&2; exit 1 }
empty() { : }
rounds=2000
measure() {
  local start=$EPOCHREALTIME
  repeat $rounds; do $1; done
  taken=$(( EPOCHREALTIME - start ))
}
measure empty
base=$taken
measure _goenv_hook
printf '%.0f\n' $(( (taken - base) * 1e6 / rounds ))
