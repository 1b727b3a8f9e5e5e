#!/bin/bash
# SPDX-License-Identifier: MIT
# What bash offers for a word of the command, against what the command itself says that it takes.
# Needs neither root nor a terminal: the words are handed to the function as readline would.
#
# usage: tests/integration/completion.sh BUILD
set -u
build=$(realpath "${1:?usage: tests/integration/completion.sh BUILD}")
cd "$(dirname "$0")/../.." || exit 3
. tests/report.sh
authfence=$build/authfence

# The words of standard input, one a line there, sorted and on one line.
in_line()
{
	sed '/^$/d' | sort | paste -sd ' '
}

# offered WORD...: what may stand for the last word; "<default>" is any file, "<dirnames>" any folder,
# which readline itself offers where nothing else is.
offered()
{
	# shellcheck disable=SC2016 # for the other shell
	bash --norc -uc '. conf/completion.bash || exit
		compopt() { readline="<$2>"; }
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) readline=
		_authfence authfence "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
		printf "%s\n" "${COMPREPLY[@]}" $readline' - authfence "$@" 2>&1 | in_line
}

# same NAME GOT WANT: the same words, in whatever order; at least one.
same()
{
	is "$1" "$2" "$(in_line <<< "${3:-(nothing to compare with)}")"
}

# listed VERB...: what its help lists at the start of a line, "  WORD  what it is".
listed()
{
	"$authfence" "$@" --help | sed -nE 's/^  ([a-z]+)  .*/\1/p'
}

# taken VERB...: the long options of its help, in the usage and the list, and --help.
taken()
{
	{
		echo --help
		"$authfence" "$@" --help | grep -E '^usage:|^ +authfence|^ +-' | grep -oE -- '--[a-z-]+'
	} | sort -u
}

# expected WORD...: what the command says that it expects, when it is given "?".
expected()
{
	"$authfence" "$@" 2>&1 | sed -nE 's/.*expected (one of: )?//; T; s/, | or /\n/gp'
}

echo '# verbs and their options'
same 'verbs' "$(offered '')" "$(listed)"
same 'options of no verb' "$(offered -)" "$(taken)"
same 'sub-verbs' "$(offered policy '')" "$(listed policy)"
for verb in $(listed) $(listed policy | sed s/^/policy_/); do
	read -ra words <<< "${verb/_/ }"
	same "options of ${words[*]}" "$(offered "${words[@]}" --)" "$(taken "${words[@]}")"
done
is 'begun verb' "$(offered doc)" doctor
is 'begun sub-verb' "$(offered policy ro)" rollback
is 'begun option' "$(offered check --fo)" '--form --format'
is 'option after words' "$(offered check a@example.com imap --ba)" --batch
is 'unknown verb' "$(offered chek --)" ''
is 'unknown sub-verb' "$(offered policy aply --)" ''

echo '# fixed words'
for option in --form --format --resolve --stack; do
	same "$option" "$(offered check $option '')" "$(expected check $option '?' a b)"
done
same 'probe --format' "$(offered probe --format '')" "$(expected probe --format '?')"
same 'services' "$(offered probe --service '' | sed 's/<nospace> //')" \
	"$("$authfence" probe --service '?' 2>&1 | sed -E 's/.*being //; s/, | or /=\n/g; s/$/=/')"
mechanisms=$("$authfence" probe --root "$build" --dry-run a.test | cut -f 2 | sort -u)
same 'mechanisms' "$(offered probe --mechanism '')" "$mechanisms"
same 'mechanisms in the manual page' "$(in_line <<< "$mechanisms")" \
	"$(sed -n 's/^\.It Cm \([a-z0-9-]*\) Ta .* Ta .*/\1/p' docs/authfence-probe.1)"
same 'modes' "$(offered policy mode '')" "$(expected policy mode '?')"
is 'begun word' "$(offered check --form n)" 'nai ntlm'
is '--format=' "$(offered policy show --format =)" 'json text'
is '--format=j' "$(offered policy show --format = j)" json

echo '# commands, and what is theirs'
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT
printf '#!/bin/sh\n' > "$folder/fence-client"
chmod +x "$folder/fence-client"
PATH=$folder:$PATH
for before in '' -- --observe '--observe --' '--library x' '--library = x --observe'; do
	read -ra words <<< "$before"
	is "run $before" "$(offered run "${words[@]}" fence-cl)" fence-client
	is "run $before, then" "$(offered run "${words[@]}" fence-client --ob)" '<default>'
done
is 'run: what looks like an option of ours' "$(offered run fence-client --policy '')" '<default>'
is 'run: begun option' "$(offered run --observe --l)" --library
is 'run --library' "$(offered run --library '')" '<default>'
is 'run --library=' "$(offered run --library =)" '<default>'

echo '# files and folders, or nothing'
for sub_verb in validate compile diff apply fmt; do
	is "$sub_verb" "$(offered policy $sub_verb '')" '<default>'
done
is '--policy' "$(offered check --policy '')" '<default>'
is '--output' "$(offered policy compile --output x)" '<default>'
is '-o' "$(offered policy compile -o x)" '<default>'
is '--batch <' "$(offered check --batch '<' '')" '<default>'
for option in cacert metrics state; do
	is "--$option" "$(offered probe --$option '')" '<default>'
done
is '--root' "$(offered doctor --root '')" '<dirnames>'
is 'identity' "$(offered check '')" ''
is 'generation' "$(offered policy rollback '')" ''
for option in authzid service peer on; do
	is "--$option" "$(offered check --$option '')" ''
done
for option in connect-to control deadline resolver; do
	is "--$option" "$(offered probe --$option '')" ''
done
is 'domain' "$(offered probe '')" ''
is '--from' "$(offered policy diff --from '')" ''
is '--for' "$(offered policy mode --for '')" ''
summary
