# SPDX-License-Identifier: MIT
# Sourced in the guest. It starts a real bus. start_memd() runs panthor-memd on it as a user with
# one capability, and holder() starts processes that hold GPU memory. $build is the build
# directory.
# shellcheck shell=bash
export TOOL=$build/panthor-mem/panthor-mem
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../../cli/lib.sh"
. "$here/../bus.sh"
needs jq dbus-daemon setpriv

# Other users may not be able to read the build directory.
bin=$work/bin
mkdir "$bin"
cp "$build"/panthor-memd/panthor-memd "$build"/panthor-mem/panthor-mem "$build"/tests/cli/guest/gpu-holder \
	"$build"/tests/memd/guest/memd-race "$build"/libdrm-panthor/libdrm_panthor.so.1 "$bin"
chmod -R a+rX "$work"
chmod 755 "$work"
export LD_LIBRARY_PATH=$bin
chmod 666 /dev/dri/renderD*

user=65534 # nobody
# An array and no function, so that $! of a command in the background is the command.
as_user=(setpriv --reuid "$user" --regid "$user" --clear-groups --bounding-set=-all --inh-caps=-all)
tool() {
	"${as_user[@]}" "$bin/panthor-mem" "$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
	out=$(cat "$work/out")
	err=$(cat "$work/err")
}
MiB=1048576

# --- the bus and the service --------------------------------------------------------------

start_bus "$here/../../../panthor-memd/org.panthormem.Broker1.conf" daemon
mkdir -m 777 "$work/run"

# set_limits REQUESTS BURST: RequestsPerMinute= and Burst= of the next panthor-memd
set_limits() {
	printf '[Limits]\nMinResidentSec=0\nRoundTrips=0\nRequestsPerMinute=%d\nBurst=%d\n' "$@" \
		>"$work/memd.conf"
}
# The tests do everything more often than usual.
set_limits 1000000 1000000

start_memd() {
	: >"$work/memd.log"
	nice -n "$(unit_nice)" \
		setpriv --reuid daemon --regid daemon --clear-groups --no-new-privs \
		--bounding-set=-all,+sys_resource --inh-caps=-all,+sys_resource \
		--ambient-caps=-all,+sys_resource \
		"$bin/panthor-memd" --config "$work/memd.conf" --runtime "$work/run" 2>"$work/memd.log" &
	memd=$!
	check 'panthor-memd starts' until_done grep -q 'is ready' "$work/memd.log"
}

# --- processes ------------------------------------------------------------------------------

# holder NAME MIB [COMMAND...]: start gpu-holder, run by COMMAND, and set pid_of[NAME].
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
