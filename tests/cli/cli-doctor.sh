#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# doctor: each check reports what is wrong as failed, and what is right as ok.
. "$(dirname "$0")/lib.sh"
needs jq
two_apps
mkdir -p "$proc/self" "$sys/fs/cgroup/app.slice/game.scope"
echo max >"$sys/fs/cgroup/app.slice/memory.swap.max"
mounted() { echo "22 1 0:20 / /proc rw,relatime - proc proc $1" >"$proc/self/mountinfo"; }
mounted rw

# is CHECK RESULT [CODE]: in the JSON of the last run.
is() {
	json ".checks | map(select(.name == \"$1\")) | length == 1 and .[0].result == \"$2\" and
		(.[0].code == ${3-null}) and (.[0].message != \"\") and
		((.[0].result != \"failed\") or .[0].remedy != \"\")"
}
all='device permissions driver ioctls capability swap cgroups procfs pid-namespace'
# others RESULT EXCEPTION...: all checks except the exceptions have that result.
others() {
	local check
	for check in $all; do
		[[ " ${*:2} " == *" $check "* ]] || is "$check" "$1"
	done
}
# broken STATUS MOCK CHECK CODE MESSAGE REMEDY: CHECK fails, as text and as JSON.
broken() {
	mock=$2
	run doctor
	is_status "$1" "$3"
	out_matches "^FAILED +$3 .*$5"
	out_matches "^ +-> .*$6"
	run doctor --json
	is_status "$1" "$3, JSON"
	is "$3" failed "\"$4\""
	json '.schema == "panthor-mem.doctor" and .version == 1'
	mock=''
}

run doctor
is_status 0 'nothing is wrong'
no_err
out_lacks FAILED
out_matches '^ok +device +renderD128$'
out_matches '^ok +swap +128\.0M free of 128\.0M$'
out_matches "^panthor-mem [0-9.]+, Linux $(uname -r) $(uname -m), pages of [0-9]+ bytes, user"
out_matches '^driver: panthor 1\.[0-9]+\.[0-9]+$'
out_matches '^nodes: card0 panthor, renderD128 panthor$'
run doctor --json
is_status 0 'nothing is wrong, JSON'
others ok
json ".machine | .kernel == \"$(uname -r)\" and .swap_free_bytes == 134217728 and
	.nodes == [{node: \"card0\", driver: \"panthor\"}, {node: \"renderD128\", driver: \"panthor\"}]"
# Directories of /proc that do not belong to a process.
mkdir "$proc/7x" "$proc/0"
run doctor
out_matches '^ok +procfs +3 processes$'
rmdir "$proc/7x" "$proc/0"
run doctor --device renderD128
is_status 0 --device
run doctor 1002
is_status 2 'a process'
err_has 'doctor takes no process'

broken 4 nodev device ENODEV 'there is no panthor device' 'the driver panthor is needed'
for check in permissions driver ioctls capability; do is $check unknown; done
broken 4 driver=vc4 device ENODEV 'there is no panthor device' 'ls /dev/dri'
broken 5 noaccess permissions EACCES 'cannot open /dev/dri/renderD128' 'join the group'
is device ok
is ioctls unknown
mock=minor=9
run doctor
is_status 0 'an earlier driver that was patched'
out_matches '^note +driver +panthor 1\.9\.0; reclaim and claim came with 1\.10$'
out_matches '^ok +ioctls'
mock=''
broken 4 nomem ioctls ENOSYS 'cannot reclaim and claim' 'version 1.10'
is capability unknown
broken 5 nocap capability EPERM 'CAP_SYS_RESOURCE is missing' 'AmbientCapabilities='
is ioctls ok
broken 4 noswap swap EOPNOTSUPP 'built without swap' CONFIG_SWAP
memory 1048576 0 0
broken 4 swap=0 swap ENOSPC 'no swap is active' 'swapon\(8\)'
memory 1048576 131072 0
broken 4 full swap ENOSPC 'swap is full' 'claim a process'
# The kernel may report what /proc does not show.
rm "$proc/meminfo"
broken 4 full swap ENOSPC 'no swap is free' 'swapon\(8\)'
run doctor --json
is swap unknown
json '.machine.swap_bytes == null'
memory 1048576 131072 131072
# The device goes away after it was opened.
broken 1 versions=2 driver ENODEV 'does not report its version' 'dmesg'
is device ok
# A cgroup that may not swap is not a failed check.
limit() { printf '%s\n' "$2" >"$sys/fs/cgroup/app.slice/$1"; }
for amount in 0 4096; do
	limit memory.swap.max $amount
	limit memory.swap.current 4096
	run doctor
	is_status 0 "memory.swap.max $amount"
	out_matches '^note +cgroups +1 cgroup may not swap any more: /app\.slice$'
	out_has 'MemorySwapMax='
	run doctor --json
	is cgroups note
done
limit memory.swap.max 8192
run doctor --json
is cgroups ok
for n in 1 2 3 4; do
	mkdir -p "$sys/fs/cgroup/c$n"$'\033'
	echo 0 >"$sys/fs/cgroup/c$n"$'\033/memory.swap.max'
done
run doctor
out_matches '4 cgroups may not swap any more: /c.\?, /c.\?, /c.\?, \.\.\.$'
rm -r "$sys"/fs/cgroup/c?$'\033'
mv "$sys/fs/cgroup" "$sys/fs/away"
run doctor --json
is cgroups unknown
mv "$sys/fs/away" "$sys/fs/cgroup"

# /proc
mounted rw,subset=pid
broken 4 '' procfs ENOENT 'subset=pid' 'ProcSubset=all'
mounted rw,hidepid=invisible
if [ "$(id -u)" = 0 ]; then
	run doctor --json
	is procfs ok
	chmod 755 "$work"
	chmod -R a+rX "$proc" "$sys"
	[ -n "${TOOL_WRAPPER-}" ] || {
		mkdir "$work/bin"
		cp -L "$TOOL" "$MOCK" "$(ldd "$TOOL" | awk '/libdrm_panthor/ { print $3 }')" "$work/bin"
		setpriv --reuid 65534 --regid 65534 --clear-groups env LD_LIBRARY_PATH="$work/bin" \
			LD_PRELOAD="$SANITIZER $work/bin/${MOCK##*/}" PANTHOR_MOCK='' \
			"$work/bin/${TOOL##*/}" doctor --json --proc "$proc" --sys "$sys" >"$work/out"
		is procfs failed '"EACCES"'
	}
else
	broken 5 '' procfs EACCES hidepid ProtectProc=default
fi
mounted rw,hidepid=off
run doctor --json
is procfs ok
rm "$proc/self/mountinfo"
mv "$proc" "$proc.away"
broken 1 '' procfs ENOENT 'cannot read' 'mount -t proc'
mkdir "$proc"
broken 1 '' procfs ENOENT 'has no process' 'mount -t proc'
is pid-namespace unknown
rmdir "$proc"
mv "$proc.away" "$proc"
mv "$proc/thread-self" "$proc/away"
run doctor --json
is_status 0 'panthor-mem is not in procfs'
is pid-namespace unknown
mv "$proc/away" "$proc/thread-self"
own_numbers 60 1
broken 4 '' pid-namespace EREMOTE 'another pid namespace' 'mount-proc'
# With the machine's own /proc.
LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK='' "$TOOL" doctor --json --sys "$sys" >"$work/out"
is pid-namespace ok
# The first failed check decides the status.
run doctor
is_status 4 'only the namespace'
mock=nocap
run doctor
is_status 5 'the namespace and the capability'
finish
