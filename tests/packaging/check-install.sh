#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Check what meson install installs: into a staging root, as a packager does, and into a
# user's own prefix. Build and run programs outside the tree with only that.
# usage: check-install.sh HEADERS
#   HEADERS contains the drm/panthor_drm.h of the driver, for the conformance program
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)

headers=${1:?see the usage on top}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build=$work/build
root=$work/root
bad=0

# check WHAT COMMAND...: run it, and show its output if it fails; the script continues.
check() {
	local what=$1
	shift
	if "$@" >"$work/log" 2>&1; then
		echo "ok $what"
		return
	fi
	echo "FAILED: $what"
	sed 's/^/    /' "$work/log"
	bad=1
}

# Copy the sources, so that no header of the tree is next to them.
outside() {
	mkdir -p "$work/outside"
	cd "$work/outside"
	cp "$here/user.c" "$top"/examples/*.c .
}

# compile COMPILER...: compile as a user would, with only the flags from pkg-config.
compile() {
	local flags
	flags=$(pkg-config --cflags --libs libdrm_panthor)
	read -ra flags <<<"$flags"
	"$@" -Wall -Wextra -Wpedantic -Werror "${flags[@]}"
}

run_user() { LD_LIBRARY_PATH=$libdir ./user; }

# uses_staged PROGRAM: check that it loads the installed library.
uses_staged() {
	LD_LIBRARY_PATH=$libdir ldd "$1" | tee "$work/ldd"
	grep -qF "libdrm_panthor.so.1 => $libdir/libdrm_panthor.so.1 " "$work/ldd"
}

programs() {
	local compiler name
	for compiler in gcc clang; do
		check "$compiler" compile $compiler -std=c11 -o user user.c
		check "$compiler: runs" run_user
		check "$compiler: with this library" uses_staged ./user
		for name in reclaim compositor-focus pressure-policy direct-ioctl; do
			check "$compiler: $name.c" compile $compiler -std=gnu11 -D_GNU_SOURCE \
				-pthread -o "$name" "$name.c" -ldrm
		done
		rm -f user
	done
	for compiler in g++ clang++; do
		check "$compiler" compile $compiler -x c++ -std=c++17 -o user user.c
		check "$compiler: runs" run_user
		rm -f user
	done
}

list_is_complete() {
	(cd "$prefix" && find . ! -type d ! -path "./etc/*" | sed "s,^\./,,; s,^$lib/,LIBDIR/," | LC_ALL=C sort) \
		>"$work/have"
	grep -v '^#' "$here/files.txt" | LC_ALL=C sort | diff - "$work/have"
}

library() {
	[ "$(readlink "$libdir/libdrm_panthor.so")" = libdrm_panthor.so.1 ] &&
		[ "$(readlink "$libdir/libdrm_panthor.so.1")" = libdrm_panthor.so.1.0.0 ] &&
		readelf -d "$libdir/libdrm_panthor.so" |
		grep 'SONAME.*\[libdrm_panthor\.so\.1\]$'
}

# No program may contain a path of the build machine.
no_paths() {
	readelf -d "$prefix/bin/panthor-mem" "$libdir/libdrm_panthor.so.1" >"$work/dynamic" &&
		[ "$(grep -c NEEDED "$work/dynamic")" -ge 3 ] &&
		! grep -E 'RPATH|RUNPATH' "$work/dynamic" &&
		! grep -F "$work" "$libdir/pkgconfig/libdrm_panthor.pc"
}

# Check that man(1) shows the page in 80 columns, with a name and a body, without warnings.
man_page() {
	local name=$1 section=$2
	MANROFFOPT=-ww MANWIDTH=80 LC_ALL=C.UTF-8 man --warnings -E UTF-8 \
		-M "$prefix/share/man" "$section" "$name" >"$work/page" 2>"$work/warnings"
	cat "$work/warnings"
	[ ! -s "$work/warnings" ] && [ "$(wc -l <"$work/page")" -gt 20 ] &&
		col -bx <"$work/page" | grep -E "^ +$name +- "
}

tool() {
	LD_LIBRARY_PATH=$libdir "$prefix/bin/panthor-mem" "$@"
}

version() { [ "$(tool --version)" = "panthor-mem $(pkg-config --modversion libdrm_panthor)" ]; }

as_schema_says() {
	tool list --json >"$work/list.json" || return
	/usr/bin/python3 -W ignore -m jsonschema -i "$work/list.json" \
		"$prefix/share/panthor-mem/panthor-mem-1.json" || return
	# Also check that the schema rejects something.
	! echo '{}' | /usr/bin/python3 -W ignore -m jsonschema -i /dev/stdin \
		"$prefix/share/panthor-mem/panthor-mem-1.json" >/dev/null 2>&1
}

conformance_list() {
	LD_LIBRARY_PATH=$libdir "$prefix/sbin/panthor-mem-conformance" --list | grep claim.everything
}

completes() {
	PATH=$prefix/bin:$PATH bash -c '
		. "$1/share/bash-completion/completions/panthor-mem"
		complete -p panthor-mem || exit
		COMP_WORDS=(panthor-mem re) COMP_CWORD=1
		_panthor_mem
		[ "${COMPREPLY[*]}" = reclaim ]' - "$prefix"
}

# --- a staging root ------------------------------------------------------------------

options=(-Dtests=false -Dexamples=false -Dman-pages=enabled
	-Dconformance=enabled -Dkernel_headers="$headers" -Dweston=enabled)
meson setup "$build" "$top" --prefix /usr "${options[@]}" >"$work/log" || {
	cat "$work/log"
	exit 1
}
meson install -C "$build" --destdir "$root" >"$work/log" 2>&1 || {
	cat "$work/log"
	exit 1
}
lib=$(meson introspect --buildoptions "$build" |
	/usr/bin/python3 -c 'import json, sys
print(next(o["value"] for o in json.load(sys.stdin) if o["name"] == "libdir"))')
prefix=$root/usr
libdir=$prefix/$lib

check 'all files, and no other' list_is_complete
check 'the configuration' test -f "$root/etc/panthor-mem/memd.conf" -a \
	-f "$root/etc/panthor-mem/agent.conf" -a \
	-f "$root/etc/sway/config.d/60-panthor-mem-agent.conf"
check 'names of the library' library
check 'no paths of the build' no_paths
for page in "$prefix"/share/man/man?/*; do
	name=${page##*/}
	check "man ${name##*.} ${name%.*}" man_page "${name%.*}" "${name##*.}"
done

# A real root would also contain libdrm; copy that of this machine. Apart from it, the compiler
# has only its own libraries and the C library.
dpkg -L libdrm-dev libdrm2 | grep -E '^/usr/(include|lib)/' | while read -r file; do
	[ -d "$file" ] || (cd / && cp -a --parents ".$file" "$root")
done
export PKG_CONFIG_LIBDIR=$libdir/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
outside
check 'pkg-config names the root alone' bash -c '
	flags=$(pkg-config --cflags --libs libdrm_panthor) && echo "$flags" &&
	[[ " $flags " == *" -ldrm_panthor "* ]] &&
	! grep -oE -e "-[IL][^ ]*" <<<"$flags" | grep -vE "^-[IL]$1/"' - "$root"
programs
check 'panthor-mem --version' version
check 'panthor-mem with this library' uses_staged "$prefix/bin/panthor-mem"
check 'panthor-mem list, as the schema says' as_schema_says
check 'completion' completes
check 'panthor-mem-conformance --list' conformance_list
unset PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR

# --- a prefix of the user's own ------------------------------------------------------

prefix=$work/prefix
libdir=$prefix/$lib
{ meson configure "$build" -Dprefix="$prefix" && meson install -C "$build"; } >"$work/log" 2>&1 || {
	cat "$work/log"
	exit 1
}
check 'prefix: all files' list_is_complete
export PKG_CONFIG_PATH=$libdir/pkgconfig
check 'prefix: program' compile gcc -std=c11 -o user user.c
check 'prefix: runs' run_user
check 'prefix: with this library' uses_staged ./user
check 'prefix: panthor-mem' version
check 'prefix: README' compile cc -o reclaim "$top/examples/reclaim.c"

# --- a static library ----------------------------------------------------------------

prefix=$work/static
libdir=$prefix/$lib
static_only() { [ -e "$libdir/libdrm_panthor.a" ] && ! ls "$libdir"/*.so*; }
static_program() {
	local flags
	flags=$(PKG_CONFIG_PATH=$libdir/pkgconfig pkg-config --static --cflags --libs libdrm_panthor)
	read -ra flags <<<"$flags"
	gcc -std=c11 -Wall -Werror -o user user.c "${flags[@]}" &&
		! readelf -d user | grep -F libdrm_panthor && ./user
}
check 'static: builds' meson setup "$work/build-static" "$top" --prefix "$prefix" \
	-Ddefault_library=static -Dtests=false -Dexamples=false -Dtools=enabled
check 'static: installs' meson install -C "$work/build-static"
check 'static: no shared one' static_only
check 'static: program' static_program
check 'static: panthor-mem' "$prefix/bin/panthor-mem" --version

exit $bad
