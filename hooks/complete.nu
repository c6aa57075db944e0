# goenv's completions for nushell, a file beside goenv.nu: goenv completions nushell.
#
# One external for all of it: what is not known here, such as the options of a command for `goenv exec`, passes. Where there is
# nothing to offer nushell offers files.

def "nu-complete goenv" [context: string] {
  let offered = @OFFERED@
  # The words before the one that is typed, without options.
  let words = ($context | split row --regex '\s+' | skip 1 | drop 1 | where {|word| not ($word starts-with "-") })
  let command = ($words | str join " ")
  let offer = (if $command in $offered { $offered | get $command })
  match $offer {
    "releases" => (^goenv sdk list e> /dev/null | lines | parse --regex '^..go(?<value>\S+)' | get value)
    "variables" => (^goenv why e> /dev/null | lines | split column "\t" value | get value)
    _ => $offer
  }
}

extern goenv [...arguments: string@"nu-complete goenv"]
