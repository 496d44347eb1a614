#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The first steps of README.md on a fresh system (first-steps.sh): in a chroot, where / is no mount
# point and bubblewrap cannot work, or in an unprivileged container of podman. Run as root. The
# kernel built by each Debian release is kept in the cache.
#
# usage: tests/guest/containers.sh chroot|podman DEBIAN
set -euo pipefail
. "$(dirname "$0")/../../scripts/common.sh"

how=$1
debian=$2
[ "$(id -u)" = 0 ] || die 'this takes root'
need util-linux

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
root=$work/root

# One cache for each Debian release: another compiler builds another kernel.
cache=$CACHE/containers/$debian
mkdir -p "$cache/source"
tarball=$("$TOP/kernel/fetch")
cp -a --reflink=auto --update "$tarball" "$CACHE/source/checked" "$cache/source/"
rm -f "$cache/said"

"$TOP/scripts/make-debian" "$debian" "$root" --variant=minbase --include=ca-certificates
cp -L /etc/resolv.conf "$root/etc/"
mkdir -p "$root/root/panthor" "$root/root/.cache/panthor-mem"
# The files that git would have, without build directories.
(cd "$TOP" && git ls-files -z --cached --others --exclude-standard |
	tar -c --null --ignore-failed-read -T -) | tar -x -C "$root/root/panthor"

case $how in
chroot)
	unshare --mount sh -c 'mount -t proc proc "$1/proc" &&
		mount --bind "$2" "$1/root/.cache/panthor-mem" &&
		exec env -i HOME=/root PATH="$PATH" TERM=dumb chroot "$1" /root/panthor/tests/guest/first-steps.sh' \
		- "$root" "$cache" ;;
podman)
	need podman runc
	image=$(tar -C "$root" -c . | podman import -q -)
	trap 'podman rmi -f "$image" >/dev/null; rm -rf --one-file-system "$work"' EXIT
	# Without CAP_SYS_RESOURCE podman cannot raise limits, which it does by default.
	podman --runtime runc run --rm --network host \
		--ulimit nofile=1024:1024 --ulimit nproc=4096:4096 \
		-e HOME=/root -v "$cache:/root/.cache/panthor-mem" "$image" \
		/root/panthor/tests/guest/first-steps.sh ;;
*) die "chroot or podman, not '$how'" ;;
esac 2>&1 | tee "$work/log"

# The run took the path without bubblewrap, and said so exactly once.
[ "$(grep -c 'bubblewrap does not work here' "$work/log")" = 1 ] ||
	die "run-guest has not said once that bubblewrap does not work"
grep -q '^Verdict: ok$' "$work/log" || die "the demo has no verdict 'ok'"
tail -n 1 "$work/log" | grep -qx 'all is well' || die "first-steps.sh has not come to its end"
