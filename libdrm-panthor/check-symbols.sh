#!/bin/sh
# SPDX-License-Identifier: MIT
# Check that a library exports exactly the symbols of a list.
# usage: check-symbols.sh NM LIBRARY LIST
set -eu

nm=$1 library=$2 list=$3

# meson takes status 77 as "skipped".
command -v "$nm" >/dev/null || exit 77
"$nm" -D "$library" >/dev/null 2>&1 || { echo "$nm cannot read $library"; exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# List the functions and data that are defined. Leave out the version node, which is absolute
# (A), and the symbols that sanitizers add.
"$nm" -D --defined-only --with-symbol-versions "$library" |
	awk '$2 != "A" { print $3 }' |
	grep -v -e '^__asan_' -e '^__ubsan_' -e '^__odr_asan' | LC_ALL=C sort >"$work/has"
grep -v -e '^#' -e '^$' "$list" | LC_ALL=C sort >"$work/should"

diff "$work/should" "$work/has" >"$work/diff" && exit 0
echo "$library does not export what $list says (< missing, > not in the list):"
cat "$work/diff"
exit 1
