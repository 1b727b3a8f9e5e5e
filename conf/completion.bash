# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What bash offers for a word of authfence(1): verbs, long options, and values that are fixed words
# or files.  Needs nothing of the bash-completion package.

_authfence_mechanisms='autodetect office365 ispdb autodiscover-pox
	autodiscover-pox-domain autodiscover-redirect autodiscover-srv autodiscover-json
	autoconfig autoconfig-http autoconfig-wellknown autoconfig-wellknown-http autoconfig-mx
	autoconfig-mx-parent ispdb-mx pacc caldav carddav jmap mta-sts-policy srv-jmap
	srv-caldavs srv-caldav srv-carddavs srv-carddav srv-imaps srv-imap srv-pop3s srv-pop3
	srv-submission srv-submissions srv-sieve srv-xmpp-client srv-xmpps-client srv-sip
	srv-sips srv-ldap srv-ldaps srv-kerberos-udp srv-kerberos-tcp kerberos-txt pacc-txt
	mailconf mta-sts mx address guess-imap guess-pop3 guess-pop guess-mail guess-smtp
	wildcard wildcard-mx'

# _authfence_value OPTION: sets words for its value under $verb, or lets readline offer files; false
# if OPTION takes none.
_authfence_value()
{
	case $1 in
	--form) words='auto ntlm krb5 dn authzid jid uri nai domain' ;;
	--format)
		words='text json'
		[ "$verb" != probe ] || words+=' jsonl'
		;;
	--mechanism) words=$_authfence_mechanisms ;;
	--resolve) words='yes no' ;;
	--stack) words='sasl pam' ;;
	--root) compopt -o dirnames ;;
	--service)
		[ "$verb" = probe ] || return 0
		compopt -o nospace
		words='autodetect= office365= ispdb='
		;;
	--policy | --output | -o | --cacert | --library | --metrics | --state | *[\<\>]) compopt -o default ;;
	--authzid | --connect-to | --control | --deadline | --for | --from | --on | --peer | \
		--resolver) ;;
	*) return 1 ;;
	esac
}

# _authfence_verb VERB: sets options, and words or files for what else may follow.
_authfence_verb()
{
	case $1 in
	'') options=--version words='check doctor policy probe run' ;;
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
	probe)
		options='--mechanism --service --control --deadline --state --metrics --policy --root'
		options+=' --resolver --connect-to --cacert --dry-run --format'
		;;
	'policy fmt') options='--check --stdout' files=yes ;;
	run) options='--observe --library' ;;
	*) return ;;
	esac
	options+=' --help'
}

# _authfence_command: if $current belongs to the command of "authfence run", its name or what is handed
# to it (files, for all that is known here), offers that; else false.
_authfence_command()
{
	local place

	for ((place = 2; place < COMP_CWORD; place++)); do
		case ${COMP_WORDS[place]} in
		--library) [ "${COMP_WORDS[++place]}" != = ] || ((++place)) ;;
		--)
			((++place))
			break
			;;
		-*) ;;
		*) break ;;
		esac
	done
	COMPREPLY=()
	if [ "$place" -lt "$COMP_CWORD" ]; then
		compopt -o default
	elif [ "$place" -eq "$COMP_CWORD" ] && [[ $current != -* ]]; then
		mapfile -t COMPREPLY < <(compgen -c -- "$current")
	else
		return 1
	fi
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

	[ "$verb" != run ] || ! _authfence_command || return 0
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
