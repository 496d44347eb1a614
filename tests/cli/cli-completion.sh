#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The completions offer exactly what the program takes. complete.py tests what they do with names.
. "$(dirname "$0")/lib.sh"
two_apps
. "$COMPLETION"
panthor-mem() { "$TOOL" "$@" --proc "$proc" --sys "$sys"; }

# complete_words WORD...: with the line, as readline calls it, and again with only the words.
complete_words() {
	COMP_WORDS=(panthor-mem "$@")
	COMP_CWORD=$#
	COMP_LINE=${COMP_WORDS[*]} COMP_POINT=${#COMP_LINE}
	_panthor_mem panthor-mem "${@: -1}" "${COMP_WORDS[COMP_CWORD - 1]}"
	out=${COMPREPLY[*]-}
	COMP_LINE=''
	_panthor_mem
	check "the same without a line: $*" test "$out" = "${COMPREPLY[*]-}"
}
gives() { check "'$1'" test "$out" = "$1"; }
# takes OPTION: no message of the last run says that the command does not know it.
takes() {
	local line lines
	mapfile -t lines <<<"$err"
	for line in "${lines[@]}"; do
		[[ $line != *"$1"* || ! $line =~ 'ambiguous option'|'takes no option' ]] || return
	done
}

complete_words ''
gives 'list watch reclaim claim doctor metrics --help --version'
complete_words re
gives reclaim
complete_words reclaim ''
gives '1002 1004'
complete_words claim 100
gives '1002 1004'
complete_words list --color a
gives 'auto always'
complete_words list --by c
gives 'client cgroup'
complete_words watch --sort s
gives 'size shared'
complete_words reclaim --max ''
gives ''
complete_words nonsense ''
gives ''
mkdir -p "$work/group/a.scope"
complete_words reclaim --cgroup "$work/group/a"
gives "$work/group/a.scope"
: >"$work/x.prom"
complete_words reclaim --metrics "$work/x"
gives "$work/x.prom"
complete_words list --device nothing-like-it
gives ''

offered=''
# The command takes every option that is offered, and every option in the help is offered.
for command in list watch reclaim claim doctor metrics; do
	complete_words $command --
	for option in $out; do
		offered+="$option "
		# Options that need a value get none. --count 0 is an error, so watch does not run.
		run $command "$option" 1002 --count 0
		check "$command takes $option" takes "$option"
	done
done
for option in $("$TOOL" --help | grep -oE -- '--[a-z-]+' | sort -u); do
	[ "$option" = --version ] || check "$option is offered" contains "$offered" "$option "
done
# has TEXT REGEX: like matches, but also across lines.
has() { [[ $1 =~ $2 ]]; }
# The completions of the other shells offer the same options and commands.
folder=$(dirname "$COMPLETION")
zsh=$(<"$folder/_panthor-mem") fish=$(<"$folder/panthor-mem.fish")
for word in $(printf '%s\n' $offered | sort -u) list watch reclaim claim doctor metrics; do
	pattern="[^a-z-]$word[^a-z-]"
	check "zsh offers $word" has "$zsh" "$pattern"
	pattern="(-l |[ \"])${word#--}[ \"]"
	check "fish offers $word" has "$fish" "$pattern"
done
finish
