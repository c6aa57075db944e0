# goenv for bash 3.2 and later: eval "$(goenv hook bash)" at the end of ~/.bashrc.
#
# Before each prompt goenv says what this directory changes, if anything can have changed: the shell asks that by
# itself and starts no process otherwise. The status of the last command is kept, no trap and no option is touched,
# no alias and no function of the user's bends it, and it is safe to source this twice. bash has no hook for a change of
# directory, so in `cd x && go build` the build still runs with the environment of the directory before.

_goenv_hook() {
  \local _goenv_status="$?" _goenv_text
  # Where goenv said what to ask: nothing that it looked at has another time, nothing absent has appeared.
  # (`test`, because `[[` would take what it compares for a pattern, which costs more than all the rest.)
  if [[ -n "${_goenv_armed-}" ]] && \builtin test "${PWD-}:${PATH-}:${GOROOT-}:${GOENV_STATE:+${#GOENV_STATE}}" = "$_goenv_here" && _goenv_same &&
    [[ -z "${_goenv_until-}" || "${EPOCHSECONDS-0}" -lt "$_goenv_until" ]]; then
    \return "$_goenv_status"
  fi
  _goenv_armed=
  _goenv_text=$(\builtin command @GOENV@ export bash --guard "$_goenv_shell") || \:
  \eval "$_goenv_text" || \:
  _goenv_here="${PWD-}:${PATH-}:${GOROOT-}:${GOENV_STATE:+${#GOENV_STATE}}"
  \return "$_goenv_status"
}

# This shell's name for its stamps: another container that shares them can have a shell with the same process id.
_goenv_shell="$$-$RANDOM$RANDOM"
# Another shell's, where that exported all that it set.
_goenv_armed=

# PROMPT_COMMAND stays what it is: the tools that find a string there go on taking it for one (bash-preexec, starship), and
# in an array, from bash 5.1 on, each command sees every status of the last pipeline, which in a string the hook hides from
# the user's. One that is exported is handed down to shells that may have no hook: there it is no word. Before `&&` the
# status that the hook passes on neither ends a shell under `set -e` nor runs an ERR trap a second time.
# shellcheck disable=SC2016,SC2128,SC2178 # it is the one or the other, and expanded at the prompt
if [[ " ${PROMPT_COMMAND[*]-} " != *_goenv_hook* ]]; then
  if [[ "$(\declare -p PROMPT_COMMAND 2>/dev/null)" == "declare -a"* ]] &&
    ((BASH_VERSINFO[0] > 5 || (BASH_VERSINFO[0] == 5 && BASH_VERSINFO[1] >= 1))); then
    PROMPT_COMMAND=('_goenv_hook && \:' ${PROMPT_COMMAND[@]+"${PROMPT_COMMAND[@]}"})
  else
    PROMPT_COMMAND='${_goenv_shell:+"_goenv_hook"} && \:'"${PROMPT_COMMAND:+;$PROMPT_COMMAND}"
  fi
fi
