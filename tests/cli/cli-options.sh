#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The command line: what is accepted, and the messages for everything else.
. "$(dirname "$0")/lib.sh"
two_apps

# plain ARGUMENT...: like run, but without --proc and --sys.
plain() {
	"$TOOL" "$@" >"$work/out" 2>"$work/err"
	status=$?
	out=$(<"$work/out")
	err=$(<"$work/err")
}

plain
is_status 2 'no command'
err_has 'usage: panthor-mem'
plain --help
is_status 0 --help
out_has 'panthor-mem reclaim'
check 'help fits 80 columns' test "$(wc -L <"$work/out")" -le 80
for line in list watch reclaim claim doctor metrics; do
	plain $line --help
	is_status 0 "$line --help"
	out_has 'usage: panthor-mem'
done
plain --version
is_status 0 --version
out_matches '^panthor-mem [0-9]+\.[0-9]+\.[0-9]+$'
plain fetch
is_status 2 'no such command'
err_has "'fetch' is not a command: use list, reclaim, claim, watch, doctor or metrics"

run reclaim
is_status 2 'no target'
err_has 'reclaim needs a target: PID, --cgroup PATH, --comm NAME or --client ID'
run claim --json
is_status 2 'no target, JSON'
no_out
run reclaim game
is_status 2 'a name as PID'
err_has '--comm game'
for bad in 0 -1 1.5 12x 2147483648 4294967295 99999999999999999999; do
	run reclaim -- $bad
	is_status 2 "PID $bad"
	err_has "'$bad' is not a PID"
done
for bad in 0 '' -5 x 5x 1.M 16E 9223372036854775808 8388608T '5 M'; do
	run reclaim 1002 --max "$bad"
	is_status 2 "--max '$bad'"
	err_has "--max: '$bad' is not a size: write it like 64M"
done
for bad in x 5h '' -1s; do
	run reclaim 1002 --wait "$bad"
	is_status 2 "--wait '$bad'"
	err_has 'write it like 500ms'
done
run watch --interval 0
is_status 2 '--interval 0'
err_has 'write it like 2s'
run watch --count 0
is_status 2 '--count 0'
err_has "'0' is not a number of updates"
run list --color sometimes
is_status 2 --color
err_has "--color: 'sometimes' is not one of auto, always, never"
for bad in '' x -1 7x 99999999999999999999; do
	run reclaim --client "$bad"
	is_status 2 "--client '$bad'"
	err_has "--client: '$bad' is not a client id: see list --by client"
done
run list --by user
is_status 2 --by
err_has 'process, client, cgroup'
run watch --count 1 --sort colour
is_status 2 --sort
err_has 'size, resident, evicted, shared, pid, name'
run reclaim 1002 --metrics ''
is_status 2 --metrics
err_has 'not a file name'
run reclaim --cgroup ''
is_status 2 '--cgroup without a path'
err_has 'not a path'
run metrics
is_status 2 'metrics without a file'
err_has 'metrics needs a file: use --metrics FILE, or set PANTHOR_MEM_METRICS'
run metrics --metrics x 1002
is_status 2 'metrics of a process'
err_has 'metrics takes no process'
run list --json --pids
is_status 2 '--json --pids'
err_has 'exclude each other'
run list --device nonsense
is_status 2 'list --device'
err_has 'nonsense is not the name of a DRM node: name one like renderD128'
run watch --count 1 --device nonsense
is_status 2 'watch --device'
err_has 'not the name of a DRM node'
run reclaim --device nonsense 1002
is_status 2 'reclaim --device'
err_has 'not the name of a DRM node'
run list --nonsense
is_status 2 'unknown option'
err_has nonsense
# Options can come before the command.
plain -V
is_status 0 -V
out_matches '^panthor-mem [0-9]+\.[0-9]+\.[0-9]+$'
for words in '--json list' '-j list' '--proc X list --json --sys Y'; do
	read -ra arguments <<<"$words"
	arguments=("${arguments[@]/#X/$proc}")
	plain "${arguments[@]/#Y/$sys}" --proc "$proc"
	is_status 0 "$words"
	json '.schema == "panthor-mem.list" and (.processes | length) == 2'
done
plain --json
is_status 2 'no command, but an option'
plain --dry-run list
is_status 2 'an option of another command'
err_has 'list takes no option --dry-run'
# The messages are the program's own, not getopt's, and the options for tests have no abbreviation.
for arguments in --pro=/ --sy=/ '--pro /' --nonsense --co=x --max --json=x -x -m; do
	read -ra words <<<"$arguments"
	plain list "${words[@]}"
	is_status 2 "$arguments"
	check "its own message: $arguments" matches "$err" '^panthor-mem: '
	check "in one line: $arguments" lacks "$err" $'\n'
done
plain list --max
err_has '--max needs a value'
plain list --json=x
err_has '--json takes no value'
plain --json -xj list
err_has "unknown option '-x'"
plain list --pro "$proc"
err_has "unknown or ambiguous option '--pro'"

# Each command refuses options that mean nothing to it.
for words in 'list --dry-run' 'list --max 1' 'list --wait 1' 'list --metrics x' \
	'list --interval 1' 'list --count 1' 'watch --pids' 'watch --prefetch' \
	'reclaim 1002 --by client' 'claim 1002 --sort pid' \
	'reclaim 1002 --prefetch' 'reclaim 1002 --pids' 'reclaim 1002 --count 1' \
	'claim 1002 --wait 1' 'claim 1002 --no-pageout' 'doctor --bytes' 'doctor --comm x' \
	'metrics --bytes' 'metrics --device x'; do
	read -ra arguments <<<"$words"
	run "${arguments[@]}"
	is_status 2 "$words"
	err_has 'takes no option --'
done

# Sizes in all forms. The app has 4 MiB in buffers of 1 MiB.
for size in 1048576 1024k 1M 1MiB 1mb 0.5M 1.0M; do
	run reclaim 1002 --bytes --max $size
	is_status 0 "--max $size"
	out_matches '^ *1002 game +1048576 +1048576 .*limit reached$'
done
run reclaim 1002 --bytes -m 0.001G
is_status 0 '--max 0.001G'
out_matches '^ *1002 game +2097152 +2097152 '

# A full disk is an error.
LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK='' "$TOOL" --help >/dev/full 2>"$work/err"
status=$?
err=$(<"$work/err")
is_status 1 /dev/full
err_has 'cannot write the output: No space left on device'
finish
