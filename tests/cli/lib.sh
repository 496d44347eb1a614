# SPDX-License-Identifier: MIT
# Sourced by the tests of panthor-mem: a fake /proc and /sys, the program on the mocked device
# (preload.c), and checks.
# shellcheck shell=bash
set -u

work=$(mktemp -d)
# A test that ends with status 0 before its finish has failed: bash ends so after a syntax error in
# [[ ]], and does not run what follows.
finished=
end() {
	rm -rf "$work"
	[ "$1" != 0 ] || [ -n "$finished" ] || {
		echo 'FAILED: the test has ended before "finish"'
		exit 1
	}
	exit "$1"
}
trap 'end $?' EXIT
proc=$work/proc
sys=$work/sys
mkdir -p "$proc/thread-self" "$sys"
# own_numbers NUMBER...: the numbers of the program, one for each pid namespace. More than one makes
# it the /proc of another namespace.
own_numbers() {
	local IFS=$'\t'
	printf 'Name:\tpanthor-mem\nNSpid:\t%s\nThreads:\t1\n' "$*" >"$proc/thread-self/status"
}
own_numbers 1
unset NO_COLOR PANTHOR_MEM_METRICS COLUMNS
# Do not use the panthor-memd of this machine.
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/no-bus
export TERM=xterm LC_ALL=C.UTF-8

# If the program is built for another machine, an exe_wrapper could run it, but not with the mock.
"$TOOL" --version >/dev/null 2>&1
if [ $? = 126 ]; then
	echo "$TOOL does not run on this machine"
	exit 77
fi

# TOOL_WRAPPER is a command that runs the program, like valgrind with its options
# (meson test --setup valgrind_scripts). It becomes a script, because tests run $TOOL in many ways.
if [ -n "${TOOL_WRAPPER-}" ]; then
	printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$TOOL_WRAPPER" "$TOOL" >"$work/panthor-mem"
	chmod +x "$work/panthor-mem"
	TOOL=$work/panthor-mem
fi

checks=0
failures=0
mock=''		# words for preload.c

# The mock is preloaded into the program alone: env and timeout stand before LD_PRELOAD, because
# programs that are not built with clang's sanitizers cannot load what is.

# run COMMAND [ARGUMENT...]: runs the program and sets out, err and status.
run() {
	# shellcheck disable=SC2153
	LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK="$mock" \
		"$TOOL" "$1" --proc "$proc" --sys "$sys" "${@:2}" \
		>"$work/out" 2>"$work/err" </dev/null
	status=$?
	out=$(<"$work/out")
	err=$(<"$work/err")
}

# on_terminal COLUMNS ROWS COMMAND [ARGUMENT...]: the same on a terminal; out has both outputs.
on_terminal() {
	LD_PRELOAD="$SANITIZER $MOCK" PANTHOR_MOCK="$mock" "$IN_PTY" "$1" "$2" \
		"$TOOL" "$3" --proc "$proc" --sys "$sys" "${@:4}" >"$work/out" </dev/null
	status=$?
	out=$(<"$work/out")
}

failed() {
	failures=$((failures + 1))
	printf 'FAILED: %s\n  status: %s\n  out: %s\n  err: %s\n' \
		"$1" "${status-}" "${out-}" "${err-}"
	# For callers that only need to know whether all checks pass.
	[ -z "${STOP_AT_FAILURE-}" ] || exit 1
}

# check WHAT COMMAND...: COMMAND has to succeed.
check() {
	local what=$1
	shift
	checks=$((checks + 1))
	"$@" || failed "$what"
}

# These use only the shell: a program for each check would take longer than everything else.
contains() { [[ $1 == *"$2"* ]]; }
lacks() { [[ $1 != *"$2"* ]]; }
# matches TEXT REGEX: does a line of TEXT match?
matches() {
	local line lines
	mapfile -t lines <<<"$1"
	for line in "${lines[@]}"; do
		[[ $line =~ $2 ]] && return
	done
	return 1
}

is_status() { check "$2: status $1" test "$status" = "$1"; }
out_has() { check "output has '$1'" contains "$out" "$1"; }
out_lacks() { check "output lacks '$1'" lacks "$out" "$1"; }
err_has() { check "message has '$1'" contains "$err" "$1"; }
out_matches() { check "output matches '$1'" matches "$out" "$1"; }
no_err() { check "no message" test -z "$err"; }
no_out() { check "no output" test -z "$out"; }

# json PROGRAM: the result of the jq program for the output has to be true. jq takes longer to start
# than to run, so that all programs run together at the end.
json() {
	needs jq
	checks=$((checks + 1))
	json_programs+=("$1")
	json_texts+=("$(<"$work/out")")
	json_of+=("status ${status-}, line ${BASH_LINENO[0]}, ${err-}")
}
json_programs=()
json_texts=()
json_of=()

# With -e, the last result decides.
judge_json_alone() {
	local i=$1 why
	why=$(jq -e "${json_programs[i]}" "$work/json.$i" 2>&1 >"$work/jq") && return
	failures=$((failures + 1))
	printf 'FAILED: JSON: %s\n  of: %s\n  out: %s\n  %s\n' "${json_programs[i]}" \
		"${json_of[i]}" "${json_texts[i]}" "$why"
}

judge_json() {
	local i program='' files=() good
	[ ${#json_programs[@]} -gt 0 ] || return 0
	for i in "${!json_programs[@]}"; do
		printf '%s\n' "${json_texts[i]}" >"$work/json.$i"
		files+=(--slurpfile "d$i" "$work/json.$i")
		program+="(try ([\$d${i}[] | (${json_programs[i]}
			)] | last | . != null and . != false) catch false),"
	done
	# If one of the texts is not JSON, or a program is not valid, each one runs by itself.
	mapfile -t good < <(jq -n "${files[@]}" "${program%,}" 2>"$work/jq")
	for i in "${!json_programs[@]}"; do
		[ "${good[i]-}" = true ] || judge_json_alone "$i"
	done
	json_programs=()
}

# needs PROGRAM...: if one of them is missing, the test ends here and counts as skipped.
needs() {
	local program
	for program; do
		command -v "$program" >/dev/null && continue
		echo "no $program: install it"
		judge_json
		[ "$failures" = 0 ] || finish
		exit 77
	done
}

finish() {
	finished=1
	judge_json
	echo "$checks checks, $failures failed"
	[ "$checks" -gt 0 ] && [ "$failures" = 0 ]
	exit
}

# The following start few programs: each takes longer than all that the shell does itself.

# process PID NAME: a process without open files.
process() {
	[ -d "$proc/$1/fdinfo" ] || mkdir -p "$proc/$1/fd" "$proc/$1/fdinfo"
	printf '%s\n' "$2" >"$proc/$1/comm"
	printf 'Name:\t%s\nTgid:\t%s\nPid:\t%s\n' "$2" "$1" "$1" >"$proc/$1/status"
}

# file PID FD NODE: an open device, with the fdinfo from standard input.
file() {
	local fdinfo=$proc/$1/fdinfo/$2 text
	IFS= read -rd '' text	# up to the end
	if [ -e "$fdinfo" ]; then
		# Replaced in one step, since a program may be reading it.
		printf %s "$text" >"$work/fdinfo"
		mv "$work/fdinfo" "$fdinfo"
	else
		printf %s "$text" >"$fdinfo"
	fi
	ln -sfn "/dev/dri/$3" "$proc/$1/fd/$2"
}

# panthor PID FD CLIENT TOTAL RESIDENT [SHARED]: an open panthor device; sizes in KiB.
panthor() {
	file "$1" "$2" renderD128 <<-END
	pos:	0
	flags:	02400002
	mnt_id:	29
	ino:	491
	drm-driver:	panthor
	drm-client-id:	$3
	drm-maxfreq-panthor:	1000000000 Hz
	drm-curfreq-panthor:	1000000000 Hz
	panthor-resident-memory:	256 KiB
	panthor-active-memory:	0
	drm-total-memory:	$4 KiB
	drm-shared-memory:	${6:-0} KiB
	drm-active-memory:	0
	drm-resident-memory:	$5 KiB
	drm-purgeable-memory:	0
	END
}

# many FIRST LAST: processes with these PIDs, each with an open panthor device.
many() {
	local pid directories=()
	for ((pid = $1; pid <= $2; pid++)); do
		directories+=("$proc/$pid/fd" "$proc/$pid/fdinfo")
	done
	mkdir -p "${directories[@]}"
	for ((pid = $1; pid <= $2; pid++)); do
		process "$pid" many
		panthor "$pid" 3 "$pid" 1024 1024
	done
}

# memory AVAILABLE SWAP_TOTAL SWAP_FREE, in KiB
memory() {
	printf 'MemTotal:       4194304 kB\nMemFree: 1 kB\nMemAvailable:   %s kB\nSwapTotal:      %s kB\nSwapFree:       %s kB\n' \
		"$@" >"$proc/meminfo"
}

# device DRIVER NODE...: the nodes of one device.
device() {
	local driver=$1 node other directories=()
	shift
	for node; do
		for other; do
			directories+=("$sys/class/drm/$node/device/drm/$other")
		done
	done
	mkdir -p "${directories[@]}"
	for node; do
		ln -sfn "/bus/drivers/$driver" "$sys/class/drm/$node/device/driver"
	done
}

# two_apps: the two apps that preload.c creates, as /proc would show them.
two_apps() {
	mkdir -p "$proc"/{1,1002,1004}/{fd,fdinfo}
	process 1 init
	process 1002 game
	panthor 1002 5 7 4096 4096
	process 1004 browser
	panthor 1004 9 8 4096 4096
	memory 1048576 131072 131072
	device panthor card0 renderD128
}
