#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The flood of broker.sh on the kernel of this machine, with the mock as the device: how long
# messages wait there depends on the scheduler, and User-Mode Linux has hardly any preemption.
# Prints an object of JSON for each arm, and nothing for other users than root, who cannot
# start programs of several users.
# usage: broker-host.sh BUILD_DIRECTORY COUNT
build=$1 count=$2
export TOOL=$build/panthor-mem/panthor-mem
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../tests/cli/lib.sh"
. "$here/../tests/memd/bus.sh"
if [ "$EUID" != 0 ]; then
	echo 'the flood on the kernel of this machine needs root' >&2
	finished=1
	exit
fi

chmod 755 "$work"
mkdir "$work/run" "$work/dri"
touch "$work/dri/renderD128"
start_bus "$here/../panthor-memd/org.panthormem.Broker1.conf" daemon
# An application of nobody, who is also the bystander.
setpriv --reuid 65534 --regid 65534 --clear-groups sleep infinity &
app=$!
# The flooder reaches the limit, and the bystander does not.
printf '[Limits]\nMinResidentSec=0\nRoundTrips=0\nRequestsPerMinute=120\nBurst=%d\n' \
	$((4 * count)) >"$work/memd.conf"
PANTHOR_MOCK="apps=1 dri=$work/dri pids=$app" LD_PRELOAD=$build/tests/cli/libpanthor-mock.so \
	nice -n "$(unit_nice)" "$build/panthor-memd/panthor-memd" --config "$work/memd.conf" \
	--runtime "$work/run" --devices "$work/dri" --user daemon --group nogroup 2>"$work/memd.log" &
memd=$!
check 'panthor-memd starts' until_done grep -q 'is ready' "$work/memd.log"
check 'a flood' "$build/tests/memd/guest/memd-race" flood "$app" "$count" json
kill "$memd" "$app" "$bus"
finish
