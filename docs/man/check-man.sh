#!/bin/sh
# SPDX-License-Identifier: MIT
# Check that man pages cause no warnings. usage: check-man.sh PAGE...
# Runs groff, and mandoc if it is installed.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

command -v groff >/dev/null || { echo "no groff: install groff-base"; exit 77; }
bad=0
for page in "$@"; do
	for width in 80 60; do
		groff -man -t -ww -rLL=${width}n -Tutf8 -P-c "$page" >"$work/text" 2>"$work/log" || bad=1
		[ ! -s "$work/log" ] || { cat "$work/log"; bad=1; }
	done
	# Markup that rst2man did not understand is left in the text.
	if grep -nE '\*\*|``|\\\(' "$work/text"; then
		echo "$page: markup is left in the text"
		bad=1
	fi
	# Ignore two harmless warnings of mandoc about the output of docutils.
	if command -v mandoc >/dev/null; then
		mandoc -T lint -W warning "$page" >"$work/log" 2>&1 || :
		if grep -v -e 'skipping paragraph macro: sp after S[HS]$' \
			-e 'unknown font, skipping request: ft C$' "$work/log"; then
			bad=1
		fi
	fi
done
exit $bad
