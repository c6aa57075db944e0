# goenv for zsh: eval "$(goenv hook zsh)" at the end of ~/.zshrc.
#
# Before each prompt, and at each change of directory, goenv says what this directory changes: in
# `cd x && go build` the build runs with the environment of x. The status of the last command is kept, no trap and
# no option is touched, and it is safe to source this twice.

_goenv_hook() {
  \builtin emulate -L zsh
  \builtin local _goenv_text
  _goenv_text=$(\builtin command @GOENV@ export zsh) || \builtin true
  \builtin eval "$_goenv_text" || \builtin true
}

\builtin typeset -ga precmd_functions chpwd_functions
if (( ! ${precmd_functions[(Ie)_goenv_hook]} )); then
  precmd_functions=(_goenv_hook $precmd_functions)
fi
if (( ! ${chpwd_functions[(Ie)_goenv_hook]} )); then
  chpwd_functions=(_goenv_hook $chpwd_functions)
fi
