#!/bin/sh
# SPDX-License-Identifier: MIT
# Check how many instructions the library adds to a raw ioctl. They are counted, not
# timed, so that the result is the same on a busy machine.
# usage: check-cost.sh VALGRIND PROGRAM LIMIT
set -eu

valgrind=$1 program=$2 limit=$3
calls=1000

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$valgrind" --tool=callgrind --callgrind-out-file="$work/out" "$program" >"$work/log" 2>&1 || {
	cat "$work/log"
	exit 1
}

# Instructions of one call, with everything that it calls.
inclusive() {
	callgrind_annotate --inclusive=yes --threshold=100 --show=Ir --show-percs=no "$work/out" |
		awk -v name=":$1 " -v calls=$calls 'index($0 " ", name) {
			gsub(",", "", $1); printf "%d\n", $1 / calls; exit }'
}

bare=$(inclusive cost_ioctl)
libdrm=$(inclusive cost_drmioctl)
if [ "${bare:-0}" -le 0 ] || [ "${libdrm:-0}" -lt "${bare:-0}" ]; then
	cat "$work/log"
	echo "nothing was counted"
	exit 1
fi
echo "drmIoctl(): $((libdrm - bare)) instructions more than ioctl()"

bad=0
for way in simple with pidfd; do
	all=$(inclusive cost_$way)
	echo "$way: $((all - libdrm)) more than drmIoctl(), $((all - bare)) more than ioctl()"
	case $way in
	simple) over=$((all - bare)) ;;
	with) over=$((all - libdrm)) ;;
	*) continue ;; # mostly its two system calls
	esac
	[ "$over" -gt 0 ] && [ "$over" -le "$limit" ] || { echo "that is beyond $limit"; bad=1; }
done
exit $bad
