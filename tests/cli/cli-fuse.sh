#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A real file system that does not answer: a process with a file of it open must not block
# panthor-mem.
. "$(dirname "$0")/lib.sh"
needs jq
two_apps
[ -w /dev/fuse ] || { echo 'skipped: /dev/fuse cannot be opened'; exit 77; }
[ "$(id -u)" = 0 ] || { echo 'skipped: only root can mount'; exit 77; }

mkdir "$work/dead"
mkfifo "$work/end"
/usr/bin/python3 "$(dirname "$0")/dead_fs.py" "$work/dead" <"$work/end" >"$work/server" 2>&1 &
server=$!
exec 7>"$work/end"
tidy() {
	local status=$?
	exec 7>&-
	wait "$server" 2>/dev/null
	end "$status"
}
trap tidy EXIT
until grep -q '^ready' "$work/server"; do
	kill -0 $server 2>/dev/null || {
		wait $server
		status=$?
		cat "$work/server"
		[ $status = 77 ] && exit 77
		check 'the file system is there' false
		finish
	}
	sleep 0.05
done

# real COMMAND...: with the machine's own /proc, which shows that process. Only a timeout ends a
# hang. The command must not hold descriptor 7, whose end of file ends the file system.
real() {
	timeout -s KILL 120 env LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK='' "$TOOL" "$@" --sys "$sys" \
		>"$work/out" 2>"$work/err" </dev/null 7>&-
	status=$?
	out=$(<"$work/out")
	err=$(<"$work/err")
}
check 'the process has the file' test "$(readlink /proc/$server/fd/* | grep -c "^$work/dead/file$")" = 1
real list --json
is_status 0 list
json '.schema == "panthor-mem.list" and .error == null'
real watch --json --count 1
is_status 0 watch
real list $server
is_status 0 'the process itself'
real reclaim --comm nobody-is-called-so
is_status 3 'looking for a name'
real doctor --json
json '.schema == "panthor-mem.doctor"'
finish
