#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What run-demo --broker starts in the guest: a user without a privilege reclaims and claims
# the memory of its own process by panthor-memd, and that of root's is refused.
# usage: broker.sh BUILD_DIRECTORY
build=$1
. "$(dirname "$0")/../tests/memd/guest/lib.sh"

show() {
	printf '\n$ panthor-mem %s\n' "$*"
	tool "$@"
	[ -z "$out" ] || echo "$out"
	[ -z "$err" ] || echo "$err"
}
memory_of() {
	"$bin/panthor-mem" list | sed -n "1p; /^ *\(${pid_of[game]}\|${pid_of[service]}\) /p"
}

start_memd
holder game 32 setpriv --reuid $user --regid $user --clear-groups
holder service 8
game=${pid_of[game]}
echo "panthor-memd, $memd, is a user with one capability: CapEff" \
	"$(awk '/^CapEff/ { print $2 }' "/proc/$memd/status")"
echo "game is the process of a user (UID $user) without any, service is root's:"
memory_of
show reclaim --broker never "$game"
is_status 5 'the kernel refuses'
show reclaim "$game"
is_status 0 'panthor-memd does not'
json_freed=$(evicted game)
memory_of
check 'it is in swap' test "$json_freed" -ge $((30 * MiB))
show claim "$game"
is_status 0 'and back'
memory_of
check 'nothing is left in swap' test "$(evicted game)" = 0
intact game 'after all that'
show reclaim --broker always "${pid_of[service]}"
is_status 5 "root's process"
intact service 'that nobody has touched'
kill $memd
wait $memd
printf '\nverdict: '
# shellcheck disable=SC2154 # in lib.sh
[ "$failures" = 0 ] && echo 'ok: contents are intact' || echo FAILED
finish
