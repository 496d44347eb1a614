#!/bin/sh
# SPDX-License-Identifier: MIT
# Nothing to warn of in a man page? usage: check-man.sh PAGE...
# Asks groff, and mandoc if it is there.
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
	# What rst2man did not understand stays as it was.
	if grep -nE '\*\*|``|\\\(' "$work/text"; then
		echo "$page: markup is left in the text"
		bad=1
	fi
	# docutils writes two harmless things of which mandoc warns.
	if command -v mandoc >/dev/null; then
		mandoc -T lint -W warning "$page" >"$work/log" 2>&1 || :
		if grep -v -e 'skipping paragraph macro: sp after S[HS]$' \
			-e 'unknown font, skipping request: ft C$' "$work/log"; then
			bad=1
		fi
	fi
done
exit $bad
