#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Test the module for Weston on the real driver, with two shells: kiosk-shell with the
# capability, and desktop-shell without it, by panthor-memd. Three clients have windows, and
# two of them hold GPU memory, which the GPU writes and checks.
# usage, in the guest: guest.sh BUILD_DIRECTORY [SHELL...]
build=$1
shift
own=$(cd "$(dirname "$0")" && pwd)
. "$own/../memd/guest/lib.sh"
needs weston
cp "$build"/weston/weston-panthor-mem.so "$build"/tests/weston/weston-test-keyboard.so \
	"$build"/tests/desktop/gpu-window "$bin"
chmod -R a+rX "$bin"

# --- Weston and its clients ---------------------------------------------------------------

# start_weston SHELL [COMMAND...]: start it headless, run by COMMAND, which also starts clients.
start_weston() {
	local shell=$1
	shift
	by=("$@")
	export XDG_RUNTIME_DIR=$work/runtime-$shell WAYLAND_DISPLAY=wayland-test
	mkdir -m 700 "$XDG_RUNTIME_DIR"
	# Frames wait for a claim as long as it takes, however slow the machine is.
	printf '[core]\nidle-time=0\n[panthor-mem]\ngrace-ms=500\nframe-wait-ms=300000\n' \
		>"$XDG_RUNTIME_DIR/weston.ini"
	[ $# = 0 ] || chown -R $user:$user "$XDG_RUNTIME_DIR"
	log=$XDG_RUNTIME_DIR/weston.log
	"${by[@]}" weston --backend=headless-backend.so --use-pixman --shell="$shell-shell.so" \
		--modules="$bin/weston-panthor-mem.so,$bin/weston-test-keyboard.so" \
		--socket=$WAYLAND_DISPLAY --config="$XDG_RUNTIME_DIR/weston.ini" \
		--log="$log" --logger-scopes=log,panthor-mem 2>"$work/weston.err" &
	weston=$!
	check "$shell: Weston starts" until_done listens "$XDG_RUNTIME_DIR/$WAYLAND_DISPLAY"
}
stop_weston() {
	check "$1: Weston has not ended" kill -0 "$weston"
	kill "$weston"
	wait "$weston"
	check "$1: Weston ends well" test $? = 0
	cat "$log"
}

# window NAME MIB WIDTH HEIGHT: start a client, and wait until its window was drawn.
window() {
	local name=$1 in out
	rm -f "$work/$name.in" "$work/$name.out"
	mkfifo "$work/$name.in" "$work/$name.out"
	"${by[@]}" "$bin/gpu-window" "$@" <"$work/$name.in" >"$work/$name.out" &
	pid_of[$name]=$!
	exec {in}>"$work/$name.in" {out}<"$work/$name.out"
	in_of[$name]=$in out_of[$name]=$out
	read -r -t 60 word <&"$out"
	check "$name is shown" test "$word" = ready
}
# ask NAME COMMAND: the answer is in word.
ask() {
	word=''
	echo "$2" >&"${in_of[$1]}"
	read -r -t 60 word <&"${out_of[$1]}"
}
tell() {
	ask "$1" "$2"
	check "$1: $2" test "$word" = 'done'
}
end_window() {
	echo quit >&"${in_of[$1]}"
	wait "${pid_of[$1]}"
	check "$1 ends well" test $? = 0
}
resident() {
	"$bin/panthor-mem" list --json "${pid_of[$1]}" | jq '[.processes[].resident_bytes] | add // 0'
}
at_least() { [ "$("$1" "$2")" -ge "$3" ]; }
declare -A full seen
remember() { full[$1]=$(resident "$1"); }

# is_reclaimed NAME MIB: all but the ring buffers is in swap. Nothing of it comes back, as no
# frame callback is sent.
is_reclaimed() {
	check "$1 is reclaimed" until_done at_least evicted "$1" $(($2 * MiB))
	check "$1: only what is pinned is resident" test "$(resident "$1")" -lt $MiB
	ask "$1" frames
	seen[$1]=${word% *}
}
more_frames() {
	ask "$1" frames
	[ "${word#* }" = 0 ] || lowest=${word#* }
	[ "${word% *}" -gt "${seen[$1]}" ]
}
# is_back NAME: all of it was resident at the first frame callback, which was answered since
# is_reclaimed.
is_back() {
	lowest=0
	check "$1 draws again" until_done more_frames "$1"
	check "$1: $lowest bytes of ${full[$1]} at its first frame" test "$lowest" -ge "${full[$1]}"
	ask "$1" check
	check "$1: contents" test "$word" = intact
}
is_untouched() { check "$1 is not reclaimed" test "$(evicted "$1")" = 0; }

# Nobody but the clients was reclaimed or claimed: not Weston, not the helpers of its shell.
only_clients() {
	local pids
	pids=$(printf '%s\n' "${pid_of[@]}")
	check 'the log has lines' grep -qE '^[0-9]+: reclaimed [0-9]+ bytes' "$log"
	check 'only clients' test -z "$(sed -n 's/^\([0-9]*\): .*/\1/p' "$log" | grep -vxF "$pids")"
}

# A kernel with KASAN and lockdep needs ten times as long for each buffer.
big=12 small=8
[ "${PANTHOR_GUEST-}" != debug ] || big=4 small=3

# Each window covers all others. Weston has the capability.
kiosk() {
	start_weston kiosk
	check 'directly' until_done grep -q 'hidden applications$' "$log"
	window map $big 200 200
	remember map
	window music $small 200 200
	remember music
	is_reclaimed map $big
	is_untouched music
	window clock 0 200 200
	is_reclaimed music $small
	check 'map is still reclaimed' test "$(evicted map)" -ge $((big * MiB))

	# The shell activates the window that was below the closed one.
	end_window clock
	is_back music
	check 'map is still reclaimed' test "$(evicted map)" -ge $((big * MiB))
	# A client can hide its window itself.
	tell music hide
	is_back map
	is_reclaimed music $small
	tell music show
	is_back music
	is_reclaimed map $big

	# A client that is killed while it is hidden is forgotten.
	kill -9 "${pid_of[map]}"
	wait "${pid_of[map]}"
	check 'map was killed' test $? = 137
	# What the GPU still works on is reclaimed later.
	tell music busy
	window radio 4 200 200
	is_reclaimed music $small
	end_window radio
	is_back music
	only_clients
	end_window music
	stop_weston kiosk
}

# The windows are beside each other. Weston has no capability and asks panthor-memd.
desktop() {
	start_memd
	start_weston desktop setpriv --reuid $user --regid $user --clear-groups \
		--bounding-set=-all --inh-caps=-all
	check 'by panthor-memd' until_done grep -q 'hidden applications by panthor-memd' "$log"
	# No window is large enough to cover another one.
	window mail $big 100 500
	remember mail
	window game $small 500 100
	remember game
	window clock 0 80 80

	# A process with two windows, each on a connection of its own, is hidden when both are.
	tell mail open
	tell mail minimize
	tell game minimize
	is_reclaimed game $small
	is_untouched mail
	tell mail close
	is_reclaimed mail $big

	# The keyboard activates one of them after the other.
	kill -USR2 "$weston"
	is_back mail
	check 'game is still reclaimed' test "$(evicted game)" -ge $((small * MiB))
	kill -USR2 "$weston"
	is_back game
	is_untouched mail

	only_clients
	end_window mail
	end_window game
	end_window clock
	stop_weston desktop
	kill $memd
	wait $memd
}

[ $# -gt 0 ] || set -- kiosk desktop
for shell; do
	"$shell"
done
finish
