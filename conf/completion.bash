# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What bash offers for a word of authfence(1): verbs, long options, and values that are fixed words
# or files.  Needs nothing of the bash-completion package.

# _authfence_value OPTION: sets words for its value, or lets readline offer files; false if OPTION
# takes none.
_authfence_value()
{
	case $1 in
	--form) words='auto ntlm krb5 dn authzid jid uri nai domain' ;;
	--format) words='text json' ;;
	--resolve) words='yes no' ;;
	--stack) words='sasl pam' ;;
	--root) compopt -o dirnames ;;
	--policy | --output | -o | *[\<\>]) compopt -o default ;;
	--authzid | --for | --from | --on | --peer | --service) ;;
	*) return 1 ;;
	esac
}

# _authfence_verb VERB: sets options, and words or files for what else may follow.
_authfence_verb()
{
	case $1 in
	'') options=--version words='check doctor policy' ;;
	check)
		options='--form --authzid --service --peer --stack --resolve --on --policy --root'
		options+=' --batch --format'
		;;
	policy) words='validate compile show diff apply mode promote history rollback fmt' ;;
	'policy validate') options='--root --format' files=yes ;;
	'policy compile') options='--output --root --format' files=yes ;;
	'policy show') options='--policy --root --format' ;;
	'policy diff') options='--from --root --format' files=yes ;;
	'policy apply') options='--dry-run --observe-new --root --format' files=yes ;;
	'policy mode') options='--for --root --format' words='enforce observe off' ;;
	doctor | 'policy promote' | 'policy history' | 'policy rollback') options='--root --format' ;;
	'policy fmt') options='--check --stdout' files=yes ;;
	*) return ;;
	esac
	options+=' --help'
}

_authfence()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local verb='' options='' words='' files=no

	# "--format=json" comes as three words.
	if [ "$current" = = ]; then
		current=
	elif [ "$previous" = = ]; then
		previous=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	[ "$COMP_CWORD" -lt 2 ] || verb=${COMP_WORDS[1]}
	[ "$COMP_CWORD" -lt 3 ] || [ "$verb" != policy ] || verb+=" ${COMP_WORDS[2]}"

	if ! _authfence_value "$previous"; then
		_authfence_verb "$verb"
		if [[ $current == -* ]]; then
			words=$options
		elif [ $files = yes ]; then
			compopt -o default
		fi
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _authfence authfence
