#!/bin/bash
# SPDX-License-Identifier: MIT
# Static checks of everything in the tree: form, warnings of two compilers, analyzers, scripts, manual
# pages, and the few rules of the house that a program can check.  Each failing check says what and
# where; a tool that is not there is said to be skipped.
#
# usage: tests/lint.sh [CHECK...]
set -u
cd "$(dirname "$0")/.." || exit 2
passed=0 failed=0 skipped=0 wanted=" $* "
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT

# All files of the project, one a line.
files()
{
	if [ -e .git ] && git rev-parse --is-inside-work-tree > /dev/null 2>&1; then
		git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
			[ -f "$file" ] && echo "$file"
		done
	else
		find . -type f ! -path './build/*' ! -path './.git/*' | sed 's,^\./,,' |
			while read -r file; do
				for pattern; do
					# shellcheck disable=SC2254 # a pattern indeed
					case $file in $pattern) echo "$file" ;; esac
				done
			done
	fi
}

sources()
{
	files '*.c' '*.h'
}

scripts()
{
	files '*' | while read -r file; do
		head -n 1 "$file" | grep -qE '^#!.*sh$|^# shellcheck shell=' && echo "$file"
	done
}

# check NAME TOOL COMMAND...: runs COMMAND if TOOL exists; its output is shown if it fails.
check()
{
	local name=$1 tool=$2
	shift 2
	case $wanted in '  ' | *" $name "*) ;; *) return ;; esac
	if ! command -v "$tool" > /dev/null; then
		echo "skipped: $name: $tool is missing"
		skipped=$((skipped + 1))
		return
	fi
	if "$@" > "$scratch/$name" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "== $name"
		cat "$scratch/$name"
	fi
}

# Formatters of other versions differ in details.
form()
{
	if ! clang-format --version | grep -q 'version 14\.'; then
		echo "skipped: form: clang-format is not version 14" >&3
		return
	fi
	sources | xargs clang-format --dry-run -Werror
}

# compile COMPILER: everything, the tests and measurements too; errors and warnings only.
compile()
{
	local build=build/lint-$1 objects
	rm -rf "$build"
	mapfile -t objects < <(files 'tests/unit/*.c' 'tests/bench/*.c' 'tests/stress/*.c' | sed "s,\(.*\)c$,$build/\1o,")
	make -s -j2 B="$build" CC="$1" WERROR=-Werror all "${objects[@]}" > "$scratch/make" 2>&1 && return
	grep -v '^  [A-Z]*  ' "$scratch/make"
	return 1
}

flags()
{
	printf '%s\n' -D_GNU_SOURCE '-DAFENCE_VERSION="0"' '-DAFENCE_GUARD="/guard"' -Iinclude -Icommon \
		-Iplugins/sasl -Itools
}

# Left out: uninitvar, where clang's analyzer is right more often, and arrayIndexThenCheck, which
# takes the limit of another array for that of the one indexed.
cppcheck_all()
{
	flags | xargs -d '\n' cppcheck --quiet -j2 --std=c11 \
		--enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--suppress=missingIncludeSystem --suppress=uninitvar \
		--suppress=arrayIndexThenCheck common plugins tools
}

# Left out: matters of taste, and checks that do not know how this code bounds its copies.
tidy_checks='-*,bugprone-*,clang-analyzer-*,-bugprone-easily-swappable-parameters
	-bugprone-reserved-identifier,-bugprone-narrowing-conversions,-bugprone-branch-clone
	-bugprone-assignment-in-if-condition,-bugprone-suspicious-include
	-bugprone-not-null-terminated-result,-bugprone-implicit-widening-of-multiplication-result
	-bugprone-sizeof-expression,-clang-analyzer-valist.Uninitialized
	-clang-analyzer-security.insecureAPI.strcpy
	-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling'

tidy_some()
{
	local options
	mapfile -t options < <(flags)
	clang-tidy --quiet --warnings-as-errors='*' \
		--checks="$(tr -s '\n\t' ',,' <<< "$tidy_checks")" "$@" -- -std=c11 "${options[@]}"
}

# Two at a time.
tidy_all()
{
	local first
	mapfile -t all < <(files 'common/*.c' 'plugins/*.c' 'tools/*.c')
	tidy_some "${all[@]:0:${#all[@]}/2}" > "$scratch/tidy" 2>&1 &
	first=$!
	tidy_some "${all[@]:${#all[@]}/2}" 2>&1
	set -- $?
	wait $first
	set -- "$1" $?
	cat "$scratch/tidy"
	[ "$1 $2" = '0 0' ]
}

shells()
{
	scripts | xargs shellcheck -x
}

manual_pages()
{
	files 'docs/*.[1-8]' | xargs mandoc -T lint -W warning
}

pythons()
{
	files '*.py' | PYTHONPYCACHEPREFIX=$scratch/cache xargs python3 -m py_compile
}

makefile_length()
{
	local lines
	lines=$(wc -l < Makefile)
	[ "$lines" -le 250 ] || {
		echo "Makefile has $lines lines, at most 250 are allowed"
		return 1
	}
}

# The top level is part of the layout that CONTRIBUTING.md draws.
top_level()
{
	printf '%s\n' Makefile README.md LICENSE CHANGELOG.md CONTRIBUTING.md include common plugins \
		tools conf packaging docs tests .ci .clang-format .gitignore > "$scratch/allowed"
	files '*' | cut -d/ -f1 | sort -u | grep -vxFf "$scratch/allowed" > "$scratch/top"
	sed 's,^,does not belong on the top level: ,' "$scratch/top"
	[ ! -s "$scratch/top" ]
}

licence_tags()
{
	files '*.c' '*.h' '*.sh' '*.py' Makefile | while read -r file; do
		head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT' ||
			echo "$file: no SPDX-License-Identifier in the first three lines"
	done > "$scratch/tags"
	cat "$scratch/tags"
	[ ! -s "$scratch/tags" ]
}

# Folder names of the machine that a file was written on have no business in it.
machine_paths()
{
	local parent
	parent=$(dirname "$PWD")
	set -- -e "$PWD"
	case $parent in
	/ | /root | /home | /tmp | /usr/src | /build | /opt | /srv) ;;
	*) set -- "$@" -e "$parent/" ;;
	esac
	! files '*' | xargs grep -InF "$@"
}

executables()
{
	scripts | while read -r file; do
		if head -n 1 "$file" | grep -q '^#!' && [ ! -x "$file" ]; then
			echo "$file: has an interpreter line but is not executable"
		fi
	done > "$scratch/executables"
	cat "$scratch/executables"
	[ ! -s "$scratch/executables" ]
}

exec 3>&1
check form clang-format form
check gcc gcc compile gcc
check clang clang compile clang
check cppcheck cppcheck cppcheck_all
check clang-tidy clang-tidy tidy_all
check shell shellcheck shells
check manuals mandoc manual_pages
check python python3 pythons
check makefile true makefile_length
check top-level true top_level
check licence true licence_tags
check paths true machine_paths
check executable true executables
echo "lint: $passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
