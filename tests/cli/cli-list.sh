#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# list: what is counted, what is counted only once, and what cannot be inspected.
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

# A client with three descriptors in two processes is counted once, for the first process.
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
# If only the child is listed, the client counts for the child.
run list --json 1010
json '.processes | length == 1 and .[0].pid == 1010 and .[0].resident_bytes == 4194304'
# A second client of the same process adds up.
panthor 1002 8 9 1024 1024
run list --json 1002
json '.processes[0] | .clients == 2 and .resident_bytes == 5242880'
rm -r "$proc/1010" "$proc/1002/fd/8" "$proc/1002/fdinfo/8"

# If everything is evicted, the kernel omits the line for resident memory.
panthor 1002 5 7 4096 0
sed -i /drm-resident/d "$proc/1002/fdinfo/5"
run list --json 1002
json '.total | .resident_bytes == 0 and .evicted_bytes == 4194304'
# If the driver says how much is evicted, that value is used.
printf 'drm-evicted-memory:\t1 MiB\n' >>"$proc/1002/fdinfo/5"
run list --json 1002
json '.total.evicted_bytes == 1048576'

# The primary node belongs to the same device.
panthor 1002 5 7 4096 4096
ln -sfn /dev/dri/card0 "$proc/1002/fd/5"
run list --json --device renderD128
json '.processes[0] | .pid == 1002 and .device == "renderD128"'
run list --json --device /dev/dri/card0
json '.processes | length == 2'
run list --device renderD129
is_status 0 'no process on that device'
no_out
err_has 'no process that could be inspected holds GPU memory'

# Other drivers: their own regions, engines, and clients with the same id on other devices.
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

# Files that are not DRM clients, and fdinfo without contents.
process 1030 other
ln -s /dev/null "$proc/1030/fd/0"
ln -s 'socket:[123]' "$proc/1030/fd/1"
: >"$proc/1030/fdinfo/0"
: >"$proc/1030/fdinfo/1"
file 1030 2 renderD128 </dev/null
ln -s /dev/dri/renderD128 "$proc/1030/fd/7"	# and no fdinfo: closed by now
run list --pids
is_status 0 --pids
check 'only PIDs' test "$out" = $'1002\n1004\n1020\n1022'

# Targets by name and by cgroup.
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
check 'another long name with the same beginning' test "$out" = 1004
run list --pids --comm chromium-gpu
is_status 3 'a shorter name'
echo browser >"$proc/1004/comm"

# A signal while files are read changes nothing.
run list --json
before=$out
mock=eintr
run list --json
is_status 0 'interrupted reads'
check 'the same output' test "$out" = "$before"
mock=''

remedy='run it as root'
[ "$(id -u)" != 0 ] || remedy='run it with all capabilities of root'

# Processes of other users. Root can inspect everything, but not without capabilities.
chmod 0 "$proc/1004/fd"
if [ "$(id -u)" = 0 ]; then
	setpriv --bounding-set=-all "$TOOL" list --proc "$proc" --sys "$sys" \
		>"$work/out" 2>"$work/err"
	status=$?
	out=$(<"$work/out")
	err=$(<"$work/err")
else
	run list
fi
is_status 0 'processes of other users'
err_has "1 process of other users could not be inspected: $remedy"
out_has 1002
out_lacks 1004
chmod 700 "$proc/1004/fd"

# Processes of the same user can be protected, too; both numbers are shown. Zombies do not count.
process 1011 mine
printf 'State:\tS (sleeping)\nUid:\t%s\n' "$(id -u)" >>"$proc/1011/status"
process 1012 theirs
printf 'State:\tS (sleeping)\nUid:\t54321\n' >>"$proc/1012/status"
process 1013 gone
printf 'State:\tZ (zombie)\nUid:\t54321\n' >>"$proc/1013/status"
chmod 0 "$proc"/101[123]/fd
weak=(env)
[ "$(id -u)" != 0 ] || weak=(setpriv --bounding-set=-all env)
"${weak[@]}" "$TOOL" list --proc "$proc" --sys "$sys" >"$work/out" 2>"$work/err"
status=$?
err=$(<"$work/err")
is_status 0 'processes that may not be inspected'
err_has "1 process of other users could not be inspected: $remedy"
err_has "1 protected process of yours could not be inspected: $remedy"
"${weak[@]}" "$TOOL" list --json --proc "$proc" --sys "$sys" >"$work/out"
json '.unreadable_processes == 2'
chmod 700 "$proc"/101[123]/fd
rm -r "$proc"/101[123]

# Targets that do not exist, or are threads.
run list 4711
is_status 3 'list, no such process'
no_out
err_has 'list: there is no process 4711'
run list 4711 1002
is_status 3 'list, one of two processes'
out_has game
process 1003 game
sed -i 's/Tgid.*/Tgid:\t1002/' "$proc/1003/status"
run list 1003
is_status 3 'list of a thread'
err_has '1003 is a thread of process 1002: name the process'
rm -r "$proc/1003"
run list --json 4711
is_status 3 'list --json, no such process'
json '.processes == [] and .target_errors[0].code == "ESRCH" and [.total[]] == [0, 0, 0, 0, 0, 0, 0]'
run list --client 8
is_status 0 'list --client'
out_has browser
out_lacks game
run list --client 99 1002
is_status 3 'no such client'
out_has game
err_has 'no process that could be inspected has a client 99'

# Threads: the first has ended, or one has a file table of its own. Each client counts once.
process 1070 worker
mkdir -p "$proc/1070/task"
cp -r "$proc/1002/." "$proc/1070/task/1071"
rm "$proc/1070/task/1071/fd/6" "$proc/1070/task/1071/fdinfo/6"
printf 'Name:\tworker\nState:\tZ (zombie)\nTgid:\t1070\n' >"$proc/1070/status"
sed -i 's/^drm-client-id:.*/drm-client-id:\t70/' "$proc/1070/task/1071/fdinfo/5"
run list --json 1070
json '.processes | length == 1 and .[0].resident_bytes == 4194304 and .[0].clients == 1'
run list --comm worker
out_matches '^1070 worker +panthor renderD128 +4\.0M .* only --client 70$'
panthor 1070 5 71 1024 1024
cp -r "$proc/1070/task/1071" "$proc/1070/task/1072"
run list --json 1070
json '.processes[0] | .resident_bytes == 5242880 and .clients == 2'
rm -r "$proc/1070"

# One line for each process, the largest first, the total last.
panthor 1004 5 9 16384 8192
run list
# second_words: sets words to the second word of each line.
second_words() {
	local word
	words=()
	while read -r _ word _; do
		words+=("$word")
	done <<<"$out"
}
second_words
check 'the largest first' test "${words[*]:1:2}" = 'steam browser'
check 'the total last' matches "${out##*$'\n'}" '^ *total'
for sort in 'pid game' 'name browser' 'resident steam' 'evicted browser' 'shared steam'; do
	run list --sort "${sort% *}"
	second_words
	check "--sort $sort" test "${words[1]}" = "${sort#* }"
done
run list --by client --sort pid 1002 1004
out_matches '^CLIENT +PID COMMAND DRIVER  DEVICE     RESIDENT EVICTED SHARED INTERNAL$'
out_matches '^ +7 1002 game +panthor renderD128 +4\.0M'
out_matches '^ +9 1004 browser +panthor renderD128 +8\.0M +8\.0M'
echo '0::/app/game' >"$proc/1002/cgroup"
printf '3:cpu:/old\n0::/app/game\n' >"$proc/1004/cgroup"
run list --by cgroup 1002 1004 1020
out_matches '^CGROUP +PROCESSES RESIDENT EVICTED SHARED INTERNAL$'
out_matches '^/app/game +2 +14\.0M +12\.0M'
out_matches '^\? +1 +90\.0M'
out_matches '^total '
run list --by cgroup --json 1002 1004
json '.cgroups == [{cgroup: "/app/game", processes: 2, total_bytes: 27262976,
	resident_bytes: 14680064, evicted_bytes: 12582912, shared_bytes: 1048576,
	purgeable_bytes: 0, active_bytes: 0, internal_bytes: 786432}]'
rm "$proc"/100[24]/cgroup "$proc/1004/fd/5" "$proc/1004/fdinfo/5"

# Which process a call by PID reaches: the second of two, the first of two, none.
process 1001 launcher
panthor 1001 3 7 4096 4096
run list --json 1001 1002
json '.processes | map(.pid) == [1002]'
json '.clients[0] | .pids == [1001, 1002] and .reached_by_pids == [1002]'
run list --pids 1001 1002
check 'the process that is reached' test "$out" = 1002
run list --by client 1001 1002
out_matches '^ +7 1002 game .* open in 2 processes$'
mock=user=1001
run list --pids 1001 1002
check 'the other process' test "$out" = 1001
mock='user=9 gone'
run list 1001 1002
out_matches '^1001 launcher .* only --client 7$'
run list --by client 1002
out_matches ' no PID reaches it$'
run list --pids 1001 1002
no_out
err_has 'no PID reaches the memory of 1001 (launcher): use --client 7'
run list --json 1002
json '.clients[0].reached_by_pids == []'
# A process that is reached on one device is listed, and the other device is still reported.
file 1001 4 renderD140 <<-END
drm-driver:	panfrost
drm-client-id:	70
drm-total-memory:	1 MiB
END
run list --pids 1001 1002
check 'for the other device' test "$out" = 1001
err_has 'no PID reaches the memory of 1001 (launcher): use --client 7'
mock=user=1001
run list --pids 1001 1002
check 'once for both devices' test "$out" = 1001
no_err
rm "$proc/1001/fd/4" "$proc/1001/fdinfo/4"
mock='user=9 gone'
# Without permission the answer is unknown, and the lowest PID is shown.
mock=nocap
run list --json 1001 1002
json '.clients[0].reached_by_pids == null and .processes[0].pid == 1001'
mock=''
rm -r "$proc/1001"

# On older kernels client ids are per device: equal ids on different devices or drivers.
process 1081 several
for words in '3 131 amdgpu 1' '4 132 amdgpu 2' '5 131 other 1'; do
	read -r fd number driver pdev <<<"$words"
	file 1081 "$fd" "renderD$number" <<-END
	drm-driver:	$driver
	drm-pdev:	0000:0$pdev:00.0
	drm-client-id:	7
	drm-total-memory:	1 MiB
	END
done
run list --json 1081
json '.clients | length == 3 and (map([.driver, .pdev]) | unique | length) == 3'
rm -r "$proc/1081"

# Two devices without pdev and with equal ids; more than sixteen regions.
process 1080 two
for node in renderD131 renderD132; do
	file 1080 "${node#renderD}" $node <<-END
	drm-driver:	panfrost
	drm-client-id:	7
	drm-total-memory:	1 MiB
	drm-resident-memory:	1 MiB
	other-resident-memory:	9 MiB
	panfrost-resident-memory:	2 MiB
	x-resident-memory:	9 MiB
	END
done
run list --json 1080
json '.clients | length == 2 and (map(.internal_bytes) | unique) == [2097152]'
json '.processes | map([.device, .resident_bytes]) == [["renderD131", 1048576], ["renderD132", 1048576]]'
{ printf 'drm-driver:\tx\ndrm-client-id:\t5\n'
for i in $(seq 17); do printf 'drm-total-r%s:\t1 MiB\n' "$i"; done; } | file 1080 131 renderD131
run list 1080
err_has 'the sums leave out what 1 client has beyond 16 regions'
run list --json 1080
json '.clients | map(.regions_complete) | sort == [false, true]'
rm -r "$proc/1080"

# Each dma-buf counts once, however many processes have it. A file with such a name does not count.
process 1090 player
process 1091 window
for words in '1090 3 7' '1090 4 8' '1091 3 7'; do
	read -r pid fd ino <<<"$words"
	ln -s '/dmabuf:' "$proc/$pid/fd/$fd"
	printf 'pos:\t0\nino:\t%s\nsize:\t1048576\ncount:\t2\nexp_name:\tpanthor\n' "$ino" \
		>"$proc/$pid/fdinfo/$fd"
done
ln -s '/home/dmabuf:' "$proc/1091/fd/9"
printf 'ino:\t9\nsize:\t1048576\nexp_name:\tpanthor\n' >"$proc/1091/fdinfo/9"
run list
out_has 'dma-bufs of panthor: 2.0M in 2 (those with a handle are also counted above)'
run list --json
json '.dmabufs == [{exporter: "panthor", count: 2, bytes: 2097152}]'
run list 1091
out_has 'dma-bufs of panthor: 1.0M in 1'
rm -r "$proc"/109?
run list --json
json '.dmabufs == []'

# No request goes to file systems, which might not answer.
mock=deadfs
ln -s /mnt/dead/folder "$proc/1030/fd/8"
printf 'pos:\t0\nflags:\t0\n' >"$proc/1030/fdinfo/8"
timeout 60 env LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK="$mock" \
	"$TOOL" list --proc "$proc" --sys "$sys" >"$work/out" 2>"$work/err"
status=$?
out=$(<"$work/out")
is_status 0 'file systems that do not answer'
out_has browser
mock=''

# Minor numbers at and beyond the end of those for render nodes.
mock=minors=200
run list --json 1004
json '.processes | map(.device) == ["card200"]'
mock=minors=191
run list --json 1004
json '.processes | map(.device) == ["renderD191"]'
mock=''

# Names that would affect a terminal or a JSON parser.
printf 'a\033[31mb\n' >"$proc/1002/comm"
printf '\xff\xfe\xc3\xa9"\\\n' >"$proc/1004/comm"
run list
out_has 'a?[31mb'
out_has '??é"\'
run list --json
json '.processes[0].comm == "a\u001b[31mb" and .processes[1].comm == "??é\"\\"'
# C1 control characters, direction marks, and a newline, which is part of the name.
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
is_status 3 'only the first line of a name'
run list --pids --comm $'browser\nroot'
check 'a name of two lines' test "$out" = 1004
# Text from the user is filtered in the same way: a message is one line.
run list --comm $'x\npanthor-mem: all is well\e[2J'
is_status 3 'a name that looks like a message'
err_has 'no process is called x?panthor-mem: all is well?[2J'
check 'one line' test "$(wc -l <"$work/err")" = 1
printable() {
	local LC_ALL=C	# each byte
	[[ $1 != *[!\ -~$'\n']* ]]
}
for arguments in $'--x\e[2J' $'--color=\e[2J' $'--device=\e[2J' $'--cgroup=\e[2J' $'\e[2J' \
	$'--json=\e[2J' $'-\e'; do
	run list "$arguments"
	check "no control characters: ${arguments@Q}" printable "$err"
	check 'but there is a message' test -s "$work/err"
done

rm -r "$proc"
run list
is_status 1 'no /proc'
err_has "cannot read $proc: No such file or directory: is it mounted?"
finish
