# Prints the microseconds that an unchanged prompt costs fish, the best of ten batches: guard.fish GOENV DIRECTORY.
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
set rounds 300
function best
    set best 999999999999
    for batch in (seq 10)
        set start (date +%s%N)
        for i in (seq $rounds)
            $argv[1]
        end
        set taken (math (date +%s%N) - $start)
        test $taken -lt $best; and set best $taken
    end
    echo $best
end
math --scale=0 "($(best _goenv_hook) - $(best empty)) / $rounds / 1000"
