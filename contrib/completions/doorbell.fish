# fish completion for doorbell(1); see doorbell.bash for how it knows.

function __doorbell_verb
    set -l words (commandline -opc)
    test (count $words) -ge 2; and echo $words[2]
end

function __doorbell_options
    set -l verb (__doorbell_verb)
    test -n "$verb"; or return
    timeout 1 doorbell $verb --help 2>/dev/null | string match -ar -- '--[a-z][a-z-]+' | sort -u
end

function __doorbell_ids
    timeout 1 doorbell deliveries --limit 50 2>/dev/null | string match -r '^ *[0-9]+' | string trim
end

complete -c doorbell -n 'test -z (__doorbell_verb)' -f -a 'serve check explain deliveries show apps replay send hook --help --version'
complete -c doorbell -n 'test -n (__doorbell_verb)' -a '(__doorbell_options)'
complete -c doorbell -n 'contains (__doorbell_verb) show replay' -f -a '(__doorbell_ids)'
complete -c doorbell -n 'test (__doorbell_verb) = hook' -a 'install uninstall status deliver'
