#!/bin/sh
# SPDX-License-Identifier: MIT
# Run the KUnit suites of the driver that are named, or all, and print the results
# (KTAP):
#
#   ./run-guest --strict -- tests/driver/kunit.sh [SUITE...]
#
# Fails if a test failed, or if a suite did not run.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
kunit=/sys/kernel/debug/kunit
suites=$*
[ -n "$suites" ] || suites=$(sed -n 's/^\t\.name = "\(panthor_[a-z_]*\)",$/\1/p' \
	"$top"/kernel/linux/drivers/gpu/drm/panthor/tests/*_test.c)
[ -n "$suites" ] || { echo "kunit: the source has no suite" >&2; exit 1; }

status=0
for suite in $suites; do
	if [ ! -e "$kunit/$suite/run" ]; then
		echo "kunit: this kernel does not have $suite" >&2
		status=1
		continue
	fi
	# Returns when the suite has finished.
	echo 1 >"$kunit/$suite/run"
	cat "$kunit/$suite/results"
	grep -qx "ok 1 $suite" "$kunit/$suite/results" || {
		echo "kunit: $suite did not pass" >&2
		status=1
	}
done
exit $status
