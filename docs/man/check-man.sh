#!/bin/sh
# SPDX-License-Identifier: MIT
# Check that man pages cause no warnings. usage: check-man.sh PAGE...
# Runs groff, and mandoc if it is installed.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

command -v groff >/dev/null || { echo "no groff: install groff-base"; exit 77; }
bad=0
# text WIDTH PAGE...: the pages as text. One run takes all, because groff reads its macros slowly.
text() {
	width=$1
	shift
	groff -man -t -ww -rLL="${width}n" -Tutf8 -P-c "$@"
}
markup() { grep -nE '\*\*|``|\\\('; }

for width in 80 60; do
	text $width "$@" >"$work/text" 2>"$work/log" || bad=1
	[ ! -s "$work/log" ] || { cat "$work/log"; bad=1; }
done
# Markup that rst2man did not understand is left in the text. In which page?
if markup <"$work/text" >/dev/null; then
	for page in "$@"; do
		text 60 "$page" 2>/dev/null | markup || continue
		echo "$page: markup is left in the text"
	done
	bad=1
fi
# mandoc forgets the macros of a page before the next one, which groff does not.
# Ignore two harmless warnings of mandoc about the output of docutils.
if command -v mandoc >/dev/null; then
	mandoc -T lint -W warning "$@" >"$work/log" 2>&1 || :
	if grep -v -e 'skipping paragraph macro: sp after S[HS]$' \
		-e 'unknown font, skipping request: ft C$' "$work/log"; then
		bad=1
	fi
fi
exit $bad
