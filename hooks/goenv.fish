# goenv for fish: goenv hook fish | source, in ~/.config/fish/config.fish.
#
# Before each prompt, and at each change of directory, goenv says what this directory changes, if anything can have
# changed: the shell asks that by itself and starts no process otherwise. In `cd x && go build` the build runs with
# the environment of x. The status of the last command is kept, and it is safe to source this twice.

# This shell's name for its stamps: another container that shares them can have a shell with the same process id.
set -g _goenv_shell $fish_pid-(random)(random)

# A script keeps the environment that it was started with, wherever it goes, as in bash and zsh.
if status is-interactive
    function _goenv_hook --on-event fish_prompt --on-variable PWD
        set -l _goenv_status $status
        # Where goenv said what to ask: nothing that it looked at has another time, nothing absent has appeared, and the
        # approval has not ended, which the age of a file tells: fish has no other clock.
        if set -q _goenv_changed[1]; and test "$PWD:$PATH:$GOROOT:$GOENV_STATE" = "$_goenv_here"; and not test $_goenv_changed
            and begin; not set -q _goenv_until[1]; or test (builtin path mtime -R -- $_goenv_until[1]) -lt $_goenv_until[2] 2>/dev/null; end
            return $_goenv_status
        end
        set -g _goenv_changed
        set -g _goenv_until
        command @GOENV@ export fish --guard $_goenv_shell | builtin source
        set -g _goenv_here "$PWD:$PATH:$GOROOT:$GOENV_STATE"
        return $_goenv_status
    end
end
