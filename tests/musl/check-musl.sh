#!/bin/sh
# SPDX-License-Identifier: MIT
# Does all of it compile with musl, without a warning, and does the library run on the
# mock there? Debian has musl and no library for it: of json-c and libdrm the headers
# are used, and libdrm.c stands for what the library calls.
# usage: check-musl.sh SOURCE
set -eu

source=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# 77 is "skipped" to meson.
if ! command -v musl-gcc >/dev/null; then
	echo "no musl-gcc: install musl-tools"
	exit 77
fi

# The kernel's headers and those of the two libraries are good for every C library.
# What else is in /usr/include is glibc's.
include=$work/include
mkdir "$include"
multiarch=$(gcc -print-multiarch)
for header in linux asm-generic libdrm xf86drm.h json-c; do
	[ -e "/usr/include/$header" ] || { echo "no $header"; exit 77; }
	ln -s "/usr/include/$header" "$include/$header"
done
for header in "/usr/include/$multiarch/asm" /usr/include/asm; do
	[ ! -e "$header" ] || ln -sfn "$header" "$include/asm"
done

cd "$source"
compile() {
	musl-gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Wshadow -Wundef -Werror \
		-DTOOL_VERSION='"0"' -isystem "$include" \
		-isystem "$include/libdrm" -Ilibdrm-panthor -Iinclude/uapi/drm -Itests/mock \
		-Itests/unit -Itools "$@"
}

objects=
for file in libdrm-panthor/*.c tests/mock/*.c tests/unit/process.c tests/musl/*.c \
	tools/*.c examples/*.c tests/tools/preload.c; do
	object=$work/$(echo "$file" | tr / _).o
	compile -c "$file" -o "$object"
	case $file in
	libdrm-panthor/* | tests/unit/* | tests/musl/*) objects="$objects $object" ;;
	# It has an open() of its own, for whole programs.
	tests/mock/device.c) ;;
	tests/mock/*) objects="$objects $object" ;;
	esac
done

# The objects are words.
# shellcheck disable=SC2086
musl-gcc -static -o "$work/smoke" $objects
"$work/smoke"
