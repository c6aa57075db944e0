# Prints the microseconds that an unchanged prompt costs zsh, the best of ten batches: guard.zsh GOENV DIRECTORY.
zmodload zsh/datetime
eval "$($1 hook zsh)"
cd $2 || exit 1
_goenv_hook
sleep 0.05
_goenv_hook
[[ -n $_goenv_armed ]] || { echo "the guard is not armed" >&2; exit 1 }
empty() { : }
rounds=300
best() {
  local -F start taken
  best=1e9
  repeat 10; do
    start=$EPOCHREALTIME
    repeat $rounds; do $1; done
    taken=$(( EPOCHREALTIME - start ))
    (( taken < best )) && best=$taken
  done
}
best empty
base=$best
best _goenv_hook
printf '%.0f\n' $(( (best - base) * 1e6 / rounds ))
