# SPDX-License-Identifier: MIT
# Sourced after lib.sh of panthor-mem's tests: a bus like the system bus, with the installed policy.
# shellcheck shell=bash

# start_bus POLICY USER: starts it, and sets bus and DBUS_SYSTEM_BUS_ADDRESS. USER is the user of
# panthor-memd.
start_bus() {
	sed "s/user=\"panthor-memd\"/user=\"$2\"/" "$1" >"$work/policy.conf"
	sed "s|@DIR@|$work|" "$(dirname "${BASH_SOURCE[0]}")/bus.conf" >"$work/bus.conf"
	dbus-daemon --config-file="$work/bus.conf" --nofork --nopidfile --nosyslog 2>"$work/bus.log" &
	bus=$!
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/bus
	check 'the bus starts' until_done listens "$work/bus"
}

# unit_nice: the nice value that the unit gives to panthor-memd.
unit_nice() {
	sed -n 's/^Nice=//p' "$(dirname "${BASH_SOURCE[0]}")/../../panthor-memd/panthor-memd.service.in"
}

# until_done COMMAND...: repeat COMMAND until it succeeds or a minute has passed.
until_done() {
	local i
	for ((i = 0; i < 600; i++)); do
		"$@" && return
		sleep 0.1
	done
	return 1
}

# listens PATH: whether a program listens on a Unix socket, which exists shortly before. In
# /proc/net/unix, __SO_ACCEPTCON is set in the flags then.
listens() {
	grep -q " 00010000 .* $1\$" /proc/net/unix
}
