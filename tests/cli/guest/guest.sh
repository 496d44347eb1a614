#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# panthor-mem on the real driver, with the kernel's /proc, cgroups and swap.
# usage, in the guest: guest.sh BUILD_DIRECTORY
build=$1
export TOOL=$build/panthor-mem/panthor-mem
. "$(dirname "$0")/../lib.sh"
needs jq
tool() {
	"$TOOL" "$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
	out=$(<"$work/out")
	err=$(<"$work/err")
}

# Two processes that hold GPU memory, and that check it on request.
coproc game { exec "$build/tests/cli/guest/gpu-holder" game 12; }
game_pid=$!
read -r word <&"${game[0]}"
check 'the first process is ready' test "$word" = ready
# bash can have one coprocess at a time; the second gets pipes.
mkfifo "$work/in" "$work/answer"
"$build/tests/cli/guest/gpu-holder" browser 8 <"$work/in" >"$work/answer" &
browser_pid=$!
exec 8>"$work/in" 9<"$work/answer"
read -r word <&9
check 'the second process is ready' test "$word" = ready

ask() { echo "$1" >&"${game[1]}"; read -r word <&"${game[0]}"; }
of_game=".processes | map(select(.pid == $game_pid)) | .[0]"
of_browser=".processes | map(select(.pid == $browser_pid)) | .[0]"
MiB=1048576

# What each process holds.
tool list
is_status 0 list
no_err
out_matches "^ *$game_pid game +panthor +renderD[0-9]+ +1[2-9]\.[0-9]M +0 "
echo "$out"
tool list --json
json "$of_game | .resident_bytes >= 12 * $MiB and .evicted_bytes == 0 and .internal_bytes > 0"
json "$of_browser | .resident_bytes >= 8 * $MiB"
resident=$(jq "$of_game | .resident_bytes" "$work/out")
others=$(jq "$of_browser | .resident_bytes" "$work/out")
tool list --pids
check 'both PIDs' test "$out" = "$(printf '%s\n' "$game_pid" "$browser_pid" | sort -n)"

# A client counts once, however many processes have its file.
ask share
child=$word
tool list --json
json "$of_game | .resident_bytes == $resident and .clients == 1"
json ".clients | map(select(.pids == [$game_pid, $child])) | length == 1"
json "[.processes[].pid] | contains([$child]) | not"

# A dry run reports what a real run does.
tool reclaim --dry-run --json $game_pid
is_status 0 --dry-run
json '.total.freed_bytes == 0'
evict=$(jq .total.evicted_bytes "$work/out")
tool reclaim --json --metrics "$work/m.prom" $game_pid
is_status 0 reclaim
json ".results[0] | .evicted_bytes == $evict and .evicted_bytes >= 12 * $MiB and .error == null"
json '.results[0] | .freed_bytes >= .evicted_bytes * 0.95'
freed=$(jq .total.freed_bytes "$work/out")
check 'counted' grep -q "^panthor_mem_freed_bytes_total{device=\"renderD[0-9]*\"} $freed\$" "$work/m.prom"
tool list --json
json "$of_game | .resident_bytes < $MiB and .evicted_bytes >= 12 * $MiB"
json "$of_browser | .resident_bytes == $others"
# Nothing is left to do.
tool reclaim --json $game_pid
json '.total.evicted_bytes == 0'

tool claim --dry-run --json --comm game
json ".total | .claimed_bytes == $evict and .remaining_bytes == 0"
tool claim --json --comm game --metrics "$work/m.prom"
is_status 0 claim
json ".total | .claimed_bytes == $evict and .remaining_bytes == 0"
tool list --json
json "$of_game | .resident_bytes == $resident and .evicted_bytes == 0"
ask check
check 'contents after a claim' test "$word" = intact

# A limit. Memory that is not claimed comes back by itself.
tool reclaim --json --max 4M $game_pid
json ".results[0] | .freed_bytes >= 4 * $MiB and .freed_bytes < 8 * $MiB and
	(.status | contains([\"capped\"]))"
tool reclaim $game_pid
echo "$out"
ask check
check 'contents without a claim' test "$word" = intact
tool reclaim --no-pageout --json $game_pid
json '.total.freed_bytes == 0 and .total.evicted_bytes > 0'
tool claim $game_pid
is_status 0 'claim after --no-pageout'
echo "$out"

# A signal while the kernel waits for the GPU: nothing has been done, and nothing will be.
for signal in INT TERM; do
	tool list --json
	before=$(jq "$of_game | .resident_bytes" "$work/out")
	ask busy
	check 'the GPU works' test "$word" = 0
	env --default-signal=INT "$TOOL" reclaim --wait 60s --json $game_pid >"$work/out" 2>"$work/err" &
	reclaimer=$!
	# By then it is most likely in the call. If it is not, it ends as well.
	sleep 0.3
	kill -s $signal $reclaimer
	wait $reclaimer
	status=$?
	is_status $((128 + $(kill -l $signal))) "SIG$signal while it waits for the GPU"
	json ".results == [] and .not_tried == [$game_pid]"
	tool list --json
	json "$of_game | .resident_bytes == $before"
	ask check
	check 'contents after it' test "$word" = intact
done

# A cgroup, then one below it.
mkdir -p /sys/fs/cgroup/apps/game.scope /sys/fs/cgroup/apps/browser.scope
echo "$game_pid" >/sys/fs/cgroup/apps/game.scope/cgroup.procs
echo "$browser_pid" >/sys/fs/cgroup/apps/browser.scope/cgroup.procs
tool reclaim --json --cgroup /apps
is_status 0 --cgroup
json ".results | map([.pid, .cgroup]) == [[null, \"/apps\"]]"
json ".total.freed_bytes >= 18 * $MiB"
tool claim --json --cgroup /sys/fs/cgroup/apps/browser.scope
json ".total.claimed_bytes >= 8 * $MiB and .error == null"
tool claim --json $game_pid
tool watch --count 2 --interval 10ms
is_status 0 watch
check 'twice' test "$(grep -c ' game ' <<<"$out")" = 2

# To the background and back, as in panthor-mem(1).
pkill -STOP -x game
tool reclaim --comm game
is_status 0 'stopped and reclaimed'
tool list --json
json "$of_game | .evicted_bytes >= 12 * $MiB"
tool claim --comm game
pkill -CONT -x game
ask check
check 'contents after a stop' test "$word" = intact

# Errors.
tool reclaim $$
is_status 3 'a process without GPU memory'
err_has 'it has no file of renderD'
tool reclaim 999999
is_status 3 'no process'
err_has 'there is no process 999999'
chmod 0 /dev/dri/renderD*
# Root without capabilities, since another user might not be able to read the program.
unprivileged() {
	setpriv --bounding-set=-all "$TOOL" "$@" >"$work/out" 2>"$work/err"
	status=$?
	out=$(<"$work/out")
	err=$(<"$work/err")
}
unprivileged reclaim $game_pid
is_status 5 'no access'
err_has 'cannot open /dev/dri/renderD'
chmod 600 /dev/dri/renderD*
unprivileged reclaim $game_pid
is_status 5 'no capability'
err_has 'the capability CAP_SYS_RESOURCE is needed: run it as root'
unprivileged list
is_status 0 'list without privileges'
err_has 'could not be inspected: run it with all capabilities of root'
tool claim $game_pid
while read -r swap _; do
	[[ $swap != /* ]] || swapoff "$swap"
done </proc/swaps
tool reclaim $game_pid
is_status 4 'no swap'
err_has 'no swap is active: see swapon(8)'
tool claim $game_pid
is_status 0 'claim without swap'

exec 8>&-
wait $browser_pid
tool reclaim $browser_pid
is_status 4 'gone, and no swap'
tool list --pids
check 'one process is left' test "$out" = "$game_pid"
ask check
check 'contents at the end' test "$word" = intact
finish
