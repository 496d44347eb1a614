# SPDX-License-Identifier: MIT
# Sourced by the tests of the files that are installed with panthor-memd and panthor-mem-agent.
# shellcheck shell=bash
set -u
bad=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# check WHAT COMMAND...: COMMAND has to succeed.
check() {
	local what=$1
	shift
	if ! "$@" >"$log" 2>&1; then
		printf 'FAILED: %s\n%s\n' "$what" "$(<"$log")"
		bad=1
	fi
}

# For loops in which a grep for each word would take longer than everything else. lines FILE sets
# text to the contents, with a line end before each line and after the last.
lines() { text=$'\n'$(<"$1")$'\n'; }
contains() { [[ $1 == *"$2"* ]]; }
