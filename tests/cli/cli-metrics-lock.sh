#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --metrics while another run has the lock of the file: it ends with a signal, or after 10 s.
. "$(dirname "$0")/lib.sh"
two_apps
file=$work/textfile/panthor_mem.prom
mkdir "$work/textfile"
run reclaim --metrics "$file" 1002
is_status 0 'first run'

# The report is out before the wait, and a signal ends that. The status says both.
rm -f "$work/report"
mkfifo "$work/report"
flock "$work/textfile/.panthor_mem.prom.lock" cat "$work/report" >"$work/holder" &
holder=$!
exec 8>"$work/report"
until ! flock -n "$work/textfile/.panthor_mem.prom.lock" true; do sleep 0.01; done
cp "$file" "$work/before"
for signal in INT TERM; do
	: >"$work/out"
	# What a script starts in the background ignores SIGINT.
	env --default-signal=INT LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK='' "$TOOL" reclaim \
		--proc "$proc" --sys "$sys" --metrics "$file" 1002 >"$work/out" 2>"$work/err" &
	pid=$!
	until grep -q '^ *1002 game' "$work/out"; do
		kill -0 $pid || break
		sleep 0.01
	done
	# The work was done when the report came, so this signal is for the wait.
	kill -s $signal $pid
	wait $pid
	status=$?
	out=$(<"$work/out") err=$(<"$work/err")
	is_status 6 "$signal while it waits"
	err_has 'is locked by another run: a signal ended the wait for it'
	out_matches '^ *1002 game +4\.0M'
done
# Nobody waits for ever.
run reclaim --metrics "$file" 1002
is_status 6 'the lock is held for too long'
err_has "this run was not counted: $file: cannot be locked: another run has held the lock for too"
check 'none of them counted' cmp -s "$file" "$work/before"
exec 8>&-
wait $holder
run reclaim --metrics "$file" 1002
is_status 0 'the lock is free again'

finish
