#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Tests lib.sh itself: a failed check says why, and a test without jq is skipped.
. "$(dirname "$0")/lib.sh"
lib=$(dirname "$0")/lib.sh

# sub CODE: runs CODE as a separate test.
sub() {
	bash -c '. "$1"; eval "$2"; finish' - "$lib" "$1" >"$work/sub" 2>&1
	status=$?
	out=$(<"$work/sub")
}

sub "echo '{\"a\": 1}' >\"\$work/out\"; json '.a == 1'"
is_status 0 'a check of JSON that holds'
out_lacks FAILED
sub "echo '{\"a\": 1}' >\"\$work/out\"; json '.a == 2'"
is_status 1 'a check of JSON that fails'
out_has 'FAILED: JSON: .a == 2'
sub "echo 'no JSON' >\"\$work/out\"; json '.a == 2'"
is_status 1 'output that is not JSON'
out_has 'FAILED: JSON: .a == 2'
out_has 'parse error'
sub "echo '{}' >\"\$work/out\"; json 'true'; json 'this is no program ('; json 'true'"
is_status 1 'a jq program with a syntax error'
out_has 'FAILED: JSON: this is no program ('
out_has '3 checks, 1 failed'
sub "echo '{}' >\"\$work/out\"; json empty; json '.a.b.c == null'; json '.a | keys'"
is_status 1 'no result, and an error'
out_has 'FAILED: JSON: empty'
out_has 'FAILED: JSON: .a | keys'
out_has 'has no keys'
out_has '3 checks, 2 failed'
sub "printf '{\"a\": 1}\n{\"a\": 2}' >\"\$work/out\"; json '.a == 2'; json '.a == 1'"
is_status 1 'the last of several objects decides'
out_has 'FAILED: JSON: .a == 1'
out_has '2 checks, 1 failed'
sub "out=\$'a b\\nc d'; out_matches '^c'; out_has 'b
c'; out_lacks 'c.d'; out_matches '^b'"
is_status 1 'lines are matched one by one'
out_has "FAILED: output matches '^b'"
out_has '4 checks, 1 failed'
sub :
is_status 1 'a test that checks nothing'
sub 'needs no-such-program-here; check yes true'
is_status 77 'a missing program'
out_has 'no no-such-program-here'

printf '. "%s"\ncheck yes true\n[[ a =~ b c ]]\ncheck no false\nfinish\n' "$lib" >"$work/script"
bash "$work/script" >"$work/sub" 2>&1
status=$?
out=$(<"$work/sub")
is_status 1 'a test with a syntax error'
out_has 'the test has ended before "finish"'

# The header of an ELF file for a machine that does not exist: the kernel refuses to run it.
printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\377\377\1\0\0\0' >"$work/foreign"
chmod +x "$work/foreign"
TOOL=$work/foreign sub 'check no false'
is_status 77 'a program for another machine'
out_has 'does not run on this machine'

# A PATH with everything that lib.sh uses except jq.
mkdir "$work/bin"
for program in bash mkdir mktemp rm; do
	ln -s "$(command -v $program)" "$work/bin/$program"
done
PATH=$work/bin sub "echo '{}' >\"\$work/out\"; json .; check yes true"
is_status 77 'without jq'
out_has 'no jq: install it'
PATH=$work/bin sub "check 'something else' false; echo '{}' >\"\$work/out\"; json ."
is_status 1 'without jq, after a failure'
finish
