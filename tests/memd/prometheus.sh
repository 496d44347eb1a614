#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# From a reclaim by panthor-memd to a series in Prometheus, by a symbolic link in the directory of
# the textfile collector, as docs/broker.rst describes it.
. "$(dirname "$0")/../cli/lib.sh"
. "$(dirname "$0")/../cli/prometheus-lib.sh"
. "$(dirname "$0")/bus.sh"
needs dbus-daemon

# As root, panthor-memd becomes another user, who has to be able to load the mock.
user=$(id -un)
[ "$(id -u)" != 0 ] || user=daemon
mkdir -m 755 "$work/bin" "$work/dri"
mkdir -m 777 "$work/run"
cp -L "$MEMD" "$MOCK" "$(ldd "$MEMD" | awk '/libdrm_panthor/ { print $3 }')" "$work/bin"
chmod 755 "$work" "$work/bin"/*
: >"$work/dri/renderD128"
chmod 644 "$work/dri/renderD128"

start_bus "$BUS_POLICY" "$user"
servers+=("$bus")

sleep 1000 &
app=$!
servers+=("$app")
printf '[Limits]\nMinResidentSec=0\n' >"$work/memd.conf"
LD_LIBRARY_PATH=$work/bin LD_PRELOAD="$SANITIZER $work/bin/${MOCK##*/}" \
	PANTHOR_MOCK="apps=1 pids=$app dri=$work/dri" ASAN_OPTIONS=detect_leaks=0 \
	"$work/bin/panthor-memd" --config "$work/memd.conf" --devices "$work/dri" --user "$user" \
	--runtime "$work/run" 2>"$work/memd.log" &
servers+=($!)
check 'panthor-memd starts' until_done grep -q 'is ready' "$work/memd.log"

# by_memd ARGUMENT...
by_memd() {
	"$TOOL" "$1" --broker always "${@:2}" >"$work/out" 2>"$work/err"
	status=$?
	out=$(<"$work/out") err=$(<"$work/err")
	is_status 0 "$*"
}
by_memd reclaim --json $app
freed=$(jq .total.freed_bytes "$work/out")
check 'something was freed' test "$freed" -gt 0
ln -s "$work/run/panthor_memd.prom" "$work/textfile/panthor_memd.prom"
check 'the freed bytes arrive' ask panthor_memd_freed_bytes_total "$freed"
check 'the exporter reports no error' ask node_textfile_scrape_error 0
check 'promtool reports nothing' test -z \
	"$(promtool check metrics <"$work/run/panthor_memd.prom" 2>&1)"
by_memd claim $app
by_memd reclaim $app
# The next scrape follows the link to the new file.
check 'and increase' ask panthor_memd_freed_bytes_total $((2 * freed))
check 'by operation and result' \
	ask 'sum by (operation) (panthor_memd_operations_total{result="ok"}) == 2' 2
check 'the queue' ask 'panthor_memd_queue_requests{operation="reclaim"}' 0
check 'the wait' ask panthor_memd_wait_seconds_count 3
check 'a quantile' ask 'histogram_quantile(0.5, panthor_memd_wait_seconds_bucket) >= bool 0' 1
# No process and no user is named.
check 'the number of series' ask 'count({__name__=~"panthor_memd_.*"}) < bool 200' 1
query 'count by (pid, uid) ({__name__=~"panthor_memd_.*"})' >"$work/answer"
check 'no label for a process' jq -e '.data.result[0].metric == {}' "$work/answer" >"$work/jq"
finish
