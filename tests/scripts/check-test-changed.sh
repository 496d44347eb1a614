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
# Without debug information, which names the directory.
meson setup --buildtype=plain "$work/build" >"$work/said"
build=$work/build

fail() {
	printf 'FAILED: %s\n' "$1"
	cat "$work/said" "$work/ran"
	exit 1
}
# ran STATUS NAME...: test-changed ends with STATUS, and has run exactly these tests.
all=()
ran() {
	local wanted=$1 status=0 tree
	shift
	: >"$work/ran"
	tree=$(scripts/test-changed --tree)
	ninja -C "$build" >"$work/said"
	scripts/test-changed "${all[@]}" "$tree" "$build" 2 some >"$work/said" 2>&1 || status=$?
	[ "$status" = "$wanted" ] || fail "status $status instead of $wanted"
	[ "$(sort "$work/ran" | xargs)" = "$*" ] || fail "not exactly these ran: $*"
}

# known yes|no: does it know that all tests have passed with the tree as it is?
known() {
	local found=no
	! scripts/test-changed --passed "$(scripts/test-changed --tree)" some || found=yes
	[ $found = "$1" ] || fail "does it know the tree: $found instead of $1"
}

known no
ran 0 one/test one/tree two/test
known yes
ran 0
all=(--all)
ran 0 one/test one/tree two/test
all=()
# Another checkout, with a build directory elsewhere.
cp -r "$work/project" "$work/longer-name"
cd "$work/longer-name"
build=$work/elsewhere/build
meson setup --buildtype=plain "$build" >"$work/said"
known yes
ran 0
cd "$work/project"
build=$work/build
echo other >two/beside
known no
ran 0 one/tree two/test
known yes
echo other >data.in
ran 0 one/tree two/test
echo 'int main(void) { return 1; }' >tool.c
ran 0 one/tree two/test
# What was saved after the name of the tree was taken has not passed with that tree.
echo 'int main(void) { return 2; }' >tool.c
before=$(scripts/test-changed --tree)
echo 'int main(void) { return 3; }' >tool.c
ninja -C "$build" >"$work/said"
scripts/test-changed "$before" "$build" 2 some >"$work/said" 2>&1 || fail 'a test failed'
! scripts/test-changed --passed "$before" some || fail 'a tree that was not tested has passed'
known no
ran 0
known yes
# A test that has failed runs again, and one that has passed with this content before does not.
cp one/test.sh "$work/good"
echo 'exit 1' >>one/test.sh
ran 1 one/test one/tree
ran 1 one/test
known no
cp "$work/good" one/test.sh
ran 0
known yes
# A test that was skipped runs again, and one whose files changed while it ran.
echo 'exit 77' >>two/test.sh
echo 'echo "# changed" >>"$0"' >>one/test.sh
ran 0 one/test one/tree two/test
ran 0 one/test one/tree two/test
known no
