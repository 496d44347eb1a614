#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The steps in docs/telemetry.rst: from a reclaim through the textfile collector of the node
# exporter to a series in Prometheus.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/prometheus-lib.sh"
two_apps
file=$work/textfile/panthor_mem.prom

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
while read -r line; do
	queries=$((queries + 1))
	query "$line" >"$work/answer"
	check "query $line" jq -e '.status == "success"' "$work/answer" >"$work/jq"
done < <(sed -n '/^4\. /,/^[^ ]/s/^       //p' "$(dirname "$0")/../../docs/telemetry.rst")
check 'some queries' test $queries -ge 5
finish
