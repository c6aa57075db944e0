# goenv for fish: goenv hook fish | source, in ~/.config/fish/config.fish.
#
# Before each prompt, and at each change of directory, goenv says what this directory changes: in
# `cd x && go build` the build runs with the environment of x. The status of the last command is kept, and it is
# safe to source this twice.

function _goenv_hook --on-event fish_prompt --on-variable PWD
    set -l _goenv_status $status
    command @GOENV@ export fish | source
    return $_goenv_status
end
