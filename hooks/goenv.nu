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
  let conversions = ($env.ENV_CONVERSIONS? | default {})
  # Before anything changes: a conversion of the user's can fail.
  let set = ($change | where value != null | reduce --fold {} {|it, all|
    let convert = if $it.name in $conversions {
      $conversions | get $it.name | get from_string?
    } else if $it.name == PATH {
      {|text| $text | split row (char esep) }
    }
    $all | insert $it.name (if $convert == null { $it.value } else { do $convert $it.value })
  })
  hide-env --ignore-errors ...($change | where value == null | get name)
  # Last, and at once: the state is among these.
  load-env $set
}

if "_goenv_hook" not-in $env.config.hooks.pre_prompt {
  $env.config.hooks.pre_prompt = ($env.config.hooks.pre_prompt | prepend "_goenv_hook")
}
