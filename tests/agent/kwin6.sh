#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Run the test with a real KWin once more, with the KWin 6 of Debian 13: the programs of a build
# directory, in a chroot. The chroot is kept in the cache. Run as root.
#
# usage: tests/agent/kwin6.sh BUILD
set -euo pipefail
. "$(dirname "$0")/../../scripts/common.sh"

RELEASE=trixie
# What the test starts, and the libraries of the programs in the build directory.
PACKAGES=(kwin-wayland dbus-daemon libcmocka0 libdrm2 libsystemd0 libcap2 libinih1 libjson-c5
	libpipewire-0.3-0t64 libwayland-client0 libxcb1)

build=${1:?no build directory}
[ "$(id -u)" = 0 ] || die 'this takes root'
need util-linux
root=$CACHE/kwin-$(echo "$RELEASE ${PACKAGES[*]}" | sha256sum | cut -c 1-12)
mkdir -p "$CACHE"
# One run makes it, and others wait.
exec 7>"$CACHE/kwin.lock"
flock 7
if [ ! -d "$root" ]; then
	say "making a system of $RELEASE with KWin"
	rm -rf --one-file-system "$root.new"
	"$TOP/scripts/make-debian" "$RELEASE" "$root.new" --variant=minbase \
		--include="$(IFS=,; echo "${PACKAGES[*]}")" 2>"$root.log" ||
		{ tail -n 20 "$root.log" >&2; die "it cannot be made; the log is $root.log"; }
	mv "$root.new" "$root"
fi
exec 7>&-
version=$(chroot "$root" kwin_wayland --version 2>/dev/null) || true
[[ $version == "kwin 6."* ]] || die "$RELEASE has no KWin 6 but '$version'"
say "$version"

# The programs and what they read have the same paths as outside. All that is mounted, and all
# processes, end with the test.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/within" <<'WITHIN'
#!/usr/bin/env bash
set -euo pipefail
root=$1 shared=("$2" "$3")
shift 3
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
for dir in "${shared[@]}"; do
	mkdir -p "$root$dir"
	mount --bind "$dir" "$root$dir"
done
exec chroot "$root" "$@"
WITHIN
meson test -C "$build" --no-rebuild --print-errorlogs --wrapper "unshare --mount --pid --fork
	--kill-child bash $work/within $root $TOP $build" agent-kwin-kwin
