# SPDX-License-Identifier: MIT
# Sourced after lib.sh of panthor-mem's tests: a bus like the system bus, with the installed policy.
# shellcheck shell=bash

# start_bus POLICY USER: starts it, and sets bus and DBUS_SYSTEM_BUS_ADDRESS. USER is the user of
# panthor-memd.
start_bus() {
	sed "s/user=\"panthor-memd\"/user=\"$2\"/" "$1" >"$work/policy.conf"
	cat >"$work/bus.conf" <<-END
	<busconfig><type>system</type><listen>unix:path=$work/bus</listen><auth>EXTERNAL</auth>
	<policy context='default'><allow user='*'/><deny own='*'/><deny send_type='method_call'/>
	<allow send_type='signal'/><allow send_requested_reply='true' send_type='method_return'/>
	<allow send_requested_reply='true' send_type='error'/><allow receive_type='method_call'/>
	<allow receive_type='method_return'/><allow receive_type='error'/><allow receive_type='signal'/>
	<allow send_destination='org.freedesktop.DBus'/></policy>
	<include>$work/policy.conf</include></busconfig>
	END
	dbus-daemon --config-file="$work/bus.conf" --nofork --nopidfile --nosyslog 2>"$work/bus.log" &
	bus=$!
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/bus
	check 'the bus starts' until_done test -S "$work/bus"
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
