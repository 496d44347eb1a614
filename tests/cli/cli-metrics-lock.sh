#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --metrics while another run holds the lock of the file: the wait ends with a signal or after 10 s.
. "$(dirname "$0")/lib.sh"
two_apps
file=$work/textfile/panthor_mem.prom
mkdir "$work/textfile"
run reclaim --metrics "$file" 1002
is_status 0 'first run'

# The report is printed before the wait. A signal ends the wait; the status says so.
rm -f "$work/report"
mkfifo "$work/report"
flock "$work/textfile/.panthor_mem.prom.lock" cat "$work/report" >"$work/holder" &
holder=$!
exec 8>"$work/report"
until ! flock -n "$work/textfile/.panthor_mem.prom.lock" true; do sleep 0.01; done
cp "$file" "$work/before"
for signal in INT TERM; do
	: >"$work/out"
	# Background commands of a script ignore SIGINT.
	env --default-signal=INT LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK='' "$TOOL" reclaim \
		--proc "$proc" --sys "$sys" --metrics "$file" 1002 >"$work/out" 2>"$work/err" &
	pid=$!
	until grep -q '^ *1002 game' "$work/out"; do
		kill -0 $pid || break
		sleep 0.01
	done
	# The work is done once the report is there, so this signal comes during the wait.
	kill -s $signal $pid
	wait $pid
	status=$?
	out=$(<"$work/out") err=$(<"$work/err")
	is_status 6 "$signal while it waits"
	err_has 'is locked by another run: a signal ended the wait for it'
	out_matches '^ *1002 game +4\.0M'
done
# The wait is limited. It would take 10 s.
mock=hurry
run reclaim --metrics "$file" 1002
mock=
is_status 6 'the lock is held for too long'
err_has "this run was not counted: $file: cannot be locked: another run has held the lock for too"
check 'none of these runs counted' cmp -s "$file" "$work/before"
exec 8>&-
wait $holder
run reclaim --metrics "$file" 1002
is_status 0 'the lock is free again'

finish
