#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# reclaim and claim on the model: whom, how much, and what is said of it.
. "$(dirname "$0")/lib.sh"
needs jq
two_apps

run reclaim 1002
is_status 0 reclaim
no_err
out_matches '^ *PID COMMAND FREED EVICTED  LEFT +TIME NOTES$'
out_matches '^ *1002 game +4\.0M +4\.0M 64\.0K +[0-9.]+ m?s left: pinned$'
out_lacks total
run reclaim 1002 1004 1002
is_status 0 'two, one of them twice'
out_matches '^ *1004 browser +4\.0M'
out_matches '^ +total +8\.0M +8\.0M 128\.0K'
check 'each once' test "$(grep -c game <<<"$out")" = 1
run reclaim --no-pageout 1002
is_status 0 --no-pageout
out_matches '^ *1002 game +0 +4\.0M'
run reclaim --dry-run 1002
is_status 0 --dry-run
out_matches 'WOULD EVICT'
out_matches '^ *1002 game +4\.0M +64\.0K left: pinned$'
run reclaim --dry-run --json 1002
json '.dry_run and .results[0].freed_bytes == 0 and .results[0].evicted_bytes == 4194304'
run reclaim --device /dev/dri/renderD128 1002
is_status 0 --device
run reclaim --device card0 1002
is_status 0 'the render node of a primary one'

mock=busy
run reclaim 1002
is_status 0 busy
out_matches '^ *1002 game +0 +0 +4\.0M +[0-9.]+ m?s left: busy, pinned$'
run reclaim --wait 1s 1002
is_status 0 --wait
out_matches '^ *1002 game +4\.0M'
run reclaim -w 9000000000 1002
is_status 0 'for longer than a clock can count'
out_matches '^ *1002 game +4\.0M'
mock=shared
run reclaim 1002
out_matches '^ *1002 game +3\.0M +3\.0M +1\.0M +[0-9.]+ m?s left: shared, pinned$'

# The limit is for all together; what was not needed is said.
mock=apps=3
process 1006 third
run reclaim --max 6M 1002 1004 1006
is_status 0 --max
out_matches '^ *1002 game +4\.0M'
out_matches '^ *1004 browser +2\.0M .*limit reached$'
out_lacks third
err_has '1 more not tried: the limit was reached'
run reclaim --max 6M 1002 1004 1006 --json
json '.not_tried == [1006] and .total.freed_bytes == 6291456'
run reclaim --max 5M --no-pageout --json 1002 1004
json '.total.evicted_bytes == 5242880 and (.results | length) == 2'
run reclaim --max 5M --dry-run --json 1002 1004
json '.total.evicted_bytes == 5242880'
mock='swap=1'
run reclaim 1002
is_status 0 'swap too small'
out_matches '^ *1002 game +1\.0M +2\.0M .*swap is full$'

# Swap that has room, and does not take this.
mock='swapmax=2'
run reclaim 1002
is_status 0 'a limit of the cgroup'
out_matches '^ *1002 game +2\.0M +2\.0M +2\.0M +[0-9.]+ m?s left: pinned; swap refused$'
run reclaim --dry-run --json 1002
json '.results[0] | .evicted_bytes == 2097152 and .status == ["pinned", "swap_refused"]'
mock='fail=write'
run reclaim 1002
is_status 0 'a device that fails'
out_matches '^ *1002 game +0 +1\.0M .*swap refused$'

# By name and by cgroup: who holds nothing is left out without a word.
mock=''
process 1050 game
run reclaim --comm game
is_status 0 --comm
no_err
out_has 1002
out_lacks 1050
run reclaim -c game -c browser --json
json '.results | map(.pid) == [1002, 1004]'
group=$sys/fs/cgroup/user.slice/app.slice
mkdir -p "$group/a.scope/deep" "$group/b.scope" "$group/.hidden"
: >"$group/cgroup.procs"
printf '1050\n0\n' >"$group/a.scope/cgroup.procs"
echo 1002 >"$group/a.scope/deep/cgroup.procs"
echo 1004 >"$group/b.scope/cgroup.procs"
for path in "$group" /user.slice/app.slice user.slice/app.slice "$group/"; do
	run reclaim --cgroup "$path" --json
	is_status 0 "--cgroup $path"
	json '.results | map(.pid) | sort == [1002, 1004]'
done
run reclaim 1004 --cgroup "$group/a.scope" --comm game --json
json '.results | map(.pid) == [1004, 1002]'
run reclaim --cgroup "$group/a.scope/deep" --pids
is_status 2 'an option of list'
# A number that was given is never left out.
run reclaim 1050 --comm game
is_status 3 'PID without GPU memory'
err_has 'reclaim of 1050 (game): it has no file of renderD128'
out_matches '^ *1050 .*FAILED$'
out_matches '^ *1002 game +4\.0M'
run reclaim 1050 1050 --comm browser
is_status 3 'the others are done'
out_matches '^ *1004 browser +4\.0M'

# By pidfd, with the /proc of this machine.
real() {
	LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK="$mock" "$TOOL" "$@" --sys "$sys" \
		>"$work/out" 2>"$work/err"
	status=$?
	out=$(cat "$work/out")
	err=$(cat "$work/err")
}
sleep 1000 &
sleeper=$!
until [ "$(cat /proc/$sleeper/comm)" = sleep ]; do sleep 0.01; done
mock="pid=$sleeper"
real reclaim --json $sleeper
is_status 0 'a real process'
json '.results[0].freed_bytes == 4194304 and .results[0].comm == "sleep"'
real claim --json $sleeper
is_status 0 'a real process, claim'
# It exits while it is worked on: its number could be another's by now.
mkfifo "$work/fifo"
LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK="pid=$sleeper hold=$work/fifo" "$TOOL" reclaim --json \
	--sys "$sys" $sleeper >"$work/out" 2>"$work/err" &
reclaimer=$!
exec 7>"$work/fifo"	# waits until the work is in the middle
kill -9 $sleeper
wait $sleeper 2>/dev/null
exec 7>&-
wait $reclaimer
status=$?
err=$(cat "$work/err")
# Under a valgrind that does not know pidfd_open() the program has only numbers.
if ! [[ $err == *'unhandled '*' syscall: 434'* ]]; then
	is_status 3 'exited meanwhile'
	err_has "there is no process $sleeper"
	json '.results[0] | .error.code == "ESRCH" and .freed_bytes == 4194304'
fi

# claim
mock=evicted
run claim 1002
is_status 0 claim
no_err
out_matches '^ *PID COMMAND CLAIMED STILL EVICTED +TIME NOTES$'
out_matches '^ *1002 game +4\.0M +0 +[0-9.]+ m?s$'
run claim --max 1M --json 1002
json '.results[0] | .claimed_bytes == 1048576 and .remaining_bytes == 3145728 and
	.status == ["capped"]'
run claim --prefetch --json 1002
json '.results[0] | .claimed_bytes == 0 and .remaining_bytes == 4194304'
run claim 1004
is_status 0 'nothing to claim'
mock='evicted full'
run claim 1004
is_status 0 'claim needs no swap'
mock=''
panthor 1002 5 7 4096 1024
run claim --dry-run 1002
is_status 0 'claim --dry-run'
out_matches '^ *1002 game +3\.0M$'
run claim --dry-run --json 1002 1004
json '.dry_run and .total.remaining_bytes == 3145728'
run claim --dry-run 1050
is_status 3 'claim --dry-run of nobody'
err_has 'it has no file of renderD128'
finish
