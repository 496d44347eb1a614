#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The library has the probes of docs/telemetry.rst, with the same number of arguments. If gdb is
# installed, a probe is hit with the values that the program reports.
# usage: probes.sh LIBRARY DOCUMENT
. "$(dirname "$0")/lib.sh"
library=$1 document=$2
two_apps

# "name count" of each probe, from the ELF notes and from the table in the document.
notes=$(readelf -n "$library" | awk '
	/Provider: libdrm_panthor/ { ours = 1 }
	/Name:/ { name = $2 }
	/Arguments:/ { if (ours) print name, NF - 1; ours = 0 }' | sort -u)
table=$(awk '/^   \* - ``[a-z]+__[a-z]+``$/ { gsub("`", ""); name = $3; getline
	print name, gsub(",", ",") + 1 }' "$document" | sort -u)
echo "$notes"
check 'the same probes and arguments' test -n "$notes" -a "$notes" = "$table"

if command -v gdb >/dev/null && [ -z "$SANITIZER${TOOL_WRAPPER-}" ]; then
	LD_PRELOAD='' gdb -nx -batch -ex 'set breakpoint pending on' \
		-ex 'set startup-with-shell off' \
		-ex "set environment LD_PRELOAD $MOCK" -ex 'set environment PANTHOR_MOCK apps=2' \
		-ex 'break -probe-stap libdrm_panthor:reclaim__end' -ex run \
		-ex 'printf "tgid %d ret %d freed %ld\n", $_probe_arg1, $_probe_arg2, $_probe_arg4' \
		-ex kill --args "$TOOL" reclaim --proc "$proc" --sys "$sys" 1002 >"$work/out" 2>"$work/err"
	status=$?
	out=$(<"$work/out")
	err=$(<"$work/err")
	out_has 'tgid 1002 ret 0 freed 4194304'
fi
finish
