# fish completion for doorbell(1); see doorbell.bash for how it knows.

function __doorbell_verb
    set -l words (commandline -opc)
    test (count $words) -ge 2; and echo $words[2]
end

# True if the verb is one of the arguments; "" stands for none yet.
function __doorbell_verb_is
    set -l verb (__doorbell_verb)
    contains -- "$verb" $argv
end

function __doorbell_options
    set -l verb (__doorbell_verb)
    test -n "$verb"; or return
    timeout 1 doorbell $verb --help 2>/dev/null | string match -ar -- '--[a-z][a-z-]+' | sort -u
end

function __doorbell_ids
    timeout 1 doorbell deliveries --limit 50 2>/dev/null | string match -r '^ *[0-9]+' | string trim
end

function __doorbell_providers
    timeout 1 doorbell send --help 2>/dev/null | string replace -fr '^  --as NAME *' '' | string replace -a ' and ' ', ' | string split ', '
end

complete -c doorbell -n '__doorbell_verb_is ""' -f -a 'serve check explain deliveries show apps replay send hook --help --version'
complete -c doorbell -n 'not __doorbell_verb_is ""' -a '(__doorbell_options)'
complete -c doorbell -n '__doorbell_verb_is show replay' -f -a '(__doorbell_ids)'
complete -c doorbell -n '__doorbell_verb_is hook' -a 'install uninstall status deliver'
complete -c doorbell -n '__doorbell_verb_is send' -l as -x -a '(__doorbell_providers)'
complete -c doorbell -n '__doorbell_verb_is deliveries' -l status -x -a 'ignored working failed done'
complete -c doorbell -n '__doorbell_verb_is explain' -l mode -x -a 'exact union argocd'
complete -c doorbell -n 'not __doorbell_verb_is "" serve' -l format -x -a 'text json'
