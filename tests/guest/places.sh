#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Wherever the checkout, the working directory and the command are, run-guest shows
# them to the guest; and nothing of the host can be written from there. Runs on the host:
#
#   tests/guest/places.sh [OPTION...]	options of run-guest
#
# With GUEST_PROTECTION=user, as root, without bubblewrap.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
options=("$@")
bad=0
folders=()
trap 'rm -rf "${folders[@]}"' EXIT

# Characters that a shell, make or a kernel's command line could take for more.
odd=$'pm \'q\' "d" $(touch pwned) *'

# check WHAT WANTED COMMAND...: the output of a command in the guest.
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

# A program that reads what lies beside it, tries to write there, and says where it is.
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

# The guest's own folders stay what they are.
cd /tmp
check 'from /tmp: /tmp is writable, and empty' 'ok' sh -c 'cd / && touch /tmp/x && echo ok'
marker=$(mktemp /tmp/panthor-places.XXXXXX)
folders+=("$marker")
printf '#!/bin/sh\necho here\n' >"$marker"
chmod 755 "$marker"
check 'a program in /tmp itself, relative' here "./${marker##*/}"
cd /
check 'a program in /tmp itself' here "$marker"

# A checkout there. It has the kernel of this one, so nothing is built.
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
	pwd && ls -d /run/scratch' - "$copy/tests/guest/kunit.sh"

if [ -n "$(find "${folders[@]}" -name pwned)" ] || [ -e /pwned ]; then
	echo 'FAILED: a path was evaluated'
	bad=1
fi
exit $bad
