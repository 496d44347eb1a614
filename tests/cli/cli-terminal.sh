#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Output on a terminal: colour, width, the live table, progress.
. "$(dirname "$0")/lib.sh"
needs jq
two_apps
esc=$'\033'

# fits COLUMNS: no line is wider, without colours. All characters have to be of one column.
shopt -s extglob
fits() {
	local line lines
	mapfile -t lines <"$work/out"
	for line in "${lines[@]}"; do
		line=${line//"${esc}["*([0-9;?])[a-zA-Z]/}
		line=${line//$'\r'/}
		[ ${#line} -le "$1" ] && [[ $line != *[!\ -~]* ]] || return
	done
}

run list
out_lacks "${esc}["
on_terminal 80 24 list
is_status 0 'list on a terminal'
out_has "${esc}[1m"
NO_COLOR=1 on_terminal 80 24 list
out_lacks "${esc}["
NO_COLOR='' on_terminal 80 24 list
out_has "${esc}[1m"
TERM=dumb on_terminal 80 24 list
out_lacks "${esc}["
on_terminal 80 24 list --color never
out_lacks "${esc}["
run list --color always
out_has "${esc}[1m"
run reclaim --color always 1002
out_has "${esc}[1m"

# On a narrow terminal, names are cut first, then the end of the line.
process 1002 'a-name-that-long'
panthor 1002 5 7 4096 4096
for columns in 80 72 60 40 20 8; do
	on_terminal $columns 24 list
	check "no wider than $columns" fits $columns
	on_terminal $columns 24 reclaim 1002
	check "reclaim: no wider than $columns" fits $columns
	on_terminal $columns 10 watch --count 1
	check "watch: no wider than $columns" fits $columns
done
# A terminal that does not report its width counts as 80 columns wide.
process 1004 'a-name-that-is-longer-than-most-others-are'
on_terminal 0 24 list --by client
check 'no size' fits 80
out_has '+'
process 1004 browser
on_terminal 72 24 list
out_has 'a-name-that-lo+'
run list
out_has 'a-name-that-long'
# Each of these characters takes two columns, and is never split.
process 1002 '漢字漢字漢字漢字'
panthor 1002 5 7 4096 4096
on_terminal 64 24 list
check 'wide characters' test \
	"$(sed "s/${esc}\[[0-9;?]*[a-zA-Z]//g; s/\r//g" "$work/out" | wc -L)" -le 64
out_has '漢字'
process 1002 game
panthor 1002 5 7 4096 4096

# watch draws on the alternate screen and restores the normal one.
on_terminal 80 24 watch --count 2 --interval 1ms
is_status 0 watch
out_has "${esc}[?1049h"
out_has "${esc}[?1049l"
out_has "${esc}[?25h"
out_has 'RAM available 1.0G of 4.0G  swap used 0 of 128.0M'
out_has CHANGE
run watch --count 1
is_status 0 'watch into a file'
out_lacks "$esc"
# More processes than lines: the number of missing ones is shown, and the screen does not scroll.
many 2000 2019
NO_COLOR=1 on_terminal 80 12 watch --count 1
shown=$(grep -c "${esc}\[K" "$work/out")
check 'fits the screen' test "$shown" -le 11
out_matches '\([0-9]+ more\)'
rm -r "$proc"/20??

# 50 columns: constant columns are hidden first, and a mark says so; no number is cut.
for columns in 80 50; do
	on_terminal $columns 24 watch --count 1 --color never
	out_has EVICTED
	out_has CHANGE
	out_matches 'total +8\.0M +0'
	out_matches "swap (used )?0 of 128\.0M${esc}\[K"
	check "$columns columns" fits $columns
done
out_lacks DRIVER
out_matches ' \+'
on_terminal 30 24 watch --count 1 --color never
out_matches "1\.0G/4\.0G  0/128\.0M${esc}\[K"
on_terminal 20 24 watch --count 1 --color never
out_matches "^${esc}.*[0-9]:[0-9][0-9]${esc}\[K"
# A small window: the largest process, the total, and how many more there are.
many 2000 2014
process 2021 huge
panthor 2021 3 2021 2097152 2097152
on_terminal 80 10 watch --count 1 --color never
out_has ' huge '
out_has ' total '
out_matches '\([0-9]+ more\)'
rm -r "$proc"/20??
# A terminal that cannot move its cursor.
TERM=dumb on_terminal 80 24 watch --count 2 --interval 1ms
is_status 0 TERM=dumb
out_lacks "$esc"
# If the output cannot be written, the status says so.
for words in 'list' 'watch --count 1' 'watch --json --count 1' 'reclaim 1002'; do
	read -ra arguments <<<"$words"
	LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK='' "$TOOL" "${arguments[0]}" --proc "$proc" \
		--sys "$sys" "${arguments[@]:1}" >&- 2>"$work/err"
	status=$?
	err=$(<"$work/err")
	is_status 1 "$words, output closed"
	err_has 'cannot write the output'
done
LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK='' "$TOOL" watch --json --interval 1ms \
	--proc "$proc" --sys "$sys" | head -1 >"$work/out"
check 'SIGPIPE without a reader' test "${PIPESTATUS[0]}" = 141

# until_shown PID TEXT [TEXT]: waits until the output has the texts, one after the other, or the
# process has ended. It has no limit of its own: meson has one.
until_shown() {
	until [[ $(<"$work/out") == *"$2"*"${3-}"* ]]; do
		kill -0 "$1" || break
		sleep 0.05
	done
}

# watching ARGUMENT...: starts watch in the background, on a terminal of its own, waits until it
# has drawn, and sets child.
watching() {
	# The file has the output of the previous watch, and the job may not have emptied it yet.
	: >"$work/out"
	: >"$work/pid"
	# Jobs of a script ignore SIGINT and SIGQUIT from the start.
	env --default-signal=INT,QUIT IN_PTY_PID="$work/pid" LD_PRELOAD="$SANITIZER $MOCK" \
		PANTHOR_MOCK='' "$IN_PTY" 80 24 "$TOOL" watch --proc "$proc" --sys "$sys" "$@" \
		>"$work/out" </dev/null &
	watcher=$!
	until_shown $watcher "${esc}[J"
	child=$(<"$work/pid")
}
number=0
for signal in INT TERM HUP QUIT; do
	watching --interval 60min
	kill -s $signal "$child"
	wait $watcher
	status=$?
	out=$(<"$work/out")
	number=$(kill -l $signal)
	is_status $((128 + number)) "watch, SIG$signal"
	check "SIG$signal restores the screen" test "${out: -14}" = "${esc}[?25h${esc}[?1049l"
done
# Ctrl-Z restores it, too, and watch enters it again when it continues.
watching --interval 60min
kill -s TSTP "$child"
until_shown $watcher "${esc}[?1049h" "${esc}[?1049h"
out=$(<"$work/out")
check 'left and entered' contains "$out" "${esc}[?25h${esc}[?1049l${esc}[?1049h"
mv "$proc" "$proc.away"
kill -s CONT "$child"
wait $watcher
status=$?
mv "$proc.away" "$proc"
out=$(<"$work/out")
is_status 1 '/proc is gone'
check 'a message is on the normal screen' contains "$out" \
	"${esc}[?1049lpanthor-mem: cannot read"
watching --interval 60min --by client
kill -s WINCH "$child"
until_shown $watcher "${esc}[J" "${esc}[J"
check 'drawn again' kill -s TERM "$child"
wait $watcher

# The change since the last update.
mkfifo "$work/pipe"
LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK='' "$TOOL" watch --proc "$proc" --sys "$sys" \
	--count 200 --interval 20ms >"$work/pipe" 2>"$work/err" &
watcher=$!
changed=''
while read -r line; do
	if [[ $line == *total* && -z $changed ]]; then
		panthor 1002 5 7 4096 1024
		changed=once
	elif [[ $line == *1002*-3.0M ]]; then
		changed=seen
		break
	fi
done <"$work/pipe"
check 'the change is shown' test "$changed" = seen
kill $watcher 2>/dev/null
wait $watcher 2>/dev/null
panthor 1002 5 7 4096 4096
# A cgroup that is gone is not an error for watch.
mkdir -p "$sys/fs/cgroup/gone"
echo 1002 >"$sys/fs/cgroup/gone/cgroup.procs"
run watch --count 1 --cgroup gone
is_status 0 'watch --cgroup'
out_has game
rm -r "$sys/fs/cgroup/gone"
run watch --count 1 --cgroup gone
is_status 0 'watch, no such cgroup'
out_has '(there is no cgroup gone)'
run watch --count 1 --comm nobody --comm game
is_status 0 'watch, one of two names'
out_has '(no process is called nobody)'
out_has 1002
run watch --json --count 1 --comm nobody --comm game
json '(.processes | length) == 1 and (.target_errors | map(.target)) == ["--comm nobody"]'
mv "$proc" "$proc.away"
run watch --count 1
is_status 1 'watch without /proc'
err_has 'is it mounted?'
mv "$proc.away" "$proc"
LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK='' "$TOOL" watch --count 2 --interval 1ms \
	--proc "$proc" --sys "$sys" >/dev/full 2>"$work/err"
status=$?
err=$(<"$work/err")
is_status 1 'watch on a full disk'

# held COMMAND [ARGUMENT...]: runs it on a terminal until it has shown $wanted, then lets its call
# end. Meanwhile runs $each repeatedly.
mkfifo "$work/hold"
held() {
	LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK="hold=$work/hold $mock" "$IN_PTY" 80 24 \
		"$TOOL" "$1" --proc "$proc" --sys "$sys" "${@:2}" >"$work/out" </dev/null &
	pid=$!
	exec 7>"$work/hold"
	# No limit of its own: meson has one.
	until contains "$(<"$work/out")" "$wanted"; do
		$each
		kill -0 $pid || break
		sleep 0.05
	done
	exec 7>&-
	wait $pid
	status=$?
	out=$(<"$work/out")
}

# A long reclaim shows its progress, which comes from fdinfo.
progress() {
	wanted=$1 each="panthor 1002 5 7 4096 $half"
	held "${@:2}"
	panthor 1002 5 7 4096 4096
}
half=2048
progress 'reclaiming 1002 game [##########          ] 2.0M of 4.0M' reclaim 1002
is_status 0 'reclaim with progress'
out_has 'reclaiming 1002 game [##########          ] 2.0M of 4.0M'
out_has $'\r\033[K'
panthor 1002 5 7 4096 0
half=3072
mock=evicted
progress 'claiming 1002 game [###############     ] 3.0M of 4.0M' claim 1002
is_status 0 'claim with progress'
out_has 'claiming 1002 game [###############     ] 3.0M of 4.0M'
# Prefetched buffers stay evicted: a bar would stay at 0 until the end.
panthor 1002 5 7 4096 0
wanted='claiming 1002 game' each=:
held claim --prefetch 1002
panthor 1002 5 7 4096 4096
is_status 0 'prefetch with progress'
out_has 'claiming 1002 game ...'
out_lacks '0 of 4.0M'
mock=''
# killed SIGNAL...: a signal that ends the program also clears the bar.
killed() {
	: >"$work/out"
	: >"$work/pid"
	env --default-signal=INT,QUIT,HUP IN_PTY_PID="$work/pid" LD_PRELOAD="$SANITIZER $MOCK" \
		PANTHOR_MOCK="hold=$work/hold" "$IN_PTY" 80 24 "$TOOL" reclaim --proc "$proc" \
		--sys "$sys" 1002 >"$work/out" </dev/null &
	pid=$!
	exec 7>"$work/hold"
	until_shown $pid 'reclaiming 1002 game ['
	child=$(<"$work/pid")
	for signal; do
		kill -s "$signal" "$child"
	done
	wait $pid
	status=$?
	exec 7>&-
	out=$(<"$work/out")
	# valgrind reports the signal after that.
	out=${out%%==*}
	check "the line is cleared: $*" test "${out: -4}" = $'\r\033[K'
}
killed TERM INT
check 'two signals' test "$status" = 130 -o "$status" = 143
for signal in QUIT HUP; do
	killed $signal
	is_status $((128 + $(kill -l "$signal"))) "$signal"
done
# Without fdinfo there is no bar.
rm "$proc/1002/fdinfo/5"
wanted='reclaiming 1002 game ...' each=:
held reclaim 1002
is_status 0 'progress without fdinfo'
out_has 'reclaiming 1002 game ...'
finish
