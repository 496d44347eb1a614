#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Everything that can be wrong with a machine: the message, the remedy, the status.
. "$(dirname "$0")/lib.sh"
needs jq
two_apps

# fails STATUS MOCK COMMAND MESSAGE: COMMAND fails, as text and as JSON.
fails() {
	mock=$2
	run "$3" 1002
	is_status "$1" "$2"
	err_has "$4"
	run "$3" --json 1002
	is_status "$1" "$2, JSON"
	err_has "$4"
	json '.version == 1 and ((.error // .results[0].error) | .code != null and .message != "")'
}

memory 1048576 0 0
fails 4 swap=0 reclaim 'reclaim: no swap is active: see swapon(8)'
memory 1048576 131072 0
fails 4 swap=0 reclaim 'reclaim: swap is full: claim another process, or add swap: see swapon(8)'
fails 4 noswap reclaim 'reclaim: this kernel is built without swap: CONFIG_SWAP is needed'
fails 4 noswap claim 'claim: this kernel is built without swap'
fails 5 nocap reclaim 'reclaim: the capability CAP_SYS_RESOURCE is needed: run it as root'
fails 5 nocap claim 'claim: the capability CAP_SYS_RESOURCE is needed: run it as root'
fails 4 nomem reclaim "reclaim: this kernel's panthor cannot reclaim and claim: version 1.10"
fails 4 nomem claim "claim: this kernel's panthor cannot reclaim and claim"
fails 4 nodev reclaim 'reclaim: there is no panthor device: the driver panthor is needed'
fails 5 noaccess reclaim 'reclaim: cannot open /dev/dri/renderD128: Permission denied: run it as root, or join'
fails 1 fail=mmu reclaim 'reclaim of 1002 (game): the GPU did not answer: the driver resets it; try again'
fails 1 'evicted fail=mmu' claim 'claim of 1002 (game): the GPU did not answer'
fails 1 'evicted fail=read' claim "claim of 1002 (game): swap could not be read: dmesg(1) shows the disk's"
fails 1 fail=result reclaim 'reclaim of 1002 (game): this process had no memory for the result: raise'
fails 1 'evicted fail=alloc' claim 'claim of 1002 (game): memory ran out part-way: reclaim another process'
fails 4 unplug reclaim 'reclaim of 1002 (game): renderD128 is gone'
fails 4 driver=vc4 reclaim 'there is no panthor device'
fails 4 driver=panfrost reclaim 'there is no panthor device'

mock=driver=vc4
run reclaim --device renderD128 1002
is_status 4 'another driver'
err_has 'the driver of /dev/dri/renderD128 is vc4: only panthor can reclaim and claim'
mock=''
run reclaim --device renderD150 1002
is_status 4 'no such node'
err_has 'cannot open /dev/dri/renderD150: No such file or directory: `ls /dev/dri`'
: >"$work/renderD128"
run reclaim --device "$work/renderD128" 1002
is_status 4 'a file that is not a device'
err_has 'renderD128 is not a DRM device'
# A node of another driver, according to sysfs, is not even opened.
device vc4 renderD128
run reclaim 1002
is_status 4 "another driver's node"
device panthor renderD128

run reclaim 4711
is_status 3 'no process'
err_has 'reclaim of 4711: there is no process 4711: `panthor-mem list`'
process 1003 game
sed -i 's/Tgid.*/Tgid:\t1002/' "$proc/1003/status"
run reclaim 1003
is_status 3 'a thread'
err_has '1003 is a thread of process 1002: name the process'
run reclaim 1
is_status 3 'no GPU memory'
err_has 'reclaim of 1 (init): it has no file of renderD128: `panthor-mem list` shows who'
run reclaim --comm init
is_status 3 'no process with that name holds memory'
err_has 'none of the processes found holds memory of renderD128'
process 3 init
run reclaim --comm init --json
is_status 3 'neither of two processes with that name holds memory'
err_has 'none of the processes found holds memory of renderD128'
json '.error.code == "ESRCH" and .results == []'
run reclaim --comm nobody
is_status 3 'no such name'
err_has 'no process is called nobody'
run reclaim --cgroup nowhere
is_status 3 'no such cgroup'
err_has 'there is no cgroup nowhere: systemd-cgls(1) shows them'
mkdir -p "$sys/fs/cgroup/empty" "$work/folder"
: >"$sys/fs/cgroup/empty/cgroup.procs"
run reclaim --cgroup empty
is_status 3 'empty cgroup'
err_has 'cgroup empty has no process'
# A cgroup with no process but panthor-mem itself.
bash -c 'echo $$ >"$1/fs/cgroup/empty/cgroup.procs"
	exec env LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK= \
		"$TOOL" reclaim --cgroup empty --proc "$2" --sys "$1"' - "$sys" "$proc" \
	>"$work/out" 2>"$work/err"
status=$?
err=$(<"$work/err")
is_status 3 'only panthor-mem itself'
err_has 'cgroup empty has no process'
mkdir -p "$sys/fs/cgroup/none"
run reclaim --cgroup none
is_status 3 'a directory that is not a cgroup'
err_has 'there is no cgroup none'
mkdir -p "$sys/fs/cgroup/odd/cgroup.procs"
run reclaim --cgroup odd
is_status 3 'a list that cannot be read'
err_has 'cgroup odd: Is a directory'

# The last possible render node is found, too.
mock=node=renderD191
run reclaim --json 1002
is_status 0 'the last render node'
json '.device == "renderD191"'
mock=''

# The first failure decides the status; the other targets are still tried.
mock=fail=mmu
run reclaim 4711 1002
is_status 3 'no process, then no answer'
run reclaim 1002 4711
is_status 1 'no answer, then no process'
mock=''
run reclaim 4711 1002
is_status 3 'one of two'
out_matches '^ *1002 game +4\.0M'

mock=''
mv "$proc" "$proc.away"
run reclaim --comm game
is_status 1 'no /proc'
err_has 'is /proc mounted?'
: >"$proc"
run list --json
is_status 1 'a /proc that is not a directory'
json '.error.code == "ENOTDIR"'
rm "$proc"
mv "$proc.away" "$proc"

# To find a name, the program has to inspect processes. A claim by PID needs no inspection.
chmod 0 "$proc/1002/fd"
without=(env)
[ "$(id -u)" != 0 ] || without=(setpriv --bounding-set=-all env)
blind() {
	"${without[@]}" LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK= "$TOOL" "$1" \
		--proc "$proc" --sys "$sys" "${@:2}" >"$work/out" 2>"$work/err"
	status=$?
	out=$(<"$work/out")
	err=$(<"$work/err")
}
blind claim --dry-run --comm game
is_status 5 'no permission to inspect'
remedy='run it as root'
[ "$(id -u)" != 0 ] || remedy='run it with all capabilities of root'
err_has "claim: no permission to inspect the processes found: $remedy"
blind claim --dry-run 1002
is_status 0 'no need to inspect'
chmod 755 "$proc/1002/fd"

# A missing target is reported, and the other targets are still worked on.
for missing in '--cgroup gone' '--comm nobody' '--client 4711' 4711; do
	read -ra words <<<"$missing"
	run reclaim 1002 "${words[@]}"
	is_status 3 "1002 and $missing"
	out_matches '^ *1002 game +4\.0M'
	check "one message: $missing" test "$(wc -l <"$work/err")" = 1
	run reclaim "${words[@]}" 1002 --json
	is_status 3 "$missing and 1002"
	json '.error == null and .total.freed_bytes == 4194304'
	json '[.target_errors[], (.results[].error | values)] | length == 1 and
		(.[0].code == "ESRCH" or .[0].code == "ENOENT")'
done
run reclaim --json --cgroup gone --comm nobody
is_status 3 'neither of two'
json '.error.code == "ENOENT" and .results == [] and
	(.target_errors | map(.target)) == ["--cgroup gone", "--comm nobody"]'

# A call by PID reaches files that the process used last: three ways to reach nothing.
mock=user=1003
process 1003 other
panthor 1003 4 7 4096 4096
run reclaim 1002
is_status 3 'used last by another process'
err_has 'reclaim of 1002 (game): it has client 7 of renderD128, but process 1003 (other) used it last: use --client 7'
rm -r "$proc/1003"
run reclaim 1002
is_status 3 'used last by a process that no longer has it'
err_has 'it has client 7 of renderD128, whose last user has exited or no longer has it: use --client 7'
mock='user=1003 gone'
run claim 1002
is_status 3 'used last by a process that has exited'
err_has 'claim of 1002 (game): it has client 7 of renderD128, whose last user has exited'
run reclaim 1
is_status 3 'no file at all'
err_has 'it has no file of renderD128'
mock=''

# JSON has the name of any errno.
run reclaim --json --device "$work" 1002
is_status 2 'a directory'
ln -s "$work" "$work/renderD140"
run reclaim --json --device "$work/renderD140" 1002
is_status 4 'a directory with the name of a node'
json '.error.code == "EISDIR"'

# More processes than file descriptors: each process without one is an error, and its number
# is not used instead.
(
	# shellcheck disable=SC2016
	for _ in $(seq 40); do sleep 1000 & echo $!; done >"$work/sleepers"
)
mapfile -t sleepers <"$work/sleepers"
(
	ulimit -n 40
	LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK='' "$TOOL" reclaim --json --sys "$sys" \
		"${sleepers[@]}" >"$work/out" 2>"$work/err"
)
status=$?
kill "${sleepers[@]}"
out=$(<"$work/out")
err=$(<"$work/err")
# Under a valgrind that does not know pidfd_open(), the program has only numbers.
if ! [[ $err == *'unhandled '*' syscall: 434'* ]]; then
	is_status 3 'out of file descriptors'
	json '[.results[].error.code] | unique == ["EMFILE", "ESRCH"]'
	err_has 'Too many open files: name fewer, or raise the limit: see `ulimit -n`'
fi
# valgrind needs some for itself.
[ -n "${TOOL_WRAPPER-}" ] || {
	(
		exec >"$work/out" 2>"$work/err"
		ulimit -n 4
		"$TOOL" list --json --proc "$proc" --sys "$sys"
	)
	status=$?
	err=$(<"$work/err")
	is_status 1 'list without file descriptors'
	json '.error.code == "EMFILE"'
	(
		exec >"$work/out" 2>"$work/err"
		ulimit -n 5
		"$TOOL" list --proc "$proc" --sys "$sys"
	)
	status=$?
	err=$(<"$work/err")
	is_status 1 'list with too few file descriptors'
	err_has 'cannot inspect all processes: Too many open files: raise the limit'
}

# An unknown amount is not 0.
rm "$proc/meminfo"
fails 4 swap=0 reclaim 'reclaim: no swap is free: see swapon(8)'
printf 'MemTotal: 4194304 kB\nXSwapTotal: 0 kB\n' >"$proc/meminfo"
fails 4 swap=0 reclaim 'reclaim: no swap is free: see swapon(8)'
memory 1048576 131072 131072
mock=''

# An error in the middle of the output is still reported at its end.
many 1100 1119
mock=lost
run list --json
is_status 1 'output that is lost'
err_has 'cannot write the output'
rm -r "$proc"/11??
mock=''

# The kernel stops early for some other signal: what was done is reported.
mock=signal=300
run reclaim 1002
is_status 0 interrupted
out_matches '^ *1002 game +1\.1M +2\.0M .*interrupted$'
finish
