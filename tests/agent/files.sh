#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Check the files that are installed with panthor-mem-agent: the unit and the interface are
# well-formed, and they agree with the documents and the source.
# usage: files.sh TOP BUILD
top=$1
. "$top/tests/common/files.sh"
unit=$2/panthor-mem-agent/panthor-mem-agent.service
agent=$top/panthor-mem-agent

if command -v systemd-analyze >/dev/null; then
	# Ignore messages about the program, which is not installed here.
	check 'the unit' bash -c '! systemd-analyze verify --user --man=no "$1" 2>&1 |
		grep -F panthor-mem-agent.service: |
		grep -vE "is not executable|does not exist"' - "$unit"
fi
check 'the program in the unit' grep -q '^ExecStart=/.*/bin/panthor-mem-agent$' "$unit"
check 'the interface' /usr/bin/python3 -c \
	'import sys, xml.etree.ElementTree as tree; tree.parse(sys.argv[1])' \
	"$agent/org.panthormem.Agent1.xml"

# Every key of [policy] in agent.conf is in the man page, with the same default, and in the source.
# agent.conf has all keys of the source.
page=$top/docs/man/panthor-mem-agent.conf.5.rst
lines "$page"
man=$text
lines "$agent/config.c"
source=$text
keys=0
while IFS='=' read -r key value; do
	key=${key% }
	value=${value# }
	keys=$((keys + 1))
	check "$key in the man page" contains "$man" $'\n'"**$key =**"$'\n'
	check "$key in the source" contains "$source" $'\n\t'"{ \"$key\", parse_"
	# Its paragraph.
	text=${man#*$'\n'"**$key =**"$'\n'}
	check "$key and its default" contains "${text%%$'\n\n'*}" "${value:-empty}"
done < <(sed -n '/^;\[app/q; s/^;\([a-z-]* =\)/\1/p' "$agent/agent.conf")
check 'all keys' test "$keys" = "$(grep -c '^	{ "[a-z-]*", parse_' "$agent/config.c")"
check 'all keys in the man page' test "$keys" = \
	"$(sed -n '/^\[POLICY\]$/,/^\[APP NAME\]$/p' "$page" | grep -c '^\*\*[a-z-]* =\*\*$')"

# The man page has every option, state, method and exit status.
page=$top/docs/man/panthor-mem-agent.1.rst
lines "$page"
man=$text
options=0
while read -r option; do
	options=$((options + 1))
	check "--$option in the man page" contains "$man" "**--$option**"
done < <(sed -n '/for tests/I{n;d}; s/^		{ "\([a-z-]*\)", .*&s->.*/\1/p' "$agent/main.c")
check 'options in the source' test "$options" -ge 3
while read -r state; do
	check "state $state in the man page" contains "$man" $'\n'"**$state**"$'\n'
done < <(sed -n '/policy_state_names/,/};/p' "$agent/policy.c" | grep -o '"[a-z]*"' | tr -d '"')
while read -r name; do
	check "$name in the man page" contains "$man" $'\n'"**$name**"
done < <(sed -nE 's/.*<(method|property) name="([A-Za-z]+)".*/\2/p' \
	"$agent/org.panthormem.Agent1.xml")
while read -r status; do
	check "status $status in the man page" contains "$man" $'\n'"**$status**"$'\n'
done < <(cat "$agent/main.c" "$agent/status.c" "$top/common/program.h" |
	sed -nE 's/^#define (EXIT_[A-Z_]*|PROGRAM_USAGE) ([0-9])$/\2/p' | sort -u)

# docs/agent.rst shows what the program prints.
lines "$top/docs/agent.rst"
document=$text
for words in 'Windows: from' 'panthor-memd: answers' 'RESIDENT  RECLAIMED'; do
	check "'$words' in agent.rst" contains "$document" "$words"
done

# It has every series of the metrics, too.
series=0
while read -r name; do
	series=$((series + 1))
	check "$name in agent.rst" contains "$document" "\`\`$name\`\`"
done < <(sed -nE 's/.*(head|one)\(out, "([a-z_]+)".*/\2/p' "$agent/agent_metrics.c" | sort -u)
check 'all series' test "$series" -ge 10
exit $bad
