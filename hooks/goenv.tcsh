# goenv for tcsh: eval "`goenv hook tcsh`", at the end of ~/.tcshrc.
#
# Before each prompt, and at each change of directory, goenv says what this directory changes. In `cd x && go build` the
# build runs with the environment of x. tcsh has no test of a file's time that is exact enough, so goenv is started at
# every prompt. The status of the last command is kept, and it is safe to source this twice.
#
# `eval` makes one line of this: every statement ends with `;`, the comments are left out, and nothing here is a pattern,
# so that it works without the quotes too, as people know it from direnv.

# A value with a newline cannot stand in a line.
printf "set _goenv_newline='\134\012'\012" | source /dev/stdin ;

alias _goenv_export @GOENV@' export tcsh' ;

# No script has a prompt, but each has cwdcmd: so it is the first prompt that adds to that one.
if ( "`alias _goenv_hook`" == "" ) alias precmd "_goenv_prompt; `alias precmd`" ;
if ( "`alias _goenv_hook`" == "" ) alias _goenv_prompt 'alias _goenv_prompt _goenv_hook; alias cwdcmd "_goenv_hook; `alias cwdcmd`"; _goenv_hook' ;
alias _goenv_hook 'eval "`_goenv_export`"' ;
