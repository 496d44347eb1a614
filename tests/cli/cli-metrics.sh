#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --metrics: what is counted, that no count is lost, and what happens if the file was changed.
. "$(dirname "$0")/lib.sh"
two_apps
file=$work/textfile/panthor_mem.prom
mkdir "$work/textfile"

# label NODE NAME: sets series to NAME with the label of a device. of NODE NAME prints that.
label() {
	case $2 in
	*{*) printf -v series '%s{device="%s",%s' "${2%%\{*}" "$1" "${2#*\{}" ;;
	*) printf -v series '%s{device="%s"}' "$2" "$1" ;;
	esac
}
of() { label "$@"; echo "$series"; }
# find_values SERIES: sets values to those in the file: there should be one.
find_values() {
	local line lines
	values=()
	mapfile -t lines <"$file"
	for line in "${lines[@]}"; do
		[[ $line != "$1 "* ]] || values+=("${line##* }")
	done
}
value() { label renderD128 "$1"; find_values "$series"; echo "${values[*]}"; }
counts_exactly() { find_values "$1"; check "$1 is $2" test "${values[*]}" = "$2"; }
counts() { label renderD128 "$1"; find_values "$series"; check "$1 is $2" test "${values[*]}" = "$2"; }

run reclaim --metrics "$file" 1002
is_status 0 'first run'
no_err
check 'everyone may read it' test "$(stat -c %a "$file")" = 644
check 'no other file for the collector' test "$(ls "$work/textfile")" = panthor_mem.prom
counts 'panthor_mem_operations_total{operation="reclaim",result="ok"}' 1
counts 'panthor_mem_operations_total{operation="claim",result="ok"}' 0
counts panthor_mem_freed_bytes_total 4194304
counts panthor_mem_evicted_bytes_total 4194304
counts 'panthor_mem_skipped_bytes_total{causes="pinned"}' 65536
counts 'panthor_mem_operation_statuses_total{operation="reclaim",status="pinned"}' 1
counts 'panthor_mem_operation_duration_seconds_count{operation="reclaim"}' 1
counts 'panthor_mem_operation_duration_seconds_bucket{operation="reclaim",le="+Inf"}' 1
check 'the time' test "$(value 'panthor_mem_last_success_timestamp_seconds{operation="reclaim"}')" -gt 1600000000
mock=evicted
run claim --metrics "$file" 1002 1004
counts panthor_mem_claimed_bytes_total 4194304
counts 'panthor_mem_operations_total{operation="claim",result="ok"}' 2
mock=shared
run reclaim --metrics "$file" 1002
counts 'panthor_mem_skipped_bytes_total{causes="shared,pinned"}' 1114112
mock=busy
PANTHOR_MEM_METRICS=$file run reclaim 1002
counts 'panthor_mem_skipped_bytes_total{causes="busy,pinned"}' 4259840
counts 'panthor_mem_operations_total{operation="reclaim",result="ok"}' 3
mock=swapmax=0
run reclaim --metrics "$file" 1002
counts 'panthor_mem_skipped_bytes_total{causes="pinned,swap_refused"}' 4259840
counts 'panthor_mem_operation_statuses_total{operation="reclaim",status="swap_refused"}' 1
# Failures count, too. A run that fails before it has a target is not in the histogram: a machine
# without swap would seem fast.
count='panthor_mem_operation_duration_seconds_count{operation="reclaim"}'
before=$(value "$count")
# fails MOCK RESULT COUNT ARGUMENT...
fails() {
	mock=$1
	run reclaim --metrics "$file" "${@:4}"
	check "$1 fails" test "$status" != 0
	$how "panthor_mem_operations_total{operation=\"reclaim\",result=\"$2\"}" "$3"
	mock=''
}
how=counts
fails swap=0 ENOSPC 1 1002
is_status 4 'no swap'
fails nocap EPERM 1 1002
# Without a device there is no label.
how=counts_exactly
fails noaccess EACCES 1 1002
fails nodev ENODEV 1 1002
fails driver=vc4 ENODEV 2 1002
how=counts
fails '' ESRCH 1 --comm nobody
fails '' ESRCH 2 --cgroup nowhere
fails '' ESRCH 3 --comm init
counts "$count" "$before"
fails '' ESRCH 4 4711
counts "$count" $((before + 1))
counts panthor_mem_freed_bytes_total 7340032
# A command line that is wrong is not counted.
cp "$file" "$work/before"
run reclaim --device nonsense --metrics "$file" 1002
is_status 2 'no such device'
check 'not counted' cmp -s "$file" "$work/before"

# A signal while the file is read loses nothing.
cp "$file" "$work/before"
mock=eintr
run reclaim --metrics "$file" 1002
is_status 0 'interrupted reads'
counts panthor_mem_freed_bytes_total 11534336
mock=''
cp "$work/before" "$file"

# A run that changes nothing is not counted.
cp "$file" "$work/before"
run reclaim --dry-run --metrics "$file" 1002
run claim --dry-run --metrics "$file" 1002
PANTHOR_MEM_METRICS='' run reclaim 1002
is_status 0 'an empty variable'
check 'a dry run is not counted' cmp -s "$file" "$work/before"

# The report and the counters have the same duration.
run reclaim --json --metrics "$work/textfile/time.prom" 1002
file=$work/textfile/time.prom
took=$(value 'panthor_mem_operation_duration_seconds_sum{operation="reclaim"}')
json ".results[0].duration_ns == $((10#${took/./}))"
rm "$file"
file=$work/textfile/panthor_mem.prom

# promtool_likes WHAT: promtool, if installed, accepts the file without a warning.
promtool_likes() {
	command -v promtool >/dev/null || return 0
	out=$(promtool check metrics <"$file" 2>&1)
	status=$?
	is_status 0 "promtool: $1"
	no_out
}
promtool_likes 'the file'

# Many runs at once: each one counts.
rm "$file"
for _ in $(seq 8); do
	LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK='' "$TOOL" reclaim --proc "$proc" --sys "$sys" \
		--metrics "$file" 1002 >/dev/null 2>>"$work/errors" &
done
wait
check 'no messages' test ! -s "$work/errors"
counts 'panthor_mem_operations_total{operation="reclaim",result="ok"}' 8
counts panthor_mem_freed_bytes_total 33554432

# Damage is reported, the file is not changed, and the work is still done.
cp "$file" "$work/good"
damaged() {
	cp "$file" "$work/before"
	run reclaim --metrics "$file" 1002
	is_status 6 "$1"
	err_has "this run was not counted: $file: it is damaged: "
	err_has "$2; it was not changed"
	err_has 'repair it, or move it away to start from 0'
	out_matches '^ *1002 game +4\.0M'
	check "$1: not changed" cmp -s "$file" "$work/before"
	cp "$work/good" "$file"
}
head -c 3000 "$work/good" >"$file"
damaged 'cut off in a line' 'is cut off'
head -n 20 "$work/good" >"$file"
damaged 'cut off between lines' 'it ends after line 20'
sed -i '1s/format 1/format 2/' "$file"
damaged 'a later version' 'this version of panthor-mem did not write it'
echo 'something_else 1' >"$file"
damaged "another program's file" 'this version of panthor-mem did not write it'
freed=$(of renderD128 panthor_mem_freed_bytes_total)
sed -i "s/^$freed .*/$freed many/" "$file"
damaged 'no number' 'has no number'
sed -i "s/^$freed .*/$freed 1e9/" "$file"
damaged 'a number in another form' 'has no number'
sed -i "s/^$freed .*/$freed 99999999999999999999/" "$file"
damaged 'too large' 'has no number'
sed -i '/^panthor_mem_freed_bytes_total/p' "$file"
damaged 'a duplicate line' 'is a duplicate'
sed -i 's/\(_sum{.*operation="claim"}\) .*/\1 5/' "$file"
damaged 'a time without fraction' 'has no number'
sed -i 's/\(_count{.*operation="reclaim"}\) .*/\1 5/' "$file"
damaged 'an inconsistent histogram' 'the histogram of reclaim does not add up'
sed -i 's/\(le="0.5"}\) [0-9]*/\1 99/' "$file"
damaged 'a falling histogram' 'does not add up'
printf 'x 1\n' >>"$file"
damaged 'more after the end' 'comes after the end'
sed -i '$i x 1' "$file"
damaged "another program's series" 'is not a series of panthor-mem'
printf '\0\0\0\0' >"$file"
damaged zeros 'it has a NUL byte'
sed -i '$i panthor_mem_operation_duration_seconds_bucket{device="renderD128",operation="claim",le="7"} 1' "$file"
damaged 'buckets of another format' 'is a bucket that this version does not have'
truncate -s 2M "$file"
damaged huge 'it is much too large'

# An empty file counts as new: that is how to give it an owner and a mode.
: >"$file"
run reclaim --metrics "$file" 1002
is_status 0 empty
counts panthor_mem_freed_bytes_total 4194304
# A file of an earlier version has fewer series: missing ones start at 0.
cp "$work/good" "$file"
sed -i '/panthor_mem_freed_bytes_total/d; /result="EACCES"/d' "$file"
run reclaim --metrics "$file" 1002
is_status 0 'an earlier version'
no_err
counts panthor_mem_freed_bytes_total 4194304
counts panthor_mem_evicted_bytes_total 37748736
counts 'panthor_mem_operations_total{operation="reclaim",result="EACCES"}' 0
# A file of a later version has more series: they are kept.
cp "$work/good" "$file"
sed -i '/result="ok"/{p;s/ok/EDOM/;s/ [0-9]*$/ 3/}
	$i # HELP panthor_mem_later_total Of a later version.\n# TYPE panthor_mem_later_total counter\npanthor_mem_later_total{a="b c"} 7' "$file"
run reclaim --metrics "$file" 1002
is_status 0 'a later version'
no_err
counts_exactly 'panthor_mem_later_total{a="b c"}' 7
counts 'panthor_mem_operations_total{operation="claim",result="EDOM"}' 3
counts 'panthor_mem_operations_total{operation="reclaim",result="ok"}' 9
promtool_likes 'a file of two versions'
# The time of the last success never goes back, whichever run writes last.
sed -i 's/^\(panthor_mem_last_success_timestamp_seconds{.*operation="reclaim"}\) .*/\1 99999999999/' "$file"
run reclaim --metrics "$file" 1002
is_status 0 'later than now'
counts 'panthor_mem_last_success_timestamp_seconds{operation="reclaim"}' 99999999999

# The command metrics creates the file before the first run, and leaves an existing one as it is.
rm "$file"
device panthor card1 renderD130
run metrics --metrics "$file"
is_status 0 metrics
no_out
no_err
counts panthor_mem_freed_bytes_total 0
counts_exactly "$(of renderD130 panthor_mem_freed_bytes_total)" 0
check 'and for no other device' test "$(grep -c '^panthor_mem_freed_bytes_total' "$file")" = 2
counts_exactly 'panthor_mem_operations_total{operation="reclaim",result="ENODEV"}' 0
rm -r "$sys/class/drm/renderD130" "$sys/class/drm/card1"
check 'every counter is 0' test "$(grep -vc '^#\| 0$\| 0\.0*$' "$file")" = 0
promtool_likes 'a file of zeros'
run reclaim --metrics "$file" 1002
counts panthor_mem_freed_bytes_total 4194304
PANTHOR_MEM_METRICS=$file run metrics
is_status 0 'metrics, with a file'
counts panthor_mem_freed_bytes_total 4194304
run metrics --json --metrics "$file"
is_status 0 'metrics, JSON'
json ". == {schema: \"panthor-mem.metrics\", version: 1, file: \"$file\", error: null}"
run metrics --json --metrics "$work/nowhere/x.prom"
is_status 6 'metrics, without the directory'
err_has "panthor-mem: $work/nowhere/x.prom: cannot be locked: No such file or directory"
json '.error.code == "ENOENT"'
# Another device has its own counters in the same file.
device panthor renderD129
mock=node=renderD129
run reclaim --metrics "$file" 1002
is_status 0 'another device'
mock=''
counts panthor_mem_freed_bytes_total 4194304
counts_exactly "$(of renderD129 panthor_mem_freed_bytes_total)" 4194304
counts_exactly "$(of renderD129 "$count")" 1
run reclaim --metrics "$file" 1002
counts panthor_mem_freed_bytes_total 8388608
counts_exactly "$(of renderD129 panthor_mem_freed_bytes_total)" 4194304
check 'each family in one block' test \
	"$(grep -c '^# TYPE panthor_mem_freed_bytes_total' "$file")" = 1
promtool_likes 'a file of two devices'
rm -r "$sys/class/drm/renderD129"
# Series without a device label are kept.
sed -i '/^[a-z_]*{operation=/d; /renderD129/d; s/device="renderD128",//; s/{device="renderD128"}//' "$file"
run reclaim --metrics "$file" 1002
is_status 0 'counters without a device'
counts panthor_mem_freed_bytes_total 4194304
counts_exactly panthor_mem_freed_bytes_total 8388608
counts_exactly 'panthor_mem_operation_duration_seconds_count{operation="reclaim"}' 2
promtool_likes 'a file with and without device labels'

# Failures of the file system.
run reclaim --metrics "$work/nowhere/x.prom" 1002
is_status 6 'no directory'
err_has "this run was not counted: $work/nowhere/x.prom: cannot be locked: No such file or"
# With --json there is a second object after the complete first one.
run reclaim --json --metrics "$work/nowhere/x.prom" 1002
is_status 6 'no directory, JSON'
err_has 'this run was not counted'
json '.schema == "panthor-mem.metrics" and .error.code == "ENOENT" and
	.error.message == "cannot be locked: No such file or directory"'
jq -s 'map(.schema)' "$work/out" >"$work/schemas"
check 'two objects' test "$(tr -d ' \n' <"$work/schemas")" = \
	'["panthor-mem.reclaim","panthor-mem.metrics"]'
mkdir "$work/textfile/dir.prom"
run reclaim --metrics "$work/textfile/dir.prom" 1002
is_status 6 'a directory'
err_has 'dir.prom: cannot be written: it is not a regular file'
rmdir "$work/textfile/dir.prom"
# Only regular files are replaced, and nothing is left behind next to other files.
unwanted() {
	ls -A "$work/textfile" >"$work/names"
	run reclaim --metrics "$1" 1002
	is_status 6 "$2"
	err_has "$1: cannot be written: $3"
	out_matches '^ *1002 game +4\.0M'
	ls -A "$work/textfile" | cmp - "$work/names"
	check "$2: no new file" test "$?" = 0
}
mkfifo "$work/textfile/pipe.prom"
unwanted "$work/textfile/pipe.prom" 'a pipe' 'it is not a regular file'
check 'the pipe is still there' test -p "$work/textfile/pipe.prom"
# A device like /dev/null, so that the real one is not at risk.
if mknod "$work/textfile/null" c 1 3 2>/dev/null; then
	unwanted "$work/textfile/null" 'a device' 'it is not a regular file'
	check 'the device is still there' test -c "$work/textfile/null"
fi
cp "$work/good" "$work/real.prom"
ln -s ../real.prom "$work/textfile/link2.prom"
unwanted "$work/textfile/link2.prom" 'a link' 'it is a symbolic link: name the file that it points to'
check 'the link is still there' test -L "$work/textfile/link2.prom"
check 'its target is unchanged' cmp "$work/real.prom" "$work/good"
ln -sfn nowhere "$work/textfile/link2.prom"
unwanted "$work/textfile/link2.prom" 'a link to nothing' 'it is a symbolic link'
check 'its target is not created' test ! -e "$work/textfile/nowhere"
mkfifo "$work/textfile/.odd.prom.lock"
run reclaim --metrics "$work/textfile/odd.prom" 1002
is_status 6 'a pipe in place of the lock'
err_has 'cannot be locked: its lock is not a regular file'
ln -s elsewhere "$work/textfile/.link.prom.lock"
run reclaim --metrics "$work/textfile/link.prom" 1002
is_status 6 'a link in place of the lock'
err_has 'cannot be locked'
# The same, if the link appears just before the lock is created.
mock="plant=$work/planted"
run reclaim --metrics "$work/textfile/planted.prom" 1002
is_status 6 'a link that is planted in place of the lock'
err_has 'cannot be locked'
check 'and not followed' test ! -e "$work/planted"
mock=''
name=$(printf 'n%.0s' $(seq 250))
run reclaim --metrics "$work/textfile/$name" 1002
is_status 6 'no room for the name of the lock'
err_has 'cannot be locked: File name too long'
# If there is no room for the new file, the old one stays, and no part of the new one.
cp "$work/good" "$file"
limited() {
	trap '' XFSZ
	ulimit -f 4
	exec "$TOOL" "$@"
}
(LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK='' limited reclaim --proc "$proc" --sys "$sys" \
	--metrics "$file" 1002) >"$work/out" 2>"$work/err"
status=$?
err=$(<"$work/err")
is_status 6 'no room'
err_has "this run was not counted: $file: cannot be written: File too large"
check 'the old file is unchanged' cmp -s "$file" "$work/good"
check 'nothing is left behind' test ! -e "$work/textfile/.panthor_mem.prom.new"
# A run that is killed leaves at most one file, which the next run removes.
echo half >"$work/textfile/.panthor_mem.prom.new"
run reclaim --metrics "$file" 1002
is_status 0 'after a run that was killed'
check 'what it left is gone' test ! -e "$work/textfile/.panthor_mem.prom.new"
# A failure of the work takes precedence over one of the file.
mock=swap=0
run reclaim --metrics "$work/nowhere/x.prom" 1002
is_status 4 'both fail'
err_has 'cannot be locked'
mock=''
# A name without a directory is in the current one.
cd "$work/textfile" || exit 1
run reclaim --metrics here.prom 1002
is_status 0 'in the current directory'
check 'it is there' test -s "$work/textfile/here.prom"

# --- a reader that goes away -----------------------------------------------------------

mkfifo "$work/report"
# gone COMMAND...: runs it with a pipe without a reader as standard output.
gone() {
	(exec 9<>"$work/report" 8>"$work/report" 9<&-
		exec 1>&8 8>&-
		"$@") 2>"$work/err"
	status=$?
	err=$(<"$work/err")
}
with_mock() {
	LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK='' exec "$TOOL" "$1" --proc "$proc" --sys "$sys" \
		"${@:2}"
}
counted=$(value 'panthor_mem_operations_total{operation="reclaim",result="ok"}')
for options in '' --json; do
	gone with_mock reclaim $options --metrics "$file" 1002
	is_status 141 "nobody reads, $options"
	no_err
	counted=$((counted + 1))
	counts 'panthor_mem_operations_total{operation="reclaim",result="ok"}' $counted
done
# If SIGPIPE is ignored, there is a message.
ignoring() {
	trap '' PIPE
	with_mock "$@"
}
gone ignoring reclaim --metrics "$file" 1002
is_status 1 'nobody reads, and SIGPIPE is ignored'
err_has 'cannot write the output: Broken pipe'
counts 'panthor_mem_operations_total{operation="reclaim",result="ok"}' $((counted + 1))
# A full disk does not keep a run from being counted either.
(with_mock reclaim --json --metrics "$file" 1002) >/dev/full 2>"$work/err"
status=$?
err=$(<"$work/err")
is_status 1 'a full disk'
err_has 'cannot write the output: No space left on device'
counts 'panthor_mem_operations_total{operation="reclaim",result="ok"}' $((counted + 2))
# Files that the program opens do not get the number of a closed standard descriptor. valgrind does
# not start without any.
[ -n "${TOOL_WRAPPER-}" ] || {
	(with_mock reclaim --metrics "$work/textfile/closed.prom" 4711 1002) <&- >&- 2>&-
	status=$?
	is_status 1 'all standard descriptors closed'
	check 'counted' grep -q 'result="ok"} 1$' "$work/textfile/closed.prom"
	check 'nothing else in it' sh -c '! grep -v "^#\|^panthor_mem_" "$1"' - "$work/textfile/closed.prom"
	check 'nothing in the lock' test ! -s "$work/textfile/.closed.prom.lock"
}

# Another run takes over the lock: this one notices that, and loses no count of the other.
counted=$(value 'panthor_mem_operations_total{operation="reclaim",result="ok"}')
cat >"$work/thief" <<END
#!/bin/sh
rm "$work/textfile/.panthor_mem.prom.lock"
export LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK=''
exec "$TOOL" reclaim --proc "$proc" --sys "$sys" --metrics "$file" 1002 >"$work/thief.out"
END
chmod +x "$work/thief"
mock=meanwhile=$work/thief
run reclaim --metrics "$file" 1002
is_status 0 'the lock is lost'
no_err
mock=''
counts 'panthor_mem_operations_total{operation="reclaim",result="ok"}' $((counted + 2))
check 'nothing is left behind by the two' test ! -e "$work/textfile/.panthor_mem.prom.new"

# --- several users ---------------------------------------------------------------------

if [ "$(id -u)" = 0 ]; then
	# Copies of programs and libraries that another user can access.
	shared=$work/shared
	mkdir "$shared" "$work/group"
	chmod 755 "$work"
	cp -L "$TOOL" "$MOCK" "$shared/"
	[ -n "${TOOL_WRAPPER-}" ] ||
		cp -L "$(ldd "$TOOL" | awk '/libdrm_panthor/ { print $3 }')" "$shared/"
	chmod -R a+rX "$shared" "$proc" "$sys"
	chgrp 65534 "$work/group"
	chmod 2775 "$work/group"
	as_nobody() {
		setpriv --reuid 65534 --regid "$1" --clear-groups env LD_LIBRARY_PATH="$shared" \
			LD_PRELOAD="$SANITIZER $shared/${MOCK##*/}" PANTHOR_MOCK='' \
			"$shared/${TOOL##*/}" reclaim \
			--proc "$proc" --sys "$sys" --metrics "$work/group/g.prom" 1002 \
			>"$work/out" 2>"$work/err"
		status=$?
		err=$(<"$work/err")
	}
	if [ -n "${TOOL_WRAPPER-}" ]; then
		echo 'skipped with another user: the program runs under a wrapper'
	else
		(umask 077; run reclaim --metrics "$work/group/g.prom" 1002; exit $status)
		check 'root first' test $? = 0
		as_nobody 65534
		is_status 0 'then a member of the group'
		file=$work/group/g.prom
		counts panthor_mem_freed_bytes_total 8388608
		run reclaim --metrics "$work/group/g.prom" 1002
		is_status 0 'and root again'
		counts panthor_mem_freed_bytes_total 12582912
		check 'no lock for others' test "$(stat -c %a "$work/group/.g.prom.lock")" = 660
		as_nobody 12345
		is_status 6 'a user who may not write there'
		err_has "not counted: $work/group/g.prom: cannot be locked: Permission denied"
		# The lock was created before the others could write to the directory.
		rm "$work/group"/.g.prom.lock
		chmod 755 "$work/group"
		run reclaim --metrics "$work/group/g.prom" 1002
		check 'a lock for root alone' test "$(stat -c %a "$work/group/.g.prom.lock")" = 600
		chmod 2775 "$work/group"
		as_nobody 65534
		is_status 0 'a member of the group, who takes it over'
		counts panthor_mem_freed_bytes_total 20971520
		run reclaim --metrics "$work/group/g.prom" 1002
		is_status 0 'and root after that'
		counts panthor_mem_freed_bytes_total 25165824
		check 'a lock for root only' test "$(stat -c %a "$work/textfile/.closed.prom.lock")" = 600
	fi
fi
finish
