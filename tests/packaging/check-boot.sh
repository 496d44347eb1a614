#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Install the Debian packages in a clean Debian with systemd, boot it in a container, and use
# panthor-memd and panthor-mem-agent there as an ordinary user in a session, the agent with sway:
# tests/packaging/boot/inside is what runs in it. The unit runs as it was installed, hardening
# included; later with the mock as its device.
#
# usage: check-boot.sh DIRECTORY MOCK
#   DIRECTORY  has the .deb files
#   MOCK       libpanthor-mock.so, which the tests of panthor-mem preload
#
# Run as root. Exit status 77: the machine cannot boot such a container, with the reason.
set -euo pipefail
own=$(cd "$(dirname "$0")" && pwd)
packages=$(cd "$1" && pwd)
mock=$2

[ "$(id -u)" = 0 ] || { echo 'skipped: only root can boot a container'; exit 77; }
command -v systemd-nspawn >/dev/null || { echo 'skipped: install systemd-container'; exit 77; }
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
chmod 755 "$work"
root=$work/root

# Use the apt sources of this machine, so that a mirror or snapshot is respected.
sources=()
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources}; do
	[ ! -s "$file" ] || sources+=("$file")
done
# apt installs the files, so that their dependencies and scripts are tested, too.
debs=()
for name in libdrm-panthor1 panthor-mem panthor-memd panthor-mem-agent; do
	debs+=("$(find "$packages" -maxdepth 1 -name "${name}_*.deb")")
done
mmdebstrap --variant=minbase --mode=root \
	--include=systemd-sysv,libpam-systemd,dbus,polkitd,jq \
	--include=dbus-user-session,sway,foot,fonts-dejavu-core \
	--customize-hook="mkdir \"\$1/packages\" && cp ${debs[*]@Q} \"\$1/packages/\"" \
	--customize-hook='chroot "$1" sh -c "apt-get install -y --no-install-recommends /packages/*.deb"' \
	"$(. /etc/os-release && echo "$VERSION_CODENAME")" "$root" "${sources[@]}"

install -D -m 755 "$own/boot/inside" "$root/opt/boot/inside"
install -m 755 "$mock" "$root/opt/boot/libpanthor-mock.so"
cp "$own/boot/boot-test.service" "$root/etc/systemd/system/"
mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
ln -s ../boot-test.service "$root/etc/systemd/system/multi-user.target.wants/"
# systemd takes it for the first boot otherwise, and waits for answers.
systemd-machine-id-setup --root="$root" >/dev/null

# Without systemd on this machine, there is nobody to register the container with. It gets a
# hierarchy of version 2, whatever this machine has.
code=0
SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 timeout -k 10 600 systemd-nspawn --boot --quiet --register=no \
	--keep-unit --machine=boot-test --directory="$root" --console=pipe --link-journal=no \
	>"$work/console" 2>&1 </dev/null || code=$?
if [ -s "$root/opt/boot/log" ]; then
	cat "$root/opt/boot/log"
else
	echo 'the container did not boot:'
	tail -n 40 "$work/console"
fi
# It ends with the status of the test.
[ $code = 0 ] && tail -n 1 "$root/opt/boot/log" | grep -qx 'all is well'
