#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Check the files that are installed with panthor-memd: the unit is restrictive, the files are
# well-formed, and they agree with the documents and the source.
# usage: files.sh TOP BUILD
top=$1
. "$top/tests/common/files.sh"
unit=$2/panthor-memd/panthor-memd.service
memd=$top/panthor-memd

if command -v systemd-analyze >/dev/null; then
	# In tenths: 10 is an exposure of 1.0.
	check 'exposure of the unit' systemd-analyze security --offline=true --threshold=10 \
		--no-pager "$unit"
	# The tool must reject a threshold that the unit does not meet.
	check 'the check of it' bash -c '! systemd-analyze security --offline=true \
		--threshold=5 --no-pager "$1"' - "$unit"
	# Ignore messages about the program and its man page, which are not installed here.
	check 'the unit' bash -c '! systemd-analyze verify --man=no "$1" 2>&1 |
		grep -F panthor-memd.service: | grep -vE "is not executable|does not exist"' - "$unit"
fi

# systemd finds the driver that a unit names in DeviceAllow= only if its module is loaded before.
drivers=0
while read -r driver; do
	drivers=$((drivers + 1))
	check "After= for $driver" grep -qx "After=modprobe@$driver.service" "$unit"
	check "Wants= for $driver" grep -qx "Wants=modprobe@$driver.service" "$unit"
done < <(sed -n 's/^DeviceAllow=char-\([a-z]*\) .*/\1/p' "$unit")
check 'drivers in DeviceAllow=' test "$drivers" = 1

# systemd gives up after 5 starts within 10 seconds.
check 'pauses between restarts' grep -qx 'RestartSec=2s' "$unit"

files=()
for file in "$memd"/*.xml "$memd"/*.conf "$memd"/*.policy; do
	[[ $file == */memd.conf ]] || files+=("$file")
done
check 'the last of these files' /usr/bin/python3 -c '
import sys, xml.etree.ElementTree as tree
for name in sys.argv[1:]:
    print(name, flush=True)
    tree.parse(name)' "${files[@]}"

# polkit answers questions about other processes only to root and the owner of the action, and
# the bus lets only one user own the name. Both have to be the user of the unit, which
# sysusers.d creates.
user=$(sed -n 's/^User=//p' "$unit")
check 'owner of the action' grep -q "policykit.owner\">unix-user:$user<" \
	"$memd/org.panthormem.broker1.policy"
check 'owner of the name' grep -q "policy user=\"$user\"" "$memd/org.panthormem.Broker1.conf"
check 'the user' grep -q "^u $user " "$memd/panthor-memd.sysusers"

# Every key in memd.conf is in the man page, with the same default, and in the source. memd.conf
# has all keys of the source.
page=$top/docs/man/panthor-memd.conf.5.rst
lines "$page"
man=$text
lines "$memd/config.c"
source=$text
while IFS='=' read -r key value; do
	check "$key in the man page" contains "$man" "**$key=**"
	check "$key in the source" contains "$source" "\"$key\""
	check "$key and its default" grep -qE "(^|[^0-9])${value%%,*}" \
		<(sed -n "/\*\*$key=\*\*/,/^\*\*/p" "$page")
done < <(sed -n 's/^#\([A-Z][A-Za-z]*=\)/\1/p' "$memd/memd.conf")
check 'all keys' test "$(grep -c '^#[A-Z][A-Za-z]*=' "$memd/memd.conf")" = \
	"$(grep -cE '^	LIMIT\(|strcmp\(key, "' "$memd/config.c")"

# The man page has every option that is not for tests.
page=$top/docs/man/panthor-memd.8.rst
lines "$page"
man=$text
options=0
while read -r option; do
	options=$((options + 1))
	check "--$option in the man page" contains "$man" $'\n'"**--$option**"
done < <(sed -n '/For tests/,/NULL, NULL, NULL/d; s/^		{ "\([a-z-]*\)", .*&s->.*/\1/p' "$memd/main.c")
check 'options in the source' test "$options" -ge 3

# docs/broker.rst has exactly the errors and options of the source, and every name of the XML file.
document=$top/docs/broker.rst
names() { LC_ALL=C sort -u; }
errors=$(sed -nE 's/.*(DBUS_ERROR|BROKER_ERROR) "([A-Za-z]+)".*/\2/p' "$memd/fault.c" | names)
check 'errors in broker.rst' diff <(echo "$errors") \
	<(sed -nE 's/^``(org\.[A-Za-z0-9.]*\.)?([A-Z][A-Za-z]+)``$/\2/p' \
		<(sed -n '/^Errors$/,/^Limits$/p' "$document") | names)
options=$(sed -nE 's/^	OPTION\("([a-z-]+)".*/\1/p' "$memd/bus.c" | names)
check 'options in broker.rst' diff <(echo "$options") \
	<(sed -nE 's/^``([a-z-]+)`` .*/\1/p' <(sed -n '/^Options$/,/^Errors$/p' "$document") | names)
lines "$document"
while read -r name; do
	check "$name in broker.rst" contains "$text" "\`\`$name"
done < <(sed -nE 's/.*<(method|signal|property|arg) name="([A-Za-z_]+)".*/\2/p' \
	"$memd/org.panthormem.Broker1.xml")
# The interface in the document is that of the XML file.
check 'the interface in broker.rst' diff \
	<(sed -n '/^  <interface/,/^  <\/interface/p' "$memd/org.panthormem.Broker1.xml" |
		grep -v annotation | sed 's/^ *//; s/ *\/*>$//' | grep -v '^<\/') \
	<(sed -n '/^   *<interface/,/^   *<\/interface/p' "$document" |
		grep -v annotation | sed 's/^ *//; s/ *\/*>$//' | grep -v '^<\/')
exit $bad
