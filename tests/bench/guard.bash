# Prints the microseconds that an unchanged prompt costs bash: guard.bash GOENV DIRECTORY.
set -- "$1" "$2"
eval "$("$1" hook bash)"
cd "$2" || exit 1
_goenv_hook
sleep 0.05
_goenv_hook
[ "${#_goenv_changed[@]}" -gt 0 ] || { echo "the guard is not armed" >&2; exit 1; }
empty() { return 0; }
rounds=2000
measure() {
  local start=$EPOCHREALTIME i
  for ((i = 0; i < rounds; i++)); do "$1"; done
  local end=$EPOCHREALTIME
  taken=$((${end/./} - ${start/./}))
}
measure empty
base=$taken
measure _goenv_hook
echo $(((taken - base) / rounds))
