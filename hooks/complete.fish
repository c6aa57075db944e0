# What `goenv completions fish` adds: values that only this machine knows.

function __goenv_releases
    goenv sdk list 2>/dev/null | string replace -rf '^..go(\S+).*' '$1'
end
complete -c goenv -n "__fish_goenv_using_subcommand pin; or __fish_goenv_using_subcommand uninstall" -f -a "(__goenv_releases)"
complete -c goenv -n "__fish_goenv_using_subcommand sdk; and __fish_seen_subcommand_from verify remove" -f -a "(__goenv_releases)"
complete -c goenv -n "__fish_goenv_using_subcommand why; and test (count (string match -v -- '-*' (commandline -opc))) -eq 2" -f -a "(goenv why 2>/dev/null)"
