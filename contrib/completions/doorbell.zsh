#compdef doorbell
# zsh completion for doorbell(1); see doorbell.bash for how it knows.

_doorbell() {
	local -a verbs options ids
	verbs=(serve check explain deliveries show apps replay send hook --help --version)
	if (( CURRENT == 2 )); then
		compadd -- $verbs
		return
	fi
	case $words[CURRENT-1] in
	--format) compadd text json; return ;;
	--mode) compadd exact union argocd; return ;;
	--status) compadd ignored working failed done; return ;;
	--as)
		ids=(${=${"$(timeout 1 doorbell send --help 2>/dev/null | sed -n 's/^  --as NAME *//p')"//(,| and)/ }})
		compadd -- $ids
		return
		;;
	esac
	if [[ $PREFIX == -* ]]; then
		options=(${(f)"$(timeout 1 doorbell $words[2] --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]+' | sort -u)"})
		compadd -- $options
		return
	fi
	if [[ $words[2] == hook && CURRENT -eq 3 ]]; then
		compadd install uninstall status deliver
		return
	fi
	if [[ $words[2] == (show|replay) ]]; then
		ids=(${(f)"$(timeout 1 doorbell deliveries --limit 50 2>/dev/null | awk '$1 ~ /^[0-9]+$/ { print $1 }')"})
		compadd -- $ids
		return
	fi
	_files
}

_doorbell "$@"
