# SPDX-License-Identifier: MIT
# Sourced by the tests with a real Prometheus, after lib.sh: the textfile collector of the node
# exporter, which reads $work/textfile, and a Prometheus that scrapes it. Both listen only on this
# machine, and use temporary directories. Status 77 if they are not installed.
# shellcheck shell=bash
needs prometheus prometheus-node-exporter promtool jq curl
mkdir "$work/textfile" "$work/data"
servers=()
end_servers() {
	local status=$?
	kill "${servers[@]}" 2>/dev/null
	wait
	end "$status"
}
trap end_servers EXIT

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

# query QUERY: the answer of Prometheus, in JSON.
query() {
	curl -sG "http://127.0.0.1:$prometheus/api/v1/query" --data-urlencode "query=$1"
}

# ask QUERY WANTED: repeats the query until the answer is WANTED; meson has the time limit.
ask() {
	until query "$1" | tee "$work/answer" | jq -e --arg wanted "$2" \
		'.status == "success" and .data.result[0].value[1] == $wanted' >"$work/jq" 2>&1; do
		kill -0 "${servers[@]}" || return 1
		sleep 0.2
	done
}
