#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Check that the conformance program compiles without a warning for arm64, the architecture
# of boards. It is not linked, so no arm64 libraries are needed.
#
# usage: tests/conformance/check-arm64.sh BUILD
#
# BUILD is a build directory with panthor_drm.h.
set -euo pipefail
. "$(dirname "$0")/../../scripts/common.sh"

build=$(realpath "$1")
need gcc-aarch64-linux-gnu libc6-dev-arm64-cross libdrm-dev libcmocka-dev

# The headers of libdrm and cmocka come from the host, because they suit all architectures.
flags=(-std=c11 -O2 -D_GNU_SOURCE -DCONFORMANCE_VERSION='""' -Wall -Wextra -Wshadow -Werror
	-I"$TOP/tests" -I"$TOP/kernel/sim" -I"$TOP/include/uapi/drm" -I"$TOP/libdrm-panthor"
	-I"$TOP/tests/conformance" -isystem "$build/tests/gpu"
	-idirafter /usr/include/libdrm -idirafter /usr/include)
bad=0
count=0
for file in "$TOP"/tests/gpu/*.c "$TOP"/tests/conformance/*.c; do
	case ${file##*/} in
	test_*.c | world_mock*.c) continue ;;
	esac
	aarch64-linux-gnu-gcc "${flags[@]}" -c -o /dev/null "$file" || bad=1
	count=$((count + 1))
done
echo "$count files compiled for arm64"
exit $bad
