# bash completion for doorbell(1).
#
# Options are read from "doorbell VERB --help", so they are those of the
# program that is installed; delivery ids are asked from the journal, for a
# second at most, and nothing is said if that fails.

_doorbell_options() {
	timeout 1 "$1" "$2" --help 2>/dev/null | grep -oE -- '(^|[ (|[])--[a-z][a-z-]*' | grep -oE -- '--[a-z-]+' | sort -u
}

_doorbell_ids() {
	timeout 1 "$@" --limit 50 2>/dev/null | awk '$1 ~ /^[0-9]+$/ { print $1 }'
}

_doorbell_providers() {
	timeout 1 "$1" send --help 2>/dev/null | sed -n 's/^  --as NAME *//p' | sed 's/,//g; s/ and / /'
}

# What can follow an option; nothing: files.
_doorbell_values() {
	case $1 in
	--format) echo "text json" ;;
	--mode) echo "exact union argocd" ;;
	--status) echo "ignored working failed done" ;;
	--as) _doorbell_providers "$2" ;;
	--log-format) echo "auto text json" ;;
	--log-level) echo "debug info warn error" ;;
	--proxy-header) echo "x-forwarded-for forwarded proxy-protocol" ;;
	esac
}

_doorbell() {
	local program=$1 word=$2 before=$3 verb=${COMP_WORDS[1]} values i
	local verbs="serve check explain deliveries show apps replay send hook"
	local ask=("$program" deliveries)

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W "$verbs --help --version" -- "$word")
		return
	fi
	values=$(_doorbell_values "$before" "$program")
	if [[ -n $values ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$values" -- "$word")
		return
	fi
	if [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_doorbell_options "$program" "$verb")" -- "$word")
		return
	fi
	if [[ $verb == hook ]] && ((COMP_CWORD == 2)); then
		mapfile -t COMPREPLY < <(compgen -W "install uninstall status deliver" -- "$word")
		return
	fi
	if [[ $verb == @(show|replay) && $before != --@(config|state-directory) ]]; then
		for ((i = 2; i < COMP_CWORD; i++)); do
			if [[ ${COMP_WORDS[i]} == --@(config|state-directory) ]]; then
				ask+=("${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]}")
			fi
		done
		mapfile -t COMPREPLY < <(compgen -W "$(_doorbell_ids "${ask[@]}")" -- "$word")
	fi
}

complete -o bashdefault -o default -F _doorbell doorbell
