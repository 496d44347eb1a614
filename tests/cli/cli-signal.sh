#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# SIGINT and SIGTERM while reclaim and claim work or wait.
. "$(dirname "$0")/lib.sh"
needs jq
two_apps

# held SIGNALS MOCK ARGUMENT...: runs the command until the mock holds up its work, and sets pid.
# SIGNALS get their default action, as in an interactive shell: background commands of a script
# ignore SIGINT. release lets the work continue and waits for its end.
held() {
	local signals=$1 words=$2
	shift 2
	rm -f "$work/hold"
	mkfifo "$work/hold"
	env ${signals:+"--default-signal=$signals"} \
		LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK="hold=$work/hold $words" \
		"$TOOL" "$1" --proc "$proc" --sys "$sys" "${@:2}" >"$work/out" 2>"$work/err" &
	pid=$!
	exec 7>"$work/hold"	# waits until the work is held up
}
ended() {
	wait $pid 2>/dev/null
	status=$?
	exec 7>&-
	out=$(<"$work/out")
	err=$(<"$work/err")
}
release() {
	exec 7>&-
	ended
}
# stopped SIGNAL MOCK ARGUMENT...: SIGNAL comes while the work is held up.
stopped() {
	held INT,TERM "${@:2}"
	kill -s "$1" $pid
	release
}

stopped TERM interrupt reclaim --metrics "$work/m.prom" 1002 1004
is_status 143 SIGTERM
out_matches '^ *1002 game +0 +1\.0M .*interrupted$'
err_has '1 more not tried: interrupted'
check 'counted, too' grep -q '^panthor_mem_evicted_bytes_total{device="renderD128"} 1048576$' "$work/m.prom"
stopped INT interrupt reclaim --json 1002 1004
is_status 130 SIGINT
json '.not_tried == [1004] and .results[0].status == ["interrupted", "pinned"]'
# A signal that comes too late to stop anything: everything was done, and is reported.
stopped TERM '' reclaim 1002
is_status 143 'late signal'
out_matches '^ *1002 game +4\.0M'

# A signal while the call waits for the GPU, before anything was done, ends the work.
stopped INT 'busy interrupt' reclaim --wait 8s 1002 1004
is_status 130 'SIGINT while it waits'
no_out
err_has '2 not tried: interrupted'
stopped TERM 'busy interrupt' reclaim --wait 8s --json --metrics "$work/none.prom" 1002 1004
is_status 143 'SIGTERM while it waits'
json '.results == [] and .not_tried == [1002, 1004] and .error == null'
check 'nothing to count' test ! -e "$work/none.prom"
stopped TERM 'evicted interrupt' claim --json 1002
is_status 143 'SIGTERM while a claim waits'
json '.results == [] and .not_tried == [1002]'
# The work for the first target is reported.
stopped TERM 'interrupt' reclaim --json 1004 1002
json '(.results | map(.pid)) == [1004] and .not_tried == [1002]'

# A signal that is handled just before the call starts to wait ends that call, too.
for number in 1002 1004; do
	stopped TERM 'busy wait' reclaim --wait 100s --json 1002 $number
	is_status 143 'a signal just before the call waits'
	json '.results == [] and (.not_tried | length) >= 1'
done
stopped INT 'evicted wait' claim --json 1002
is_status 130 'a signal just before a claim waits'
json '.results == [] and .not_tried == [1002]'

# A second signal ends the program without a report.
held INT,TERM '' reclaim --json 1002
kill -s TERM $pid
kill -s INT $pid
for _ in $(seq 500); do
	kill -0 $pid 2>/dev/null || break
	sleep 0.01
done
release
check 'TERM and INT: ended by either' test "$status" = 130 -o "$status" = 143
no_out
held INT,TERM '' reclaim --json 1002
for _ in $(seq 500); do
	kill -s INT $pid 2>/dev/null || break
	sleep 0.01
done
release
is_status 130 'INT, again and again'
no_out

# A signal that was ignored at the start stays ignored.
held '' '' reclaim 1002
kill -s INT $pid
release
is_status 0 'an ignored SIGINT'
out_matches '^ *1002 game +4\.0M'
no_err
held '' interrupt reclaim --json 1002
kill -s INT $pid
kill -s TERM $pid
release
is_status 143 'SIGTERM after an ignored SIGINT'
json '.results[0].status == ["interrupted", "pinned"]'
finish
