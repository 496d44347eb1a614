# SPDX-License-Identifier: MIT
# Sourced by scripts that run the driver's KUnit tests on arm64: QEMU, and the results in a
# kernel log.
# shellcheck shell=bash

# boot_arm64 LOG QEMU_OPTION...: boot a kernel in QEMU's machine virt until it powers off. What
# it writes to its serial console is LOG. A run takes about 10 s; after ARM64_TIMEOUT seconds
# the kernel counts as hung. Two processors, because one of the tests is about a race.
boot_arm64() {
	local log=$1 errors=$1.qemu status=0
	shift
	timeout "${ARM64_TIMEOUT:-600}" qemu-system-aarch64 -M virt -cpu max,pauth-impdef=on \
		-smp 2 -m 1024 -nodefaults -no-reboot -display none -serial stdio "$@" \
		</dev/null 2>"$errors" | tr -d '\r' >"$log" || status=$?
	[ $status -eq 0 ] || {
		tail -n 20 "$log" "$errors" >&2
		die "the kernel did not power off (status $status)"
	}
	rm -f "$errors"
}

# kunit_passed LOG: print the results in a kernel log. Fails if a suite of the driver did not
# run, a test failed, or the kernel complained.
kunit_passed() {
	local log=$1 suite bad=
	# Result lines, indented as they were nested, and messages of tests.
	grep -E '^ *(KTAP version|[0-9]+\.\.[0-9]+|(not )?ok [0-9]+ |# )' "$log" || die "no test ran"
	while read -r suite; do
		grep -qE "^ok [0-9]+ $suite\$" "$log" || bad+=" $suite"
	done < <(sed -n 's/^\t\.name = "\(panthor_[a-z_]*\)",$/\1/p' \
		"$TOP"/kernel/linux/drivers/gpu/drm/panthor/tests/*_test.c)
	[ -z "$bad" ] || die "did not pass:$bad"
	! grep -E '^ *not ok ' "$log" >&2 || die "tests failed"
	! grep -E 'WARNING:|BUG:|Call trace:' "$log" >&2 || die "the kernel complained"
}
