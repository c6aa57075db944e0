# Prints the microseconds that an unchanged prompt costs bash, the best of ten batches: guard.bash GOENV DIRECTORY.
eval "$("$1" hook bash)"
cd "$2" || exit 1
_goenv_hook
sleep 0.05
_goenv_hook
[ -n "$_goenv_armed" ] || { echo "the guard is not armed" >&2; exit 1; }
empty() { return 0; }
rounds=300
best() {
  local batch i start end
  best=
  for batch in 1 2 3 4 5 6 7 8 9 10; do
    start=$EPOCHREALTIME
    for ((i = 0; i < rounds; i++)); do "$1"; done
    end=$EPOCHREALTIME
    taken=$((${end/./} - ${start/./}))
    [ -n "$best" ] && [ "$best" -lt "$taken" ] || best=$taken
  done
}
best empty
base=$best
best _goenv_hook
echo $(((best - base) / rounds))
