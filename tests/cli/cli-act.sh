#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# reclaim and claim on the model: the targets, the amounts, and the report.
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
is_status 0 'two processes, one named twice'
out_matches '^ *1004 browser +4\.0M'
out_matches '^ +total +8\.0M +8\.0M 128\.0K'
check 'each process once' test "$(grep -c game <<<"$out")" = 1
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
is_status 0 'a primary node for its render node'

mock=busy
run reclaim 1002
is_status 0 busy
out_matches '^ *1002 game +0 +0 +4\.0M +[0-9.]+ m?s left: busy, pinned$'
run reclaim --wait 1s 1002
is_status 0 --wait
out_matches '^ *1002 game +4\.0M'
run reclaim -w 9223372035 1002
is_status 0 'a wait longer than the clock can count'
out_matches '^ *1002 game +4\.0M'
mock=shared
run reclaim 1002
out_matches '^ *1002 game +3\.0M +3\.0M +1\.0M +[0-9.]+ m?s left: shared, pinned$'

# The limit is for all targets together; targets that were not needed are reported.
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
# Reaching the limit exactly ends the work.
run reclaim --max 4M --json 1002 1004
json '.not_tried == [1004] and .total.freed_bytes == 4194304'
mock=evicted
run claim --max 4M --json 1002 1004
json '.not_tried == [1004] and .total.claimed_bytes == 4194304'
# Memory that was evicted but not freed does not count towards the limit.
mock=fail=write
run reclaim --max 1M --json 1002 1004
json '(.results | length) == 2 and .total.freed_bytes == 0 and .total.evicted_bytes == 2097152'
mock='swap=1'
run reclaim 1002
is_status 0 'swap too small'
out_matches '^ *1002 game +1\.0M +2\.0M .*swap is full$'

# Swap that has room, but does not accept the memory.
mock='swapmax=2'
run reclaim 1002
is_status 0 'a swap limit of the cgroup'
out_matches '^ *1002 game +2\.0M +2\.0M +2\.0M +[0-9.]+ m?s left: pinned; swap refused$'
run reclaim --dry-run --json 1002
json '.results[0] | .evicted_bytes == 2097152 and .status == ["pinned", "swap_refused"]'
mock='fail=write'
run reclaim 1002
is_status 0 'a swap device that fails'
out_matches '^ *1002 game +0 +1\.0M .*swap refused$'

# By name: each client of the processes, whoever used it last. A process without one is skipped.
mock=''
process 1050 game
run reclaim --comm game
is_status 0 --comm
no_err
out_has 1002
out_lacks 1050
run reclaim -c game -c browser --json
json '.results | map([.pid, .comm, .client_id, .cgroup]) ==
	[[1002, "game", 7, null], [1004, "browser", 8, null]]'
for words in user=1004 'user=9 gone'; do
	mock=$words
	run reclaim --comm game --json
	is_status 0 "--comm, $words"
	json '.results | map([.pid, .client_id, .freed_bytes]) == [[1002, 7, 4194304]]'
done
mock=''
# A client by its id, whichever process has it.
run reclaim --client 8 --client 7 --client 8 --json
is_status 0 --client
json '.results | map([.pid, .comm, .client_id, .freed_bytes]) ==
	[[null, null, 8, 4194304], [null, null, 7, 4194304]]'
run reclaim --client 7
out_matches '^ *- client 7 +4\.0M'
run claim --client 99
is_status 3 'no such client'
err_has 'claim of client 99: renderD128 has no such client: `panthor-mem list --by client`'

# A cgroup in one call: memory that its processes share is reclaimed, too.
group=$sys/fs/cgroup/user.slice/app.slice
mkdir -p "$group/a.scope/deep" "$group/b.scope" "$group/.hidden"
: >"$group/cgroup.procs"
printf '1050\n0\n' >"$group/a.scope/cgroup.procs"
echo 1002 >"$group/a.scope/deep/cgroup.procs"
echo 1004 >"$group/b.scope/cgroup.procs"
for path in "$group" /user.slice/app.slice user.slice/app.slice "$group/"; do
	run reclaim --cgroup "$path" --json
	is_status 0 "--cgroup $path"
	json '.results | map([.pid, .cgroup, .freed_bytes]) == [[null, "'"$path"'", 8388608]]'
done
mock=shared
run reclaim --cgroup "$group" --json
json '.total | .freed_bytes == 8388608 and .skipped_bytes == 131072'
mock=''
run reclaim --cgroup "$group"
out_matches '^ *- /.*/app.slice +8\.0M'
run reclaim 1004 --cgroup "$group/a.scope" --comm game --json
json '.results | map([.pid, .client_id, .cgroup != null]) ==
	[[1004, null, false], [null, null, true]]'
run reclaim --cgroup "$group/a.scope/deep" --pids
is_status 2 'an option of list'
# A cgroup whose processes are all in another pid namespace is not empty.
mkdir "$group/unseen.scope"
echo 0 >"$group/unseen.scope/cgroup.procs"
run reclaim --cgroup "$group/unseen.scope"
is_status 3 'only processes of another pid namespace'
err_has 'none of the processes found holds memory of renderD128'
# Child cgroups that are removed meanwhile or threaded are skipped; links are not followed.
mkdir "$group/b.scope/gone" "$group/b.scope/going" "$group/b.scope/threaded" "$work/elsewhere"
echo mock-errno=19 >"$group/b.scope/going/cgroup.procs"
echo mock-errno=95 >"$group/b.scope/threaded/cgroup.procs"
echo 1002 >"$work/elsewhere/cgroup.procs"
ln -s "$work/elsewhere" "$group/b.scope/link"
run list --cgroup "$group/b.scope" --json
is_status 0 'cgroups that come and go'
json '(.processes | map(.pid)) == [1004] and .target_errors == []'
run list --cgroup "$group/b.scope/threaded" --json
is_status 3 'a threaded cgroup has no process of its own'
rm -r "$group/b.scope/"[glt]*
# A client that a process in the cgroup has, but whose last user has exited.
mock='user=9 gone'
run reclaim --cgroup "$group" --json
is_status 0 '--cgroup, and a client in addition'
json '.results | map([.pid, .client_id, .freed_bytes]) == [[null, null, 4194304], [1002, 7, 4194304]]'
run reclaim --cgroup "$group/a.scope" --json
is_status 0 '--cgroup, only a client'
json '.results | map([.pid, .client_id]) == [[1002, 7]]'
# But not a client that a process outside also has open: it may be that process's.
process 1060 outside
panthor 1060 4 7 4096 4096
run reclaim --cgroup "$group/a.scope"
is_status 3 "another process's client"
# Nor one that a process which cannot be inspected may have open.
without=(env)
[ "$(id -u)" != 0 ] || without=(setpriv --bounding-set=-all env)
blind() {
	"${without[@]}" LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK="$mock" "$TOOL" "$1" \
		--proc "$proc" --sys "$sys" "${@:2}" >"$work/out" 2>"$work/err"
	status=$?
	out=$(<"$work/out")
	err=$(<"$work/err")
}
rights='run it as root'
[ "$(id -u)" != 0 ] || rights='run it with all capabilities of root'
left_out='1 client of a cgroup was left out: not all other processes can be inspected'
for uid in 54321 "$(id -u)"; do
	printf 'Name:\toutside\nTgid:\t1060\nState:\tS (sleeping)\nUid:\t%s\n' "$uid" \
		>"$proc/1060/status"
	chmod 0 "$proc/1060/fd"
	blind reclaim --cgroup "$group/a.scope" --json
	is_status 5 "a process of user $uid that cannot be inspected"
	err_has "$left_out: $rights"
	json '.results == [] and .error.code == "EACCES"'
	blind reclaim --cgroup "$group" --json
	is_status 0 'the cgroup without the client'
	err_has "$left_out: $rights"
	json '.results | map([.client_id, .freed_bytes]) == [[null, 4194304]]'
	chmod 755 "$proc/1060/fd"
done
rm -r "$proc/1060"
# Nor if procfs does not list all processes.
mkdir "$proc/self"
for hidepid in invisible noaccess ptraceable; do
	echo "22 1 0:20 / /proc rw,relatime - proc proc rw,hidepid=$hidepid" >"$proc/self/mountinfo"
	blind reclaim --cgroup "$group/a.scope"
	is_status 5 "hidepid=$hidepid"
	err_has "$left_out: $rights"
done
echo '22 1 0:20 / /proc rw,relatime - proc proc rw,hidepid=off' >"$proc/self/mountinfo"
blind reclaim --cgroup "$group/a.scope" --json
is_status 0 'hidepid=off'
json '.results | map([.pid, .client_id]) == [[1002, 7]]'
rm -r "$proc/self"
mock=''

# The /proc of another pid namespace: its numbers mean other processes here.
own_numbers 60 1
process 51 game
panthor 51 4 7 4096 4096
rm -r "$proc/1002"
mock=pid=51
run reclaim --comm game --json
is_status 0 'by name, with a foreign /proc'
json '.results | map([.pid, .comm, .client_id]) == [[null, "game", 7]]'
mock='pid=1 user=51'	# 51 is another process here
run reclaim --comm game --json
is_status 0 'the client of that name'
json '.results | map([.pid, .comm, .client_id, .freed_bytes]) == [[null, "game", 7, 4194304]]'
mock=pids=51,1004
run reclaim 51 --json
is_status 0 'a PID from the user'
json '.results | map([.pid, .comm, .freed_bytes]) == [[51, null, 4194304]]'
run reclaim 51
out_matches '^ *51 - +4\.0M'
run reclaim --cgroup "$group/b.scope" --json
is_status 0 'a cgroup, with a foreign /proc'
json '.results | map([.pid, .freed_bytes]) == [[null, 4194304]]'
run reclaim 4711
is_status 3 'no such PID'
err_has 'there is no process 4711 in this pid namespace, or it has no file of renderD128: mount a'
run list --pids
is_status 4 'numbers of another namespace'
no_out
err_has "$proc belongs to another pid namespace"
err_has 'unshare --mount-proc'
run list
is_status 0 'list, with a foreign /proc'
out_matches '^ *51 game '
err_has 'its numbers mean other processes here'
run list --json
json '.own_pid_namespace == false and (.clients | map(.reached_by_pids) | unique) == [null]'
for words in 51 "--cgroup $group"; do
	read -ra arguments <<<"$words"
	run list "${arguments[@]}"
	is_status 4 "list $words"
	err_has 'belongs to another pid namespace'
done
rm "$proc/thread-self/status"
run list --pids
is_status 4 'panthor-mem is not in /proc'
own_numbers 1
rm -r "$proc/51"
two_apps
mock=''

# A PID from the user is never skipped.
run reclaim 1050 --comm game
is_status 3 'PID without GPU memory'
err_has 'reclaim of 1050 (game): it has no file of renderD128'
out_matches '^ *1050 .*FAILED$'
out_matches '^ *1002 game +4\.0M'
run reclaim 1050 1050 --comm browser
is_status 3 'the other targets are done'
out_matches '^ *1004 browser +4\.0M'

# By pidfd, with the machine's own /proc.
real() {
	LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK="$mock" "$TOOL" "$@" --sys "$sys" \
		>"$work/out" 2>"$work/err"
	status=$?
	out=$(<"$work/out")
	err=$(<"$work/err")
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
# On a kernel where a pidfd cannot be resolved to a number, the user's number is used.
mock="pid=$sleeper old noself"
real reclaim --json $sleeper
is_status 0 'a pidfd without a number'
json '.results[0].freed_bytes == 4194304'
# The process exits while it is worked on: its number could belong to another one by now.
mkfifo "$work/fifo"
LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK="pid=$sleeper hold=$work/fifo" "$TOOL" reclaim --json \
	--sys "$sys" $sleeper >"$work/out" 2>"$work/err" &
reclaimer=$!
exec 7>"$work/fifo"	# waits until the call is in progress
kill -9 $sleeper
wait $sleeper 2>/dev/null
exec 7>&-
wait $reclaimer
status=$?
err=$(<"$work/err")
# Under a valgrind that does not know pidfd_open(), the program has only numbers.
if ! [[ $err == *'unhandled '*' syscall: 434'* ]]; then
	is_status 3 'exited meanwhile'
	err_has "there is no process $sleeper"
	json '.results[0] | .error.code == "ESRCH" and .freed_bytes == 4194304'
	# A number without a process at the start is not used either: it may get one later.
	mock='pid=2147483647'
	real reclaim --json 2147483647
	is_status 3 'started meanwhile'
	err_has 'there is no process 2147483647'
	json '.results[0] | .error.code == "ESRCH" and .freed_bytes == 0'
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
# The dry run of the kernel honours the limit.
mock=evicted
run claim --dry-run 1002
is_status 0 'claim --dry-run'
out_matches '^ *PID COMMAND WOULD CLAIM LEAVE EVICTED NOTES$'
out_matches '^ *1002 game +4\.0M +0$'
run claim --dry-run --json --max 1M 1002 1004
json '.dry_run and .total.claimed_bytes == 1048576 and .total.remaining_bytes == 3145728 and
	.results[0].status == ["capped"]'
run claim --dry-run --prefetch --json 1002
json '.total.claimed_bytes == 0 and .total.remaining_bytes == 4194304'
run claim --json 1002
json '.total.claimed_bytes == 4194304'
mock=''
run claim --dry-run 1050
is_status 3 'claim --dry-run without GPU memory'
err_has 'it has no file of renderD128'
finish
