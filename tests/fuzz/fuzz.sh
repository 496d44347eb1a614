#!/bin/sh
# SPDX-License-Identifier: MIT
# Run a fuzz target for a bounded number of inputs. What it writes goes to a temporary directory.
# The end of that is shown, and the input that has failed with libFuzzer.
# usage: fuzz.sh PROGRAM RUNS SEEDS [libfuzzer [OPTION...]]
set -eu
program=$1
runs=$2
seeds=$3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
if [ -z "${4-}" ]; then
	# What is tested can say something about each input.
	"$program" "-runs=$runs" "$seeds" >"$dir/log" 2>&1 || {
		tail -n 100 "$dir/log"
		exit 1
	}
	tail -n 1 "$dir/log"
	exit
fi
shift 4
mkdir "$dir/new"
"$program" "-runs=$runs" -seed=1 -max_len=8192 -timeout=60 -rss_limit_mb=4096 \
	"-artifact_prefix=$dir/" "$@" "$dir/new" "$seeds" 2>"$dir/log" || {
	cat "$dir/log"
	for file in "$dir"/crash-* "$dir"/timeout-* "$dir"/oom-*; do
		[ ! -e "$file" ] || { echo "$file:"; od -c "$file"; }
	done
	exit 1
}
tail -n 2 "$dir/log"
