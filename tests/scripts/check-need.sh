#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Check that need of scripts/common.sh installs what is missing and reports a failure, and that
# two processes that need packages at once do not run apt-get at once.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export work

# A Debian whose packages are files. Its apt-get fails while another one runs, as the real
# one does, and installs nothing until the file "go" exists.
mkdir "$work/bin" "$work/installed"
cat >"$work/bin/dpkg-query" <<'FAKE'
#!/bin/sh
cd "$work/installed" || exit
for package; do
	[ ! -e "$package" ] || echo "installed $package"
done
FAKE
cat >"$work/bin/apt-get" <<'FAKE'
#!/bin/sh
echo "$@" >>"$work/ran"
mkdir "$work/lock" || exit 100
until [ -e "$work/go" ]; do sleep 0.02; done
for package; do
	case $package in
	nonsense) rmdir "$work/lock"; exit 100 ;;
	-* | install | update | *=*) ;;
	*) : >"$work/installed/$package" ;;
	esac
done
rmdir "$work/lock"
FAKE
printf '#!/bin/sh\nexec "$@"\n' >"$work/bin/sudo"
chmod +x "$work"/bin/*

needs() {
	PATH=$work/bin:$PATH PANTHOR_MEM_CACHE=$work/cache timeout 60 bash -euc \
		'. "$0/scripts/common.sh"; need "$@"; echo done >&2' "$top" "$@"
}
fail() {
	printf 'FAILED: %s\n' "$1"
	tail -n +1 "$work"/said* "$work/ran"
	exit 1
}
# wait_for PATTERN FILE: the processes have a bound themselves.
wait_for() {
	until grep -q -e "$1" "$work/$2" 2>/dev/null; do
		[ -n "$(jobs -r)" ] || fail "no '$1' in $2"
		sleep 0.02
	done
}

: >"$work/ran"
needs one both 2>"$work/said1" &
wait_for install ran
needs two both 2>"$work/said2" &
# The second one runs apt-get as well, or waits for the first.
wait_for '^waiting\|^installing' said2
: >"$work/go"
for job in $(jobs -p); do
	wait "$job" || fail 'a process that needs packages failed'
done
for package in one two both; do
	[ -e "$work/installed/$package" ] || fail "$package is not installed"
done
[ "$(grep -c both "$work/ran")" = 1 ] || fail 'a package was installed twice'

: >"$work/ran"
needs one two 2>"$work/said1" || fail 'nothing is missing'
[ ! -s "$work/ran" ] || fail 'apt-get ran although nothing is missing'
! needs one nonsense 2>"$work/said1" || fail 'a package that does not exist was accepted'
grep -q 'could not install: nonsense$' "$work/said1" || fail 'no message names the package'
! grep -q 'done' "$work/said1" || fail 'the script continued without its packages'
