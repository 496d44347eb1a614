#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The steps in docs/telemetry.rst: from a reclaim through the textfile collector of the node
# exporter to a series in Prometheus. Both are real, listen only on this machine, and use temporary
# directories. Status 77 if they are not installed.
. "$(dirname "$0")/lib.sh"
needs prometheus prometheus-node-exporter promtool jq curl
two_apps
mkdir "$work/textfile" "$work/data"
file=$work/textfile/panthor_mem.prom
servers=()
trap 'kill "${servers[@]}" 2>/dev/null; wait; rm -rf "$work"' EXIT

# start NAME COMMAND...: starts a server with %PORT% replaced, and sets port. If another program has
# the port, tries a different one.
start() {
	local name=$1 try
	shift
	for try in $(seq 20); do
		port=$((20000 + RANDOM % 12000))
		"${@//%PORT%/$port}" >"$work/$name.log" 2>&1 &
		servers+=($!)
		while kill -0 "${servers[-1]}" 2>/dev/null; do
			curl -sf -o "$work/page" "http://127.0.0.1:$port/metrics" && return
			sleep 0.1
		done
		unset 'servers[-1]'
	done
	echo "$name does not start (after $try tries):"
	cat "$work/$name.log"
	exit 1
}

start exporter prometheus-node-exporter --web.listen-address=127.0.0.1:%PORT% \
	--collector.disable-defaults --collector.textfile \
	--collector.textfile.directory="$work/textfile"
exporter=$port
cat >"$work/prometheus.yml" <<-END
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: node
    static_configs:
      - targets: ['127.0.0.1:$exporter']
END
check 'the configuration is right' promtool check config "$work/prometheus.yml" >"$work/promtool"
start prometheus prometheus --config.file="$work/prometheus.yml" \
	--storage.tsdb.path="$work/data" --web.listen-address=127.0.0.1:%PORT%
prometheus=$port

# ask QUERY WANTED: repeats the query until the answer is WANTED; meson has the time limit.
ask() {
	until curl -sG "http://127.0.0.1:$prometheus/api/v1/query" --data-urlencode "query=$1" |
		tee "$work/answer" | jq -e --arg wanted "$2" \
		'.status == "success" and .data.result[0].value[1] == $wanted' >"$work/jq" 2>&1; do
		kill -0 "${servers[@]}" || return 1
		sleep 0.2
	done
}

run reclaim --json --metrics "$file" 1002
is_status 0 reclaim
freed=$(jq .total.freed_bytes "$work/out")
check 'something was freed' test "$freed" -gt 0
check 'promtool reports nothing' test -z "$(promtool check metrics <"$file" 2>&1)"
check 'the exporter reports no error' ask node_textfile_scrape_error 0
check 'the freed bytes arrive' ask panthor_mem_freed_bytes_total "$freed"
check 'as a single series' ask 'count(panthor_mem_freed_bytes_total)' 1
run reclaim --json --metrics "$file" 1002
check 'and increase' ask panthor_mem_freed_bytes_total $((2 * freed))
check 'by operation and result' \
	ask 'panthor_mem_operations_total{operation="reclaim",result="ok"}' 2
check 'a histogram' ask 'sum(panthor_mem_operation_duration_seconds_count)' 2
# Prometheus accepts each query in docs/telemetry.rst.
queries=0
while read -r query; do
	queries=$((queries + 1))
	curl -sG "http://127.0.0.1:$prometheus/api/v1/query" --data-urlencode "query=$query" \
		>"$work/answer"
	check "query $query" jq -e '.status == "success"' "$work/answer" >"$work/jq"
done < <(sed -n '/^4\. /,/^[^ ]/s/^       //p' "$(dirname "$0")/../../docs/telemetry.rst")
check 'some queries' test $queries -ge 5
finish
