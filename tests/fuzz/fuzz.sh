#!/bin/sh
# SPDX-License-Identifier: MIT
# Run a fuzz target for a bounded number of inputs. What libFuzzer writes goes to a temporary
# directory, also the input that has failed, which is shown.
# usage: fuzz.sh PROGRAM RUNS SEEDS [libfuzzer [OPTION...]]
set -eu
program=$1
runs=$2
seeds=$3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
if [ -z "${4-}" ]; then
	"$program" "-runs=$runs" "$seeds"
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
