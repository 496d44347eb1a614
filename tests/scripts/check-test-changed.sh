#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Check that scripts/test-changed runs the tests whose files have changed, and no others. The tests
# of a small project write down that they run.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export work PANTHOR_MEM_CACHE=$work/cache

mkdir -p "$work"/project/{scripts,one,two}
cd "$work/project"
cp "$top/scripts/test-changed" scripts
cat >meson.build <<'END_OF_MESON'
project('small', 'c')
tool = executable('tool', 'tool.c')
data = configure_file(input: 'data.in', output: 'data', copy: true)
test('one', find_program('one/test.sh'), suite: 'some')
test('two', find_program('two/test.sh'), args: data, env: {'TOOL': tool.full_path()},
  depends: tool, suite: 'some')
test('tree', find_program('one/tree.sh'), args: meson.current_source_dir(), suite: 'some')
test('other', find_program('two/test.sh'), suite: 'other')
END_OF_MESON
echo 'int main(void) { return 0; }' >tool.c
echo data >data.in
for name in one/test two/test one/tree; do
	printf '#!/bin/sh\necho %s >>"$work/ran"\n' "$name" >$name.sh
	chmod +x $name.sh
done
git init -q
meson setup "$work/build" >"$work/said"

fail() {
	printf 'FAILED: %s\n' "$1"
	cat "$work/said" "$work/ran"
	exit 1
}
# ran STATUS NAME...: test-changed ends with STATUS, and has run exactly these tests.
ran() {
	local wanted=$1 status=0
	shift
	: >"$work/ran"
	ninja -C "$work/build" >"$work/said"
	scripts/test-changed "$work/build" 2 some >"$work/said" 2>&1 || status=$?
	[ "$status" = "$wanted" ] || fail "status $status instead of $wanted"
	[ "$(sort "$work/ran" | xargs)" = "$*" ] || fail "not exactly these ran: $*"
}

ran 0 one/test one/tree two/test
ran 0
echo other >two/beside
ran 0 one/tree two/test
echo other >data.in
ran 0 one/tree two/test
echo 'int main(void) { return 1; }' >tool.c
ran 0 one/tree two/test
# A test that has failed runs again, and one that has passed with this content before does not.
cp one/test.sh "$work/good"
echo 'exit 1' >>one/test.sh
ran 1 one/test one/tree
ran 1 one/test
cp "$work/good" one/test.sh
ran 0
# A test that was skipped runs again, and one whose files changed while it ran.
echo 'exit 77' >>two/test.sh
echo 'echo "# changed" >>"$0"' >>one/test.sh
ran 0 one/test one/tree two/test
ran 0 one/test one/tree two/test
