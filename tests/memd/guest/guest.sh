#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Test panthor-memd on the real driver. It runs on a real bus, as a user with one capability.
# Callers and processes belong to another user, and the GPU writes and checks their memory.
# usage, in the guest: guest.sh BUILD_DIRECTORY [RACES]
build=$1
races=${2:-1000}
. "$(dirname "$0")/lib.sh"
start_memd
cat "$work/memd.log"
check 'one capability' test "$(awk '/^Cap(Prm|Eff|Bnd)/ { print $2 }' "/proc/$memd/status" | sort -u)" \
	= 0000000001000000

# A kernel with KASAN and lockdep needs ten times as long for each buffer.
game_mib=24 less=1
[ "${PANTHOR_GUEST-}" != debug ] || game_mib=6 less=4
holder game $game_mib setpriv --reuid $user --regid $user --clear-groups
holder browser $((8 / less)) setpriv --reuid $user --regid $user --clear-groups
holder service 4
game=${pid_of[game]}

# --- own processes and others -----------------------------------------------------------------

tool reclaim --broker never "$game"
is_status 5 'not directly'
tool reclaim --json "$game"
is_status 0 'by panthor-memd, without an option'
json ".results[0] | .freed_bytes >= $game_mib * $MiB * 0.95 and .error == null"
check 'it is evicted' test "$(evicted game)" -ge $(((game_mib - 1) * MiB))
check 'the other one is not' test "$(evicted browser)" = 0
tool claim --broker always --json "$game"
json ".results[0] | .claimed_bytes >= ($game_mib - 1) * $MiB and .remaining_bytes == 0"
check 'it is back' test "$(evicted game)" = 0
intact game 'after a reclaim and a claim'
tool reclaim --broker always "$game"
intact game 'without a claim'
tool reclaim --broker always --max 2M --json "$game"
json ".results[0] | .freed_bytes >= 2 * $MiB and .freed_bytes < 4 * $MiB"
tool reclaim --broker always "${pid_of[service]}"
is_status 5 "root's process"
err_has 'only root may'
tool reclaim --broker always $$
is_status 5 "root's shell"
intact service 'of another user'

# --- many processes of one name -----------------------------------------------------------------

# More than panthor-memd accepts requests of a user at once; they have no GPU memory.
kill $memd
wait $memd
set_limits 120 40
start_memd
mkdir "$work/idle"
cp "$(command -v sleep)" "$work/idle/game"
idle=()
for _ in {1..60}; do
	"${as_user[@]}" "$work/idle/game" infinity &
	idle+=($!)
done
is_named() { [ "$(pgrep -cxu "$user" game)" = 61 ]; }
check 'all have their name' until_done is_named
tool reclaim --broker always --json --comm game
is_status 0 'a name that many have'
json ".results | length == 1 and .[0].pid == $game and .[0].freed_bytes > 0"
kill "${idle[@]}"
wait "${idle[@]}"
intact game 'found by name'
kill $memd
wait $memd
set_limits 1000000 1000000
start_memd

# --- killed in the middle -----------------------------------------------------------------------

# Kill panthor-memd at five moments of a reclaim, which takes some 100 ms.
holder large $((96 / less)) setpriv --reuid $user --regid $user --clear-groups
for delay in 0.01 0.03 0.06 0.1 0.2; do
	"${as_user[@]}" "$bin/panthor-mem" reclaim --broker always "${pid_of[large]}" >"$work/caller" 2>&1 &
	caller=$!
	sleep $delay
	kill -9 $memd
	wait $memd 2>/dev/null
	wait $caller
	intact large "after kill -9 of panthor-memd, $delay s"
	start_memd
done
for delay in 0.01 0.03 0.06 0.1 0.2; do
	"${as_user[@]}" "$bin/panthor-mem" reclaim --broker always "${pid_of[large]}" >"$work/caller" 2>&1 &
	caller=$!
	sleep $delay
	kill -9 $caller 2>/dev/null
	wait $caller 2>/dev/null
	# The next caller is served, and the reclaim for the killed caller does not continue.
	tool claim --broker always --json "${pid_of[large]}"
	is_status 0 "after kill -9 of the caller, $delay s"
	json '.total.remaining_bytes == 0'
	check 'nothing is reclaimed for it any more' test "$(evicted large)" = 0
	intact large "after kill -9 of the caller, $delay s"
done
for delay in 0.01 0.05 0.1; do
	holder "victim$delay" $((64 / less)) setpriv --reuid $user --regid $user --clear-groups
	victim=${pid_of[victim$delay]}
	"${as_user[@]}" "$bin/panthor-mem" reclaim --broker always "$victim" >"$work/caller" 2>&1 &
	caller=$!
	sleep $delay
	kill -9 "$victim"
	wait "$victim" 2>/dev/null
	wait $caller
	tool claim --broker always --json "${pid_of[browser]}"
	is_status 0 "after kill -9 of the process, $delay s"
	rm -f "$work/victim$delay".*
done
intact browser 'of one that was not named'
check 'panthor-memd has not ended' kill -0 $memd

# --- a claim against a reclaim --------------------------------------------------------------------

check "$races races" "$bin/memd-race" race "${pid_of[browser]}" "$races"
intact browser 'after the races'
"$bin/memd-race" latency "${pid_of[browser]}" 300
awk '/^(VmRSS|Threads)/ { print "panthor-memd: " $0 }' "/proc/$memd/status"
check 'RSS <= 4 MiB' test "$(awk '/^VmRSS/ { print $2 }' "/proc/$memd/status")" -le 4096
# nice_values OPERATOR: those of the threads whose number is == or != that of the process.
nice_values() {
	awk -v process="$memd" '$1 '"$1"' process { print $19 }' "/proc/$memd/task"/*/stat | sort -u
}
check 'the loop has the priority of the unit' test "$(nice_values '==')" = "$(unit_nice)"
check 'jobs have the usual priority' test "$(nice_values '!=')" = 0
check 'threads <= 5' test "$(awk '/^Threads/ { print $2 }' "/proc/$memd/status")" -le 5

# --- a flood ----------------------------------------------------------------------------------------

kill $memd
wait $memd
# The flooder reaches the limit, and the bystander does not.
set_limits 120 4000
start_memd
check 'a bystander during a flood' "$bin/memd-race" flood "${pid_of[browser]}" 400
intact browser 'after the flood'
kill $memd
wait $memd
check 'the flood was limited' grep -q 'requests of UID 5: LimitsExceeded' "$work/memd.log"
set_limits 1000000 1000000
start_memd

# --- the clock -------------------------------------------------------------------------------------

# No limit and no time-out may depend on the time of day.
now=$(date +%s)
for jump in $((now + 400000000)) 86400 "$now"; do
	date -s "@$jump" >"$work/date"
	tool reclaim --broker always --json "$game"
	is_status 0 "reclaim, the clock is at $jump"
	json ".results[0] | .freed_bytes > 0 and .duration_ns < 60000000000"
	tool claim --broker always --json "$game"
	is_status 0 "claim, the clock is at $jump"
	json '.total.remaining_bytes == 0'
done
intact game 'after jumps of the clock'

# --- swap ------------------------------------------------------------------------------------------

# A claim goes on with what a slow disk did not read in its first second.
check 'swap on a slow disk' "$build/bench/slow-swap" 128 500000000 true
tool reclaim --broker always "$game"
is_status 0 'reclaim to a slow disk'
check 'it is evicted' test "$(evicted game)" -gt 0
tool claim --broker always --json "$game"
is_status 0 'claim from a slow disk'
json '.total.remaining_bytes == 0 and .results[0].claimed_bytes > 0'
echo "$out"
intact game 'after a claim from a slow disk'

while read -r swap _; do
	[[ $swap != /* ]] || swapoff "$swap"
done </proc/swaps
tool reclaim --broker always "$game"
is_status 4 'no swap'
err_has 'no swap is active: see swapon(8)'
tool claim --broker always "$game"
is_status 0 'claim without swap'
intact game 'at the end'
kill $memd
wait $memd
check 'it ends well' test $? = 0
check 'counted' grep -q '^panthor_memd_operations_total{operation="claim",result="ok"} [1-9]' \
	"$work/run/panthor_memd.prom"
cat "$work/memd.log"
finish
