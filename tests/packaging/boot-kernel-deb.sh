#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Boot the kernel of a package of kernel/deb in QEMU's machine virt, load panthor from the
# package's modules, and run its KUnit tests.
#
# usage: tests/packaging/boot-kernel-deb.sh [--log FILE] PACKAGE
#
#   --log   keep the kernel log
#
# The machine has no GPU, so panthor is loaded but not bound to a device. Nothing else of the
# package runs: neither the drivers of a board nor what the package does when it is installed.
set -euo pipefail
. "$(dirname "$0")/../../scripts/common.sh"
. "$TOP/kernel/kunit.sh"

log=
while [ $# -gt 0 ]; do
	case $1 in
	--log) log=${2:?--log needs a file}; shift ;;
	-h | --help) usage; exit ;;
	-*) die "unknown option '$1' (see --help)" ;;
	*) break ;;
	esac
	shift
done
[ $# = 1 ] || die "one package is needed (see --help)"
package=$1

cross=aarch64-linux-gnu-
[ "$(uname -m)" != aarch64 ] || cross=
need ${cross:+gcc-aarch64-linux-gnu libc6-dev-arm64-cross} gcc qemu-system-arm cpio util-linux
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -n "$log" ] || log=$work/log

dpkg-deb -x "$package" "$work/package"
release=$(basename "$work"/package/lib/modules/*)
modules=$work/package/lib/modules/$release
image=$work/package/boot/vmlinuz-$release
[[ $(dpkg-deb -f "$package" Package) = linux-image-"$release" ]] ||
	die "$package is not named after its release $release"
[ -s "$image" ] || die "$package has no /boot/vmlinuz-$release"
for board in rk3588-rock-5b rk3588s-orangepi-5; do
	[ -s "$work/package/usr/lib/linux-image-$release/rockchip/$board.dtb" ] ||
		die "$package has no device tree of $board"
done

# load_order MODULE: the paths of a module and of those that it needs, as it loads them.
load_order() {
	awk -F: -v "name=$1.ko" '{ n = split($1, part, "/") } part[n] == name { print $1 $2; exit }' \
		"$modules/modules.dep" | tr ' ' '\n' | tac | grep . |
		sed "s|^|/lib/modules/$release/|"
}

root=$work/root
mkdir "$root"
for module in zram panthor; do
	load_order $module >"$root/$module" || die "$package has no module $module"
done
(cd "$work/package" && sort -u "$root/zram" "$root/panthor" | sed 's|^/||' |
	xargs -d '\n' cp --parents -t "$root")
# A module that both lists name is loaded with zram.
grep -vxFf "$root/zram" "$root/panthor" >"$root/panthor.new"
mv "$root/panthor.new" "$root/panthor"

size=$((64 * 1024 * 1024))
truncate -s $size "$work/swap"
/sbin/mkswap --pagesize 4096 "$work/swap" >/dev/null
head -c 4096 "$work/swap" >"$root/swap"
"${cross}gcc" -std=c11 -O2 -Wall -Wextra -Werror -static -DSWAP_SIZE="\"$size\"" \
	-o "$root/init" "$TOP/tests/packaging/boot_init.c"
(cd "$root" && find . | cpio -o -H newc --quiet) >"$work/initramfs"

start=$SECONDS
boot_arm64 "$log" -kernel "$image" -initrd "$work/initramfs" \
	-append "console=ttyAMA0 printk.time=0 panic=-1 oops=panic rdinit=/init"
! grep '^init: error' "$log" >&2 || die "the first process failed"
kunit_passed "$log"
grep -qx 'init: done' "$log" || { tail -n 20 "$log" >&2; die "the first process did not end"; }
! sed '/^init: loaded as on a board$/,$d' "$log" | grep -E '# Subtest|^ *(not )?ok ' >&2 ||
	die "tests ran although nobody asked for them"
! grep -E '# SKIP needs swap' "$log" >&2 || die "tests found no swap"
say "$(basename "$package"): $(grep -cE '^ok ' "$log") suites passed in $((SECONDS - start)) s"
