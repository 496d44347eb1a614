# SPDX-License-Identifier: MIT
# Sourced by run-guest: protects the host's files from the guest, and decides which of them
# stay visible where the guest has file systems of its own.
# shellcheck shell=bash disable=SC2034,SC2154

# A user id that no package uses.
USER_ID=65533
as_user=(setpriv --reuid "$USER_ID" --regid "$USER_ID" --clear-groups --no-new-privs)

# say_once TEXT...: print a message only if it differs from the last one.
say_once() {
	[ "$(cat "$CACHE/said" 2>/dev/null)" != "$*" ] || return 0
	printf '%s\n' "$*" >"$CACHE/said"
	say "$*"
}

# protect: set wrap, the command that the guest's kernel runs in, and by_user if the kernel
# runs as another user. Each path has two names: one for the host and one for the guest's
# kernel. They differ if the user may not search a directory of the path, such as a home
# directory: a descriptor that is already open can still be used.
protect() {
	local why=''
	wrap=(bwrap --ro-bind / / --dev /dev --ro-bind /dev/shm /dev/shm --proc /proc
		--unshare-pid --unshare-net --unshare-ipc --die-with-parent)
	by_user=
	if [ "${GUEST_PROTECTION-}" = user ]; then
		by_user=1
	elif ! why=$("${wrap[@]}" true 2>&1); then
		by_user=1
	fi
	if [ -n "$by_user" ]; then
		protect_by_user "$(tail -n 1 <<<"$why")"
		return
	fi
	# Everything is read-only for the whole process tree, except for the files of this run.
	wrap+=(--bind "$run" "$run" --bind "$names" "$names" --bind "$scratch" "$scratch"
		--tmpfs "$run/ram")
	scratch_at=$names/scratch
	kernel_at=$names/kernel
	ram_at=$names/run/ram
	# No descriptor of the host is passed on, because it would bypass the mounts.
	ln -s "$scratch" "$names/scratch"
	ln -s "$run" "$names/run"
}

protect_by_user() {
	local said remedy="allow namespaces, as podman run --privileged does"
	local why=${1:-GUEST_PROTECTION is user} fd
	[ -r /proc/self/status ] || die "there is no /proc: mount -t proc proc /proc"
	[ "$(id -u)" = 0 ] ||
		die "bubblewrap does not work ($why), and without it this takes root: be root, or $remedy"
	said=$("${as_user[@]}" true 2>&1) ||
		die "neither bubblewrap works ($why) nor another user ($said): $remedy"
	[ -z "$1" ] ||
		say_once "run-guest: bubblewrap does not work here ($why): the guest runs as user $USER_ID" \
			"of the host, to whom nothing but its scratch directory belongs"
	owner=$(stat -c %u:%g "$scratch")
	chmod 755 "$names"
	chown -R --no-dereference "$USER_ID:$USER_ID" "$scratch" "$run/ram" "$names/uml" ||
		die "user $USER_ID cannot be given $scratch: name another directory in PANTHOR_GUEST_SCRATCH"
	wrap=("${as_user[@]}" --pdeathsig KILL)
	exec {fd}<"$scratch"
	scratch_at=/proc/self/fd/$fd/.
	exec {fd}<"$kernel"
	kernel_at=/proc/self/fd/$fd
	ram_at=/dev/shm
	if ! ram_fits; then
		exec {fd}<"$run/ram"
		ram_at=/proc/self/fd/$fd
	fi
}

# The /dev/shm of a container is often small, or mounted noexec.
ram_fits() {
	local type options room
	read -r type options room < <(findmnt -bno FSTYPE,OPTIONS,AVAIL -T /dev/shm) || return
	[ "$type" = tmpfs ] && [[ ",$options," != *,noexec,* ]] && [ -w /dev/shm ] &&
		[ "$room" -gt $(((mem + 64) << 20)) ]
}

# unprotect: after the guest, give the files back to the caller.
unprotect() {
	[ -z "${owner-}" ] || chown -R --no-dereference "$owner" "$scratch" || :
}

# place PATH: print a pair for guest/mounts.c: the path, and the path to mount there, which is
# empty if the guest's kernel finds the file at the same path.
place() {
	local fd at=
	if [ -n "$by_user" ] && ! "${as_user[@]}" test -x "$1"; then
		[ -d "$1" ] || return 0
		exec {fd}<"$1"
		at=/proc/self/fd/$fd/.
	fi
	printf '%s\0' "$1" "$at"
}
show() { place "$1" >>"$scratch/show"; }

# show_around PATH: show it to the guest. In a directory that the guest replaces, show the
# whole top-level directory in it: a program may need libraries next to it.
show_around() {
	local path base rest
	for path in "$1" "$(realpath -m -- "$1")"; do
		for base in /tmp /run /dev/shm; do
			case $path in "$base"/?*)
				rest=${path#"$base"/}
				path=$base/${rest%%/*} ;;
			esac
		done
		case $path in /tmp | /run | /dev | /dev/shm) continue ;; esac
		[ ! -e "$path" ] || show "$path"
	done
}

# show_command COMMAND...: show the program, and files among its arguments, such as scripts.
# Another root directory has its own programs.
show_command() {
	local program='' arg
	[ -n "$root" ] && [[ $1 != */* ]] || program=$(type -P -- "$1" || :)
	if [ -n "$program" ]; then
		show_around "$(realpath -ms -- "$program")"
		show_around "$(dirname -- "$(realpath -m -- "$program")")"
	fi
	for arg in "${@:2}"; do
		[[ $arg != /* || ! -f $arg ]] || show_around "$arg"
	done
}
