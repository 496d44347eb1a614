#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# panthor-memd on the real driver: a real bus, the service as a user with one capability,
# callers and processes of another user, contents by the GPU.
# usage, in the guest: guest.sh BUILD_DIRECTORY [RACES]
build=$1
races=${2:-1000}
export TOOL=$build/tools/panthor-mem
. "$(dirname "$0")/../../tools/lib.sh"
needs jq dbus-daemon setpriv

# Other users may not be able to read the build directory.
bin=$work/bin
mkdir "$bin"
cp "$build"/broker/panthor-memd "$build"/tools/panthor-mem "$build"/tests/tools/guest/gpu-holder \
	"$build"/tests/broker/guest/memd-race "$build"/libdrm-panthor/libdrm_panthor.so.1 "$bin"
chmod -R a+rX "$work"
chmod 755 "$work"
export LD_LIBRARY_PATH=$bin
chmod 666 /dev/dri/renderD*

user=65534 # nobody
as_user() { setpriv --reuid $user --regid $user --clear-groups --bounding-set=-all --inh-caps=-all "$@"; }
tool() {
	as_user "$bin/panthor-mem" "$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
	out=$(cat "$work/out")
	err=$(cat "$work/err")
}
MiB=1048576

# --- the bus and the service --------------------------------------------------------------

sed 's/user="panthor-memd"/user="daemon"/' "$(dirname "$0")/../../../broker/org.panthormem.Broker1.conf" \
	>"$work/policy.conf"
cat >"$work/bus.conf" <<END
<busconfig><type>system</type><listen>unix:path=$work/bus</listen><auth>EXTERNAL</auth>
<policy context='default'><allow user='*'/><deny own='*'/><deny send_type='method_call'/>
<allow send_type='signal'/><allow send_requested_reply='true' send_type='method_return'/>
<allow send_requested_reply='true' send_type='error'/><allow receive_type='method_call'/>
<allow receive_type='method_return'/><allow receive_type='error'/><allow receive_type='signal'/>
<allow send_destination='org.freedesktop.DBus'/></policy>
<include>$work/policy.conf</include></busconfig>
END
dbus-daemon --config-file="$work/bus.conf" --nofork --nopidfile --nosyslog 2>"$work/bus.log" &
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/bus
# No limit in time: the tests are quicker than any user.
printf '[Limits]\nMinResidentSec=0\nRoundTrips=0\nRequestsPerMinute=1000000\nBurst=1000000\n' \
	>"$work/memd.conf"
mkdir -m 777 "$work/run"

# until COMMAND...: it succeeds, or a minute is over.
until_done() {
	local i
	for ((i = 0; i < 600; i++)); do
		"$@" && return
		sleep 0.1
	done
	return 1
}
start_memd() {
	: >"$work/memd.log"
	setpriv --reuid daemon --regid daemon --clear-groups --no-new-privs \
		--bounding-set=-all,+sys_resource --inh-caps=-all,+sys_resource \
		--ambient-caps=-all,+sys_resource \
		"$bin/panthor-memd" --config "$work/memd.conf" --runtime "$work/run" 2>"$work/memd.log" &
	memd=$!
	check 'panthor-memd starts' until_done grep -q 'is ready' "$work/memd.log"
}
check 'the bus starts' until_done test -S "$work/bus"
start_memd
cat "$work/memd.log"
check 'one capability' test "$(awk '/^Cap(Prm|Eff|Bnd)/ { print $2 }' "/proc/$memd/status" | sort -u)" \
	= 0000000001000000

# --- processes ------------------------------------------------------------------------------

# holder NAME MIB [COMMAND...]: sets pid_NAME; ask NAME talks to it.
declare -A in_of out_of pid_of
holder() {
	local name=$1 mib=$2 in out
	shift 2
	mkfifo "$work/$name.in" "$work/$name.out"
	"$@" "$bin/gpu-holder" "$name" "$mib" <"$work/$name.in" >"$work/$name.out" &
	pid_of[$name]=$!
	exec {in}>"$work/$name.in" {out}<"$work/$name.out"
	in_of[$name]=$in out_of[$name]=$out
	read -r word <&"$out"
	check "$name is ready" test "$word" = ready
}
intact() {
	echo check >&"${in_of[$1]}"
	read -r word <&"${out_of[$1]}"
	check "$1: contents $2" test "$word" = intact
}
evicted() {
	"$bin/panthor-mem" list --json "${pid_of[$1]}" | jq '[.processes[].evicted_bytes] | add // 0'
}
holder game 24 setpriv --reuid $user --regid $user --clear-groups
holder browser 8 setpriv --reuid $user --regid $user --clear-groups
holder service 4
game=${pid_of[game]}

# --- one's own, and others' -------------------------------------------------------------------

tool reclaim --broker never "$game"
is_status 5 'not directly'
tool reclaim --json "$game"
is_status 0 'by panthor-memd, without being told'
json ".results[0] | .freed_bytes >= 24 * $MiB * 0.95 and .error == null"
check 'it is evicted' test "$(evicted game)" -ge $((23 * MiB))
check 'the other one is not' test "$(evicted browser)" = 0
tool claim --broker always --json "$game"
json ".results[0] | .claimed_bytes >= 23 * $MiB and .remaining_bytes == 0"
check 'it is back' test "$(evicted game)" = 0
intact game 'after a reclaim and a claim'
tool reclaim --broker always "$game"
intact game 'without a claim'
tool reclaim --broker always --max 4M --json "$game"
json ".results[0] | .freed_bytes >= 4 * $MiB and .freed_bytes < 8 * $MiB"
tool reclaim --broker always "${pid_of[service]}"
is_status 5 "root's process"
err_has 'only root may'
tool reclaim --broker always $$
is_status 5 "root's shell"
intact service 'of another user'

# --- killed in the middle -----------------------------------------------------------------------

# Somewhere in a reclaim of some 100 ms: five times, later and later.
holder large 96 setpriv --reuid $user --regid $user --clear-groups
for delay in 0.01 0.03 0.06 0.1 0.2; do
	as_user "$bin/panthor-mem" reclaim --broker always "${pid_of[large]}" >"$work/caller" 2>&1 &
	caller=$!
	sleep $delay
	kill -9 $memd
	wait $memd 2>/dev/null
	wait $caller
	intact large "after kill -9 of panthor-memd, $delay s"
	start_memd
done
for delay in 0.01 0.03 0.06 0.1 0.2; do
	as_user "$bin/panthor-mem" reclaim --broker always "${pid_of[large]}" >"$work/caller" 2>&1 &
	caller=$!
	sleep $delay
	kill -9 $caller 2>/dev/null
	wait $caller 2>/dev/null
	# Whoever comes next is answered, and nothing goes on for who is gone.
	tool claim --broker always --json "${pid_of[large]}"
	is_status 0 "after kill -9 of the caller, $delay s"
	json '.total.remaining_bytes == 0'
	check 'nothing is reclaimed for it any more' test "$(evicted large)" = 0
	intact large "after kill -9 of the caller, $delay s"
done
for delay in 0.01 0.05 0.1; do
	holder "victim$delay" 64 setpriv --reuid $user --regid $user --clear-groups
	victim=${pid_of[victim$delay]}
	as_user "$bin/panthor-mem" reclaim --broker always "$victim" >"$work/caller" 2>&1 &
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
check 'RSS <= 4 MiB but for libraries' test \
	"$(awk '/^Rss(Anon)/ { print $2 }' "/proc/$memd/status")" -le 4096
check 'threads <= 5' test "$(awk '/^Threads/ { print $2 }' "/proc/$memd/status")" -le 5

# --- swap ------------------------------------------------------------------------------------------

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
