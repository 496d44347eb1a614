#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --metrics: what is counted, that nothing is lost, and what happens to a file
# that is not as it was written.
. "$(dirname "$0")/lib.sh"
two_apps
file=$work/textfile/panthor_mem.prom
mkdir "$work/textfile"

value() { awk -v name="$1" 'substr($0, 1, length(name) + 1) == name " " { print $NF }' "$file"; }
counts() { check "$1 is $2" test "$(value "$1")" = "$2"; }

run reclaim --metrics "$file" 1002
is_status 0 'first run'
no_err
check 'all may read it' test "$(stat -c %a "$file")" = 644
check 'nothing else for the collector' test "$(ls "$work/textfile")" = panthor_mem.prom
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
# Failures count, too.
mock=swap=0
run reclaim --metrics "$file" 1002
is_status 4 'no swap'
counts 'panthor_mem_operations_total{operation="reclaim",result="ENOSPC"}' 1
mock=''
run reclaim --metrics "$file" 4711
counts 'panthor_mem_operations_total{operation="reclaim",result="ESRCH"}' 1
counts panthor_mem_freed_bytes_total 7340032

# What changes nothing is not counted.
cp "$file" "$work/before"
run reclaim --dry-run --metrics "$file" 1002
run claim --dry-run --metrics "$file" 1002
PANTHOR_MEM_METRICS='' run reclaim 1002
check 'a dry run is not counted' cmp -s "$file" "$work/before"

# Prometheus's own opinion, with nothing to complain of.
if command -v promtool >/dev/null; then
	out=$(promtool check metrics <"$file" 2>&1)
	status=$?
	is_status 0 promtool
	no_out
fi

# Many at once: each one counts.
rm "$file"
for _ in $(seq 12); do
	LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK='' "$TOOL" reclaim --proc "$proc" --sys "$sys" \
		--metrics "$file" 1002 >/dev/null 2>>"$work/errors" &
done
wait
check 'no complaints' test ! -s "$work/errors"
counts 'panthor_mem_operations_total{operation="reclaim",result="ok"}' 12
counts panthor_mem_freed_bytes_total 50331648

# Damage is reported, the file stays as it is, and the work is done all the same.
cp "$file" "$work/good"
damaged() {
	cp "$file" "$work/before"
	run reclaim --metrics "$file" 1002
	is_status 6 "$1"
	err_has 'panthor_mem.prom is damaged: '
	err_has "$2; it was left as it is"
	err_has 'mend it, or move it away to begin at 0'
	out_matches '^ *1002 game +4\.0M'
	check "$1: left as it is" cmp -s "$file" "$work/before"
	cp "$work/good" "$file"
}
: >"$file"
damaged empty 'it ends after line 0'
head -c 3000 "$work/good" >"$file"
damaged 'cut off in a line' 'is cut off'
head -n 20 "$work/good" >"$file"
damaged 'cut off between lines' 'it ends after line 20'
sed -i '1s/format 1/format 2/' "$file"
damaged 'a later version' 'this version of panthor-mem did not write it'
echo 'something_else 1' >"$file"
damaged "somebody else's" 'this version of panthor-mem did not write it'
sed -i 's/^panthor_mem_freed_bytes_total .*/panthor_mem_freed_bytes_total many/' "$file"
damaged 'no number' 'has no number'
sed -i 's/^panthor_mem_freed_bytes_total .*/panthor_mem_freed_bytes_total 1e9/' "$file"
damaged 'not how we write numbers' 'has no number'
sed -i 's/^panthor_mem_freed_bytes_total .*/panthor_mem_freed_bytes_total 99999999999999999999/' "$file"
damaged 'too large' 'has no number'
sed -i '/^panthor_mem_freed_bytes_total/d' "$file"
damaged 'a line is missing' 'is not about panthor_mem_freed_bytes_total'
sed -i 's/\(_sum{operation="claim"}\) .*/\1 5/' "$file"
damaged 'a time without fraction' 'has no number'
sed -i 's/\(_count{operation="reclaim"}\) .*/\1 5/' "$file"
damaged 'an inconsistent histogram' 'the histogram of reclaim does not add up'
sed -i 's/\(le="0.5"}\) [0-9]*/\1 99/' "$file"
damaged 'a falling histogram' 'does not add up'
printf 'x 1\n' >>"$file"
damaged 'more after the end' 'comes after the end'
sed -i '$i x 1' "$file"
damaged 'one more series' 'is one too many'
printf '\0\0\0\0' >"$file"
damaged zeros 'it ends after line 0'

# Failures of the file system.
run reclaim --metrics "$work/nowhere/x.prom" 1002
is_status 6 'no folder'
err_has 'cannot be locked: No such file or directory; this run was not counted'
mkdir "$work/textfile/dir.prom"
run reclaim --metrics "$work/textfile/dir.prom" 1002
is_status 6 'a folder'
err_has 'cannot be read: Is a directory'
rmdir "$work/textfile/dir.prom"
ln -s elsewhere "$work/textfile/.link.prom.lock"
run reclaim --metrics "$work/textfile/link.prom" 1002
is_status 6 'a link in place of the lock'
err_has 'cannot be locked'
name=$(printf 'n%.0s' $(seq 248))
run reclaim --metrics "$work/textfile/$name" 1002
is_status 6 'no room for the name of a temporary file'
err_has 'cannot be written: File name too long'
# No room for all of it: the old one stays, and no half of a new one.
cp "$work/good" "$file"
limited() {
	trap '' XFSZ
	ulimit -f 4
	exec "$TOOL" "$@"
}
(LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK='' limited reclaim --proc "$proc" --sys "$sys" \
	--metrics "$file" 1002) >"$work/out" 2>"$work/err"
status=$?
err=$(cat "$work/err")
is_status 6 'no room'
err_has 'cannot be written: File too large; this run was not counted'
check 'the old file is there' cmp -s "$file" "$work/good"
check 'nothing is left behind' test -z "$(find "$work/textfile" -name '.panthor_mem.prom.??????')"
# A failure of the work comes before one of the file.
mock=swap=0
run reclaim --metrics "$work/nowhere/x.prom" 1002
is_status 4 'both fail'
err_has 'cannot be locked'
mock=''
# Without a folder in the name, it is the current one.
cd "$work/textfile" || exit 1
run reclaim --metrics here.prom 1002
is_status 0 'in the current folder'
check 'it is there' test -s "$work/textfile/here.prom"
finish
