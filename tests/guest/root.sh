#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# run-guest --root DIR: the command sees the files of another root directory, the guest's own
# file systems, and what run-guest shows of the host. Runs on the host:
#
#   tests/guest/root.sh [OPTION...]	options are passed to run-guest
#
# To test it without bubblewrap, set GUEST_PROTECTION=user; this needs root.
set -euo pipefail
. "$(dirname "$0")/../../scripts/common.sh"
options=("$@")
bad=0
need busybox-static

folder=$(mktemp -d /tmp/panthor-root.XXXXXX)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
# A name that a shell or the kernel's command line could interpret.
root=$folder/$'another "root", $(x)'
# Like Debian's, /bin is a link. There is a directory on the way to the checkout, with a file.
top_level=/$(cut -d / -f 2 <<<"$TOP")
mkdir -p "$root"/{usr/bin,etc,dev,proc,sys,tmp,run} "$root$top_level"
ln -s usr/bin "$root/bin"
cp /bin/busybox "$root/usr/bin/"
for name in sh cat ls touch mount pwd grep; do
	ln -s busybox "$root/usr/bin/$name"
done
echo another >"$root/etc/name"
echo beside >"$root$top_level/beside-the-checkout"

# check WHAT WANTED COMMAND...: compare the output of a command in the other root.
check() {
	local what=$1 wanted=$2 got
	shift 2
	got=$(PANTHOR_GUEST_SCRATCH=$folder/scratch "$TOP/run-guest" "${options[@]}" \
		--timeout 300 --root "$root" -- "$@" 2>&1) || got+=" (status $?)"
	if [ "$got" = "$wanted" ]; then
		echo "ok $what"
	else
		printf 'FAILED: %s\n  wanted: %s\n  got: %s\n' "$what" "$wanted" "$got"
		bad=1
	fi
}

cd /
check 'files and programs are those of the root' $'another\nnone' \
	sh -c 'cat /etc/name; command -v bash || echo none'
check 'a program of the host alone is not found' \
	"run-guest: error: cannot run 'realpath': No such file or directory (status 127)" realpath /
# shellcheck disable=SC2016
check 'the GPU, /proc, /sys and swap' $'/dev/dri/renderD128\n/dev/zram0\ngems' sh -c '
	ls /dev/dri/renderD128 && grep -o "^/dev/zram0" /proc/swaps &&
	cat /sys/kernel/debug/dri/panthor/gems >/dev/null && echo gems'
check 'its files cannot be written' another sh -c '
	echo x 2>/dev/null >/etc/name; mount -o remount,rw / 2>/dev/null
	mount -o remount,rw /etc 2>/dev/null; echo x 2>/dev/null >/etc/name; cat /etc/name'
check '/tmp and the scratch directory can' ok sh -c '
	touch /tmp/x /run/x /run/scratch/from-the-guest && echo ok'
[ -e "$folder/scratch/from-the-guest" ] ||
	{ echo 'FAILED: the scratch directory is not that of the host'; bad=1; }
exec 9<"$folder/scratch"
flock 9
check 'two guests with one scratch directory' \
	"run-guest: error: another guest uses $folder/scratch: name another directory in \
PANTHOR_GUEST_SCRATCH (status 1)" true
exec 9<&-
check 'the checkout, and a file beside it' "$TOP/run-guest"$'\nbeside' \
	sh -c "ls $TOP/run-guest && cat $top_level/beside-the-checkout"

inside=$folder/inside
mkdir "$inside"
cd "$inside"
printf '#!/bin/sh\ncat /etc/name && pwd\n' >script
chmod 755 . script
check 'the working directory, and a program in it' $'another\n'"$inside" ./script
check 'a program at its full path' $'another\n'"$inside" "$PWD/script"
cd /etc
check 'its own files come before those of the host' $'name\n/etc' sh -c 'ls && pwd'

cd /
code=0
said=$("$TOP/run-guest" --root "$folder/missing" -- true 2>&1) || code=$?
if [ $code = 0 ] || [[ $said != *"--root needs a directory, not '$folder/missing'"* ]]; then
	echo "FAILED: a missing directory is refused (status $code): $said"
	bad=1
fi
exit $bad
