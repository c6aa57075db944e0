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

alias _goenv_hook 'eval "`_goenv_export`"' ;

# The alias periodic runs before each prompt where nobody says how often, and precmd stays the user's: `alias` shows a text
# to people, with ^[ for an escape, so that there is no way to put something before every text.
if ( "`alias periodic`" == "" && ! $?tperiod ) alias periodic _goenv_prompt ;
set _goenv_own = ( "`alias precmd`" ) ;
if ( "`alias periodic`" != _goenv_prompt && "$_goenv_own:s/_goenv_prompt//" == "$_goenv_own" ) alias precmd "_goenv_prompt; `alias precmd`" ;

# No script has a prompt, but each has cwdcmd: so it is the first prompt that adds to that one, if it is shown as it is. And
# it has tcsh forget the printf above, which would be job 1 until somebody asks for the jobs.
alias _goenv_prompt 'alias _goenv_prompt _goenv_hook; jobs > /dev/null; set _goenv_own = ( "`alias cwdcmd`" ); if ( "$_goenv_own:s/^//:s/_goenv_hook//" == "$_goenv_own" ) alias cwdcmd "_goenv_hook; `alias cwdcmd`"; _goenv_hook' ;
