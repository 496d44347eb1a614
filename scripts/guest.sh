# SPDX-License-Identifier: MIT
# Sourced by run-guest: what keeps the guest from the host's files, and what of them
# it is shown where it has a file system of its own.
# shellcheck shell=bash disable=SC2034,SC2154

# protect: sets wrap, the command that the guest's kernel runs in.
protect() {
	# Mounted read-only for the whole process tree, but for what is of this run.
	wrap=(bwrap --ro-bind / / --dev /dev --ro-bind /dev/shm /dev/shm --proc /proc
		--unshare-pid --unshare-net --unshare-ipc --die-with-parent
		--bind "$run" "$run" --bind "$names" "$names" --bind "$scratch" "$scratch"
		--tmpfs "$run/ram")
	scratch_at=$names/scratch
	kernel_at=$names/kernel
	ram_at=$names/run/ram
	ln -s "$scratch" "$names/scratch"
	ln -s "$run" "$names/run"
}

# show PLACE: as a pair for guest/init.c, the place, and what to mount there: nothing
# for what the guest's kernel finds at the same place.
show() {
	printf '%s\0' "$1" '' >>"$scratch/show"
}

# Below a file system of the guest's own not the one folder alone, but all that it
# lies in: a program has its libraries beside it.
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

# The command, and files among its arguments: a script is one.
show_command() {
	local program arg
	program=$(type -P -- "$1" || :)
	if [ -n "$program" ]; then
		show_around "$(realpath -ms -- "$program")"
		show_around "$(dirname -- "$(realpath -m -- "$program")")"
	fi
	for arg in "${@:2}"; do
		[[ $arg != /* || ! -f $arg ]] || show_around "$arg"
	done
}
