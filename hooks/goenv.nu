# goenv for nushell, which reads code only when it starts, so this is kept in a file:
# goenv hook nushell | save --force ($nu.data-dir | path join vendor autoload goenv.nu)
#
# Before each prompt goenv says what this directory changes. nushell has no test of a file's time that is exact enough
# and cheap, so goenv is started at every prompt. Its hook for a change of directory runs at the prompt too: in
# `cd x; go build` the build still runs with the environment of the directory before. It is safe to source this twice.

def --env _goenv_hook [] {
  let text = (do --ignore-errors { ^@GOENV@ export nushell } | default '' | lines | str join)
  if ($text | is-empty) { return }
  let change = ($text | from json | transpose name value)
  hide-env --ignore-errors ...($change | where value == null | get name)
  # Last, and at once: the state is among these.
  load-env ($change | where value != null | reduce --fold {} {|it, all|
    let held = if $it.name in $env.ENV_CONVERSIONS {
      do ($env.ENV_CONVERSIONS | get $it.name | get from_string) $it.value
    } else if $it.name == PATH {
      $it.value | split row (char esep)
    } else {
      $it.value
    }
    $all | insert $it.name $held
  })
}

if "_goenv_hook" not-in $env.config.hooks.pre_prompt {
  $env.config.hooks.pre_prompt = ($env.config.hooks.pre_prompt | prepend "_goenv_hook")
}
