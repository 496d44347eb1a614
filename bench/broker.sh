#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What run-bench starts in the guest for the case "broker": how much longer a claim takes through
# panthor-memd, and during a flood. Prints an object of JSON for each arm.
# usage: broker.sh BUILD_DIRECTORY COUNT
build=$1 count=$2
. "$(dirname "$0")/../tests/memd/guest/lib.sh"

field() {
	awk -v name="$1:" '$1 == name { print $2 }' "/proc/$memd/status"
}
start_memd
holder app 16 "${as_user[@]}"
check 'latency' "$bin/memd-race" latency "${pid_of[app]}" "$count" json
kill $memd
wait $memd
# The flooder reaches the limit, and the bystander does not.
set_limits 120 $((4 * count))
start_memd
check 'a flood' "$bin/memd-race" flood "${pid_of[app]}" "$count" json
printf '{"arm":"panthor-memd after the flood","rss":%d,"threads":%d}\n' \
	$(($(field VmRSS) * 1024)) "$(field Threads)"
intact app 'at the end'
finish
