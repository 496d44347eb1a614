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

compile -fsyntax-only tools/*.c examples/*.c tests/tools/preload.c tests/mock/device.c
# All of the mock but the open() that it has for whole programs.
compile -static -o "$work/smoke" libdrm-panthor/*.c tests/unit/process.c tests/musl/*.c \
	$(ls tests/mock/*.c | grep -v /device.c)
"$work/smoke"
