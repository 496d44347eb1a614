#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# list: what is counted, what is counted once, and what cannot be seen.
. "$(dirname "$0")/lib.sh"
needs jq
two_apps
panthor 1004 9 8 6144 2048 1024

run list
is_status 0 list
no_err
out_matches '^ *PID COMMAND DRIVER  DEVICE     RESIDENT EVICTED SHARED INTERNAL$'
out_matches '^ *1002 game    panthor renderD128     4\.0M       0      0   256\.0K$'
out_matches '^ *1004 browser panthor renderD128     2\.0M    4\.0M   1\.0M   256\.0K$'
out_matches '^ +total +6\.0M +4\.0M +1\.0M +512\.0K$'
out_lacks init
run list --bytes 1002
out_matches '^ *1002 .* 4194304 +0 +0 +262144$'
out_lacks 1004
out_lacks total

# One client, three descriptors, two processes: once, for the first of them.
ln -sfn /dev/dri/renderD128 "$proc/1002/fd/6"
cp "$proc/1002/fdinfo/5" "$proc/1002/fdinfo/6"
process 1010 child
panthor 1010 3 7 4096 4096
run list --json
is_status 0 'list --json'
json '.total.resident_bytes == 6291456 and (.processes | length) == 2'
json '.clients | map(select(.client_id == 7)) | length == 1 and .[0].pids == [1002, 1010]'
json '.processes[0] == {pid: 1002, comm: "game", driver: "panthor", device: "renderD128",
	clients: 1, total_bytes: 4194304, resident_bytes: 4194304, evicted_bytes: 0,
	shared_bytes: 0, purgeable_bytes: 0, active_bytes: 0, internal_bytes: 262144}'
# Asked for the child alone, it is the child's.
run list --json 1010
json '.processes | length == 1 and .[0].pid == 1010 and .[0].resident_bytes == 4194304'
# A second client of the same process adds up.
panthor 1002 8 9 1024 1024
run list --json 1002
json '.processes[0] | .clients == 2 and .resident_bytes == 5242880'
rm -r "$proc/1010" "$proc/1002/fd/8" "$proc/1002/fdinfo/8"

# All evicted: the kernel leaves the line for resident memory out.
panthor 1002 5 7 4096 0
sed -i /drm-resident/d "$proc/1002/fdinfo/5"
run list --json 1002
json '.total | .resident_bytes == 0 and .evicted_bytes == 4194304'
# A driver that says how much is evicted is believed.
printf 'drm-evicted-memory:\t1 MiB\n' >>"$proc/1002/fdinfo/5"
run list --json 1002
json '.total.evicted_bytes == 1048576'

# The primary node is another door to the same device.
panthor 1002 5 7 4096 4096
ln -sfn /dev/dri/card0 "$proc/1002/fd/5"
run list --json --device renderD128
json '.processes[0] | .pid == 1002 and .device == "renderD128"'
run list --json --device /dev/dri/card0
json '.processes | length == 2'
run list --device renderD129
is_status 0 'nobody'
no_out
err_has 'nobody that could be looked at holds GPU memory'

# Other drivers: regions of their own, engines, and devices that count for themselves.
process 1020 steam
file 1020 4 renderD129 <<'END'
drm-driver:	xe
drm-client-id:	7
drm-pdev:	0000:03:00.0
drm-total-system:	0
drm-total-vram0:	100 MiB
drm-resident-vram0:	90 MiB
drm-shared-vram0:	8 MiB
drm-total-cycles-rcs:	1234567890123
drm-cycles-rcs:	28257900
END
process 1022 old
file 1022 4 card3 <<'END'
drm-driver:	i915
drm-pdev:	0000:00:02.0
drm-client-id:	7
drm-engine-render:	25662044495 ns
END
run list --json
json '.clients | map(select(.driver == "xe")) | .[0].regions | keys == ["system", "vram0"]'
json '.processes | map(select(.driver == "xe")) | .[0] | .resident_bytes == 94371840 and
	.evicted_bytes == 10485760 and .internal_bytes == null'
json '.clients | map(.client_id) == [7, 8, 7, 7]'
json '.processes | map(select(.driver == "i915")) | .[0].resident_bytes == null'
run list 1022
out_matches '^ *1022 old +i915 +card3 +- +- +- +-$'

# What is no DRM client: other files, and fdinfo that says nothing.
process 1030 other
ln -s /dev/null "$proc/1030/fd/0"
ln -s 'socket:[123]' "$proc/1030/fd/1"
: >"$proc/1030/fdinfo/0"
: >"$proc/1030/fdinfo/1"
file 1030 2 renderD128 </dev/null
ln -s /dev/dri/renderD128 "$proc/1030/fd/7"	# and no fdinfo: closed by now
run list --pids
is_status 0 --pids
check 'numbers alone' test "$out" = $'1002\n1004\n1020\n1022'

# Targets by name and by cgroup; a thread group of its own is not needed.
run list --pids --comm browser
check 'by name' test "$out" = 1004
run list --pids -c nobody
is_status 3 'no such name'
err_has 'no process is called nobody'
mkdir -p "$sys/fs/cgroup/app.slice/game.scope"
echo 1 >"$sys/fs/cgroup/app.slice/cgroup.procs"
echo 1002 >"$sys/fs/cgroup/app.slice/game.scope/cgroup.procs"
run list --pids --cgroup /app.slice
check 'by cgroup' test "$out" = 1002

# The kernel keeps 15 characters of a name.
echo chromium-gpu-pr >"$proc/1004/comm"
run list --pids --comm chromium-gpu-process
check 'a long name' test "$out" = 1004
run list --pids --comm chromium-gpu-pro
check 'another long name that begins like it' test "$out" = 1004
run list --pids --comm chromium-gpu
is_status 3 'a shorter name'
echo browser >"$proc/1004/comm"

# Processes of others. Root can look at everything, but not without capabilities.
chmod 0 "$proc/1004/fd"
if [ "$(id -u)" = 0 ]; then
	setpriv --bounding-set=-all "$TOOL" list --proc "$proc" --sys "$sys" \
		>"$work/out" 2>"$work/err"
	status=$?
	out=$(cat "$work/out")
	err=$(cat "$work/err")
else
	run list
fi
is_status 0 'processes of others'
err_has '1 process of other users could not be looked at: root can'
out_has 1002
out_lacks 1004
chmod 700 "$proc/1004/fd"

# Names that would do something to a terminal, or to a JSON parser.
printf 'a\033[31mb\n' >"$proc/1002/comm"
printf '\xff\xfe\xc3\xa9"\\\n' >"$proc/1004/comm"
run list
out_has 'a?[31mb'
out_has '??é"\'
run list --json
json '.processes[0].comm == "a\u001b[31mb" and .processes[1].comm == "??é\"\\"'
# C1 controls, marks of direction, and a newline in a name, which is all of it.
printf 'a\xc2\x9b2Jb\xe2\x80\xaec\n' >"$proc/1002/comm"
printf 'browser\nroot\n' >"$proc/1004/comm"
run list
out_has 'a??2Jb???c'
out_has 'browser?root'
run list --json
out_has 'a\u009b2Jb\u202ec'
out_has 'browser\nroot'
json '.processes[0].comm == "a\u009b2Jb\u202ec" and .processes[1].comm == "browser\nroot"'
run list --pids --comm browser
is_status 3 'a part of a name'
run list --pids --comm $'browser\nroot'
check 'a name of two lines' test "$out" = 1004
# What the user typed is shown the same way: a message is one line.
run list --comm $'x\npanthor-mem: all is well\e[2J'
is_status 3 'a name that looks like a message'
err_has 'no process is called x?panthor-mem: all is well?[2J'
check 'one line' test "$(wc -l <"$work/err")" = 1
for arguments in $'--x\e[2J' $'--color=\e[2J' $'--device=\e[2J' $'--cgroup=\e[2J' $'\e[2J' \
	$'--json=\e[2J' $'-\e'; do
	run list "$arguments"
	check "no control characters: $(printf %q "$arguments")" \
		bash -c '! LC_ALL=C grep -q "[^ -~]" "$1"' - "$work/err"
	check 'but some words' test -s "$work/err"
done

rm -r "$proc"
run list
is_status 1 'no /proc'
err_has "cannot read $proc: No such file or directory: is it mounted?"
finish
