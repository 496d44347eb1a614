#!/bin/sh
# SPDX-License-Identifier: MIT
# Compile everything for user space with musl, without warnings, and run the library on
# the mock. Debian has musl but no other library built for it: of json-c and libdrm only
# the headers are used, and libdrm.c implements what the library calls.
# usage: check-musl.sh SOURCE
set -eu

source=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Status 77 means "skipped" to meson.
if ! command -v musl-gcc >/dev/null; then
	echo "no musl-gcc: install musl-tools"
	exit 77
fi

# The headers of the kernel and of the two libraries work with every C library. All
# other headers in /usr/include belong to glibc.
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
		-Itests/unit -Ipanthor-mem -Icommon "$@"
}

# broker-focus.c needs sd-bus from systemd or elogind, which systems with musl do not have by
# default.
set -- panthor-mem/*.c common/option.c common/program.c tests/cli/preload.c tests/mock/device.c
for file in examples/*.c; do
	[ "$file" = examples/broker-focus.c ] || set -- "$@" "$file"
done
compile -fsyntax-only "$@"
# The whole mock, except for its open(), which only whole programs use.
set --
for file in tests/mock/*.c; do
	[ "$file" = tests/mock/device.c ] || set -- "$@" "$file"
done
compile -static -o "$work/smoke" libdrm-panthor/*.c tests/unit/process.c tests/packaging/musl/*.c "$@"
"$work/smoke"
