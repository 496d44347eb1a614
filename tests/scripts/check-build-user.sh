#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Check that scripts/build-user stops at the first failure and reports what failed.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# fake NAME COMMANDS: create a program of that name, which records that it ran.
mkdir "$work/bin"
fake() {
	printf '#!/bin/sh\necho %s >>"%s/ran"\n%s\n' "$1" "$work" "$2" >"$work/bin/$1"
	chmod +x "$work/bin/$1"
}

# build STATUS RAN MESSAGE: check the status and message of build-user, and what it ran.
build() {
	local status=0 err
	: >"$work/ran"
	err=$(PATH=$work/bin:$PATH PANTHOR_MEM_CACHE=$work/cache \
		"$top/scripts/build-user" 2>&1 >"$work/out") || status=$?
	[ "$status" = "$1" ] && [ "$(paste -sd ' ' "$work/ran")" = "$2" ] &&
		[[ $err == *"$3"* ]] && return
	printf 'FAILED: status %s, ran %s, said: %s\n' "$status" "$(paste -sd ' ' "$work/ran")" "$err"
	exit 1
}

fake meson 'echo no such compiler; exit 3'
fake ninja ''
build 1 meson 'no such compiler'
build 1 meson 'meson setup failed; the whole log is '
# shellcheck disable=SC2016 # for the script that is made
fake meson 'mkdir -p "$2" && : >"$2/build.ninja"'
fake ninja 'echo broken code; exit 1'
build 1 'meson ninja' 'the build failed; the whole log is '
fake ninja 'echo "x.c:1: warning: odd"'
build 1 ninja 'the compiler warned; the whole log is '
fake ninja ''
build 0 ninja ''
[ -e "$(cat "$work/out")/build.ninja" ] || exit 1
