# goenv for elvish: eval (goenv hook elvish | slurp), at the end of ~/.config/elvish/rc.elv.
#
# Before each prompt, and at each change of directory, goenv says what this directory changes. In `cd x; go build` the
# build runs with the environment of x. elvish has no test of a file's time, so goenv is started at every prompt. It is
# safe to source this twice. (`elv` is `elvish`, by a name that direnv has no other text for.)

fn _goenv_hook {|@_goenv_arguments|
  var text = (try {
    @GOENV@ export elv
  } catch e {
    # What goenv ends with says nothing more than it said; that it cannot be started does.
    if (not (has-key $e[reason] type)) {
      echo 'goenv: '(to-string $e[reason]) >&2
    }
  } | slurp)
  eval $text
}

# A hook is known by the name of its arguments.
fn is-there {|hooks|
  has-value [(each {|hook| try { all $hook[arg-names] } catch e { nop } } $hooks)] _goenv_arguments
}
if (not (is-there $edit:before-readline)) {
  set edit:before-readline = [$_goenv_hook~ $@edit:before-readline]
}
if (not (is-there $after-chdir)) {
  set after-chdir = [$_goenv_hook~ $@after-chdir]
}
