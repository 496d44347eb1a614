#!/bin/sh
# SPDX-License-Identifier: MIT
# Check that the library has the ABI of the baseline: symbols and types.
# usage: check-abi.sh LIBRARY BASELINE
#        check-abi.sh --update LIBRARY BASELINE
# LIBRARY must have debug information. Every difference is an error, even one that old
# programs would not notice. If it is intended, commit a new baseline (--update).
set -eu

update=
[ "$1" != --update ] || { update=1; shift; }
library=$1 baseline=$2

# meson takes status 77 as "skipped".
if ! command -v abidiff >/dev/null || ! command -v abidw >/dev/null; then
	echo "no abidiff: install abigail-tools"
	exit 77
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ -n "$update" ]; then
	abidw --no-corpus-path --no-comp-dir-path --no-show-locs --no-elf-needed \
		--type-id-style hash --exported-interfaces-only "$library" >"$work/abi"
	# Remove the path of the build. The comment goes in the second line because abidiff
	# recognizes the file by its first.
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

# Prove that the check can fail: it must notice a moved member and a missing symbol.
for edit in "s/layout-offset-in-bits='128'/layout-offset-in-bits='192'/" \
	"s/'panthor_mem_probe/'panthor_mem_prod/g"; do
	sed "$edit" "$baseline" >"$work/other"
	if cmp -s "$work/other" "$baseline" ||
		abidiff --no-show-locs "$work/other" "$library" >"$work/log" 2>&1; then
		echo "abidiff did not see a difference: $edit"
		exit 1
	fi
done
