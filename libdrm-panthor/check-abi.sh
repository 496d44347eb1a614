#!/bin/sh
# SPDX-License-Identifier: MIT
# Is the library's ABI the one of the baseline? Types count, not only symbols.
# usage: check-abi.sh LIBRARY BASELINE
#        check-abi.sh --update LIBRARY BASELINE
# A library that was built with debug information. Every difference fails, also
# one that old programs would not notice: who means it commits a new baseline.
set -eu

update=
[ "$1" != --update ] || { update=1; shift; }
library=$1 baseline=$2

# 77 is "skipped" to meson.
if ! command -v abidiff >/dev/null || ! command -v abidw >/dev/null; then
	echo "no abidiff: install abigail-tools"
	exit 77
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ -n "$update" ]; then
	abidw --no-corpus-path --no-comp-dir-path --no-show-locs --no-elf-needed \
		--type-id-style hash --exported-interfaces-only "$library" >"$work/abi"
	# Where it was built is nobody's business. A comment may come second only:
	# abidiff looks at how the file begins.
	sed -e "s, path='[^']*/\([^/']*\)', path='\1',g" \
		-e '1a\  <!-- SPDX-License-Identifier: MIT -->' "$work/abi" >"$baseline"
	exit
fi

machine=$(sed -n "s/.*<abi-corpus .*architecture='\([^']*\)'.*/\1/p" "$baseline")
ours=$(abidw --exported-interfaces-only "$library" |
	sed -n "s/.*<abi-corpus .*architecture='\([^']*\)'.*/\1/p")
if [ "$machine" != "$ours" ]; then
	echo "the baseline is for $machine, this library for $ours"
	exit 77
fi

abidiff --no-show-locs "$baseline" "$library" || {
	echo "the ABI is not the one of $baseline (abidiff says $?)"
	exit 1
}

# A check that cannot fail is none: it must see a moved member and a lost symbol.
for edit in "s/layout-offset-in-bits='128'/layout-offset-in-bits='192'/" \
	"s/'panthor_mem_probe/'panthor_mem_prod/g"; do
	sed "$edit" "$baseline" >"$work/other"
	if cmp -s "$work/other" "$baseline" ||
		abidiff --no-show-locs "$work/other" "$library" >"$work/log" 2>&1; then
		echo "abidiff did not see a difference: $edit"
		exit 1
	fi
done
