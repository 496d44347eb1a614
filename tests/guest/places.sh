#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# run-guest makes the checkout, the working directory and the command visible in the guest
# wherever they are, and the guest can write to no other file of the host. Runs on the host:
#
#   tests/guest/places.sh [OPTION...]	options are passed to run-guest
#
# To test it without bubblewrap, set GUEST_PROTECTION=user; this needs root.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
options=("$@")
bad=0
folders=()
trap 'rm -rf "${folders[@]}"' EXIT

# Characters that a shell, make or the kernel's command line could interpret.
odd=$'pm \'q\' "d" $(touch pwned) *'

# check WHAT WANTED COMMAND...: compare the output of a command in the guest.
check() {
	local what=$1 wanted=$2 got
	shift 2
	got=$("$guest" "${options[@]}" --timeout 300 -- "$@" 2>&1) || got+=" (status $?)"
	if [ "$got" = "$wanted" ]; then
		echo "ok $what"
	else
		printf 'FAILED: %s\n  wanted: %s\n  got: %s\n' "$what" "$wanted" "$got"
		bad=1
	fi
}

# A program that reads a file next to it, tries to write there, and prints its path.
program() {
	mkdir -p "$1"
	echo beside >"$1/file"
	cat >"$1/program" <<-'END'
		#!/bin/bash
		here=${0%/*}
		cat "$here/file"
		echo x 2>/dev/null >>"$here/file" && echo written
		for folder in / "$here" "${here%/*}" "${here%/*/*}"; do
			mount -o remount,rw "$folder" 2>/dev/null
		done
		echo x 2>/dev/null >>"$here/file" && echo written
		pwd -P
		echo "$#"
	END
	chmod +x "$1/program"
}

guest=$top/run-guest
for base in /tmp /run /var/tmp /dev/shm; do
	[ -w "$base" ] || continue
	folder=$(mktemp -d "$base/panthor-places.XXXXXX")
	folders+=("$folder")
	chmod 755 "$folder"
	place=$folder/$odd
	program "$place/a"
	cd "$place"
	check "$base: command and working directory" $'beside\n'"$place"$'\n2' ./a/program 'a b' ''
	[ "$base" = /tmp ] || continue
	cd /
	check "$base: command" $'beside\n/\n0' "$place/a/program"
	check "$base: an interpreter's script" $'beside\n/\n0' bash "$place/a/program"
	ln -s "$place/a" "$folder/link"
	cd "$folder/link"
	check "$base: by way of a link" $'beside\n'"$place/a"$'\n0' "$folder/link/program"
done

# The guest's own directories are not changed.
cd /tmp
check 'from /tmp: /tmp is writable, and empty' 'ok' sh -c 'cd / && touch /tmp/x && echo ok'
marker=$(mktemp /tmp/panthor-places.XXXXXX)
folders+=("$marker")
printf '#!/bin/sh\necho here\n' >"$marker"
chmod 755 "$marker"
check 'a program in /tmp itself, relative' here "./${marker##*/}"
cd /
check 'a program in /tmp itself' here "$marker"

# A checkout at an odd path. It uses the kernel of this checkout, so none is built.
folder=$(mktemp -d /tmp/panthor-places.XXXXXX)
folders+=("$folder")
chmod 755 "$folder"
copy=$folder/$odd
mkdir "$copy"
(cd "$top" && tar -c --exclude .git .) | tar -x -C "$copy"
guest=$copy/run-guest
cd "$copy"
# shellcheck disable=SC2016
check 'a checkout below /tmp' "$copy"$'\n'/run/scratch sh -c 'cd "$(dirname "$1")/../.." &&
	pwd && ls -d /run/scratch' - "$copy/tests/driver/kunit.sh"

if [ -n "$(find "${folders[@]}" -name pwned)" ] || [ -e /pwned ]; then
	echo 'FAILED: a path was evaluated'
	bad=1
fi
exit $bad
