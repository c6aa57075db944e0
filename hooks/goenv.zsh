# goenv for zsh: eval "$(goenv hook zsh)" at the end of ~/.zshrc.
#
# Before each prompt, and at each change of directory, goenv says what this directory changes, if anything can have
# changed: the shell asks that by itself and starts no process otherwise. In `cd x && go build` the build runs with
# the environment of x. The status of the last command is kept, no trap and no option is touched, and it is safe to
# source this twice.

_goenv_hook() {
  \builtin emulate -L zsh
  \builtin local _goenv_text
  \builtin local -a _goenv_guard
  # Where goenv said what to ask: nothing that it looked at has another time, nothing absent has appeared.
  if [[ -n $_goenv_armed && "$PWD:$PATH:$GOROOT:${GOENV_STATE:+${#GOENV_STATE}}" == "$_goenv_here" ]] && _goenv_same &&
    [[ -z $_goenv_until || $EPOCHSECONDS -lt $_goenv_until ]]; then
    \builtin return
  fi
  _goenv_armed=
  # A subshell has the process id of its shell, whose stamps are not its own, and one of zpty the name: they are not guarded.
  (( ZSH_SUBSHELL )) || [[ $_goenv_shell != $$-* ]] || _goenv_guard=(--guard $_goenv_shell)
  _goenv_text=$(\builtin command @GOENV@ export zsh $_goenv_guard) || \builtin true
  \builtin eval "$_goenv_text" || \builtin true
  _goenv_here="$PWD:$PATH:$GOROOT:${GOENV_STATE:+${#GOENV_STATE}}"
}

\builtin typeset -ga precmd_functions chpwd_functions
\builtin typeset -g _goenv_armed= _goenv_here _goenv_until
# This shell's name for its stamps: another container that shares them can have a shell with the same process id.
\builtin typeset -g _goenv_shell=$$-$RANDOM$RANDOM
\builtin zmodload -F zsh/datetime p:EPOCHSECONDS 2>/dev/null
# Said so that it means the same under KSH_ARRAYS.
if [[ -z ${precmd_functions[(re)_goenv_hook]-} ]]; then
  precmd_functions=(_goenv_hook "${precmd_functions[@]}")
fi
if [[ -z ${chpwd_functions[(re)_goenv_hook]-} ]]; then
  chpwd_functions=(_goenv_hook "${chpwd_functions[@]}")
fi
