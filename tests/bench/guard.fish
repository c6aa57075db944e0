# Prints the microseconds that an unchanged prompt costs fish: guard.fish GOENV DIRECTORY.
$argv[1] hook fish | source
cd $argv[2]; or exit 1
_goenv_hook
sleep 0.05
_goenv_hook
if not set -q _goenv_changed[1]
    echo "the guard is not armed" >&2
    exit 1
end
function empty
end
set rounds 1000
function measure
    set start (date +%s%N)
    for i in (seq $rounds)
        $argv[1]
    end
    math (date +%s%N) - $start
end
set base (measure empty)
set taken (measure _goenv_hook)
math --scale=0 "($taken - $base) / $rounds / 1000"
