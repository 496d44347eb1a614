#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every object is valid according to docs/schema/.
. "$(dirname "$0")/lib.sh"
needs jq
two_apps
for python in python3 /usr/bin/python3 ''; do
	$python -c 'import jsonschema' 2>/dev/null && break
done
[ -n "$python" ] || { echo "no jsonschema: install python3-jsonschema"; exit 77; }

# Objects are collected and validated together at the end, because Python is slow to start.
mkdir "$work/valid" "$work/broken"
objects=0
valid() {
	objects=$((objects + 1))
	printf '%s\n' "$out" >"$work/valid/$objects. $1"
}

# The same object, broken: the schema has to reject it.
invalid() {
	objects=$((objects + 1))
	jq "$1" "$work/out" >"$work/broken/$objects. $1"
}

judge() {
	$python - "$SCHEMA" "$work" <<-'END'
	import json, os, sys, jsonschema
	schema = json.load(open(sys.argv[1]))
	jsonschema.Draft7Validator.check_schema(schema)
	validator = jsonschema.Draft7Validator(schema)
	bad = 0
	for folder, wanted in ("valid", True), ("broken", False):
	    for name in os.listdir(os.path.join(sys.argv[2], folder)):
	        text = open(os.path.join(sys.argv[2], folder, name)).read()
	        if validator.is_valid(json.loads(text)) != wanted:
	            print(folder, name, text)
	            bad += 1
	sys.exit(bad > 0)
	END
}

run list --json
valid list
json '.schema == "panthor-mem.list" and .version == 1'
invalid 'del(.total)'
run list --json
invalid '.processes[0].resident_bytes = "4M"'
run list --json
invalid '.version = 2'
for options in '--by cgroup' '--by client' '1002' '4711' '--comm nobody' '--client 7 --client 99' \
	'1002 --cgroup gone'; do
	read -ra more <<<"$options"
	run list --json "${more[@]}"
	valid "list $options"
done
json '.target_errors[0] | .target == "--cgroup gone" and .code == "ENOENT"'
own_numbers 60 1
run list --json
valid 'list, with the /proc of another namespace'
own_numbers 1
run list --json 1
valid 'list, no GPU memory'
json '[.total[]] | unique == [0]'
invalid '.total.resident_bytes = "0"'
rm "$proc/meminfo"
run watch --json --count 1 --comm nobody
valid 'watch without memory'
json '[.machine[]] | unique == [null]'
memory 1048576 131072 131072
mv "$proc" "$proc.away"
run list --json
valid 'list without procfs'
json '.error.code == "ENOENT" and .clients == []'
run watch --json --count 1
valid 'watch without procfs'
json '.error.code == "ENOENT"'
mv "$proc.away" "$proc"
run reclaim --json --comm game --client 99 --cgroup gone
valid 'reclaim, three kinds of target'
run watch --json --count 1
valid watch
json '.schema == "panthor-mem.watch" and .time_ns > 1e18'
memory 1048576 131072 65536
run watch --json --count 1
json '.machine == {ram_bytes: 4294967296, ram_available_bytes: 1073741824,
	swap_bytes: 134217728, swap_free_bytes: 67108864}'
memory 1048576 131072 131072
invalid 'del(.machine)'
for options in '' --dry-run --no-pageout '--max 1M' '--wait 1ms'; do
	read -ra more <<<"$options"
	run reclaim --json "${more[@]}" 1002 1004
	valid "reclaim $options"
	json '.schema == "panthor-mem.reclaim" and .device == "renderD128" and .error == null'
done
invalid '.results[0].status = ["lost"]'
mock=swapmax=0
run reclaim --json 1002
valid 'reclaim, refused'
json '.results[0].status == ["pinned", "swap_refused"]'
mock=''
mock=evicted
for options in '' --dry-run --prefetch '--max 1M'; do
	read -ra more <<<"$options"
	run claim --json "${more[@]}" 1002 1004
	valid "claim $options"
done
mock=nodev
run reclaim --json 1002
valid 'an error'
json '.device == null and .error.code == "ENODEV" and .results == []'
mock=''
run reclaim --json 4711
valid "a process's error"
json '.error == null and .results[0].error.code == "ESRCH"'

for mock in '' nodev nomem nocap; do
	run doctor --json
	valid "doctor $mock"
done
invalid '.checks[0].result = "broken"'
mock=''

run metrics --json --metrics "$work/x.prom"
valid metrics
run metrics --json --metrics "$work/nowhere/x.prom"
valid 'metrics, without the directory'
invalid 'del(.error)'

# watch: one object in each line.
run watch --json --count 3 --interval 1ms
check 'three lines' test "$(wc -l <"$work/out")" = 3
check 'each line an object' jq -se 'length == 3' "$work/out" >"$work/jq"
check 'the schema accepts the right ones only' judge
check 'the number of objects' test "$objects" -ge 23
finish
