#!/bin/bash
# SPDX-License-Identifier: MIT
# Inside of a fresh system, as root, for containers.sh: the commands of README.md as they are written
# there, the demo, and what the guest can write.
set -eu
cd "$(dirname "$0")/../.."

# commands LINE: the first commands in README.md after the line that begins with LINE.
commands() {
	awk -v begin="$1" 'index($0, begin) == 1 { on = 1 }
		on && /^    / { print substr($0, 5); seen = 1 }
		seen && !/^    / { exit }' README.md
}
fail() { echo "first-steps: $*" >&2; exit 1; }

# What a user has, or types.
printf '#!/bin/sh\nexec "$@"\n' >/usr/local/bin/sudo
chmod +x /usr/local/bin/sudo
echo 'APT::Get::Assume-Yes "true";' >/etc/apt/apt.conf.d/90yes
apt-get -qq update

commands '**In a minute**' >/tmp/minute
doctor=$(tail -n 1 /tmp/minute)
[ "${doctor#build-try/* }" = doctor ] ||
	fail "README's first commands do not end with doctor in build-try: '$doctor'"
# Without a device, doctor fails, so it does not run with the others.
sed -i '$d' /tmp/minute
bash -eux /tmp/minute
$doctor | grep 'there is no panthor device' || fail 'doctor does not miss the device'
rm -r build-try

# shellcheck disable=SC2016
commands 'This is `examples/reclaim.c`' >/tmp/install
grep -q '^sudo meson install' /tmp/install ||
	fail "README's commands for reclaim.c have no 'sudo meson install'"
bash -eux /tmp/install
panthor-mem list
./reclaim 2>&1 | grep '^usage: ./reclaim' || fail 'reclaim does not print its usage'
rm -r build reclaim

./run-demo
./run-guest -- sh -c 'touch /run/scratch/x && ! touch /etc/x 2>/dev/null &&
	{ mount -o remount,rw / || :; } && ! touch /etc/x 2>/dev/null'
[ ! -e /etc/x ] || fail 'a program in the guest has written to /etc'
echo all is well
