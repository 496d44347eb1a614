#!/bin/sh
# SPDX-License-Identifier: MIT
# Check that the installed headers compile by themselves, as in a user's program.
# usage: check-headers.sh MODE SOURCE COMPILER [FLAG...]
#   c11, c++17   each header alone, with warnings as errors
#   m32          the layouts of panthor_layout.c, for 32-bit programs
#   ifdef        that #ifdef finds the macros
# SOURCE is the top of the source tree. FLAG... are the compiler flags of libdrm.
set -eu

mode=$1 source=$2
shift 2

lib=$source/libdrm-panthor uapi=$source/include/uapi/drm
strict="-Wall -Wextra -Wpedantic -Wundef -Wshadow -Wconversion -Werror -fsyntax-only"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

case $mode in
c11 | c++17)
	language=c
	if [ "$mode" != c11 ]; then
		language=c++
		strict="$strict -Wold-style-cast -Wzero-as-null-pointer-constant"
	fi
	# Include the header first, so that it must include what it needs, and twice.
	for header in panthor_drmif.h panthor_mem.h; do
		printf '#include <%s>\n#include <%s>\nextern int nothing;\n' $header $header >"$work/alone"
		"$@" -x $language -std=$mode $strict -I"$lib" -I"$uapi" "$work/alone"
	done

	# The initializers, in both languages, and a call.
	cat >"$work/user" <<-'END'
		#include <panthor_drmif.h>
		int user(int fd);
		int user(int fd)
		{
			struct panthor_mem_reclaim_options ro = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
			struct panthor_mem_reclaim_result rr = PANTHOR_MEM_RECLAIM_RESULT_INIT;
			struct panthor_mem_claim_options co = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
			struct panthor_mem_claim_result cr = PANTHOR_MEM_CLAIM_RESULT_INIT;
			struct panthor_mem_query_result qr = PANTHOR_MEM_QUERY_RESULT_INIT;
			static struct panthor_mem_query_result kept = PANTHOR_MEM_QUERY_RESULT_INIT;

		#ifdef __cplusplus
			ro = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
			qr = PANTHOR_MEM_QUERY_RESULT_INIT;
		#else
			ro = (struct panthor_mem_reclaim_options)PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
			qr = (struct panthor_mem_query_result)PANTHOR_MEM_QUERY_RESULT_INIT;
		#endif
			kept.size = qr.size;
			co.flags = PANTHOR_MEM_INTERRUPTIBLE;
			if (panthor_mem_query(fd, 0, &kept) || kept.resident_bytes == PANTHOR_MEM_UNKNOWN)
				return -1;
			ro.flags = DRM_PANTHOR_MEM_RECLAIM_DRY_RUN | DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT;
			return panthor_mem_reclaim_with(fd, 0, &ro, &rr) +
			       panthor_mem_claim_pidfd_with(fd, 0, &co, &cr);
		}
	END
	"$@" -x $language -std=$mode $strict -I"$lib" -I"$uapi" "$work/user"
	;;
m32)
	# The headers of the C library work for 32 bits, too, except that there is no
	# stubs-32.h. It lists stub functions and does not affect layouts.
	mkdir "$work/gnu"
	: >"$work/gnu/stubs-32.h"
	system=/usr/include/$("$@" -print-multiarch 2>/dev/null || :)
	"$@" -m32 -x c -std=c11 $strict -Wno-pedantic -I"$lib" -I"$uapi" \
		-isystem "$work" -isystem "$system" "$lib/panthor_layout.c"
	# Prove that -m32 makes a difference: this struct has another size there.
	printf '#include <stdint.h>\nstruct s { uint32_t a; uint64_t b; };\n_Static_assert(sizeof(struct s) == 16, "");\n' \
		>"$work/other.c"
	if "$@" -m32 -std=c11 -fsyntax-only -isystem "$work" -isystem "$system" \
		"$work/other.c" 2>"$work/log"; then
		echo "-m32 is no 32-bit compiler"
		exit 1
	fi
	;;
ifdef)
	cat >"$work/direct.c" <<-'END'
		#include <panthor_mem.h>
		#if !defined(DRM_PANTHOR_HAS_MEM_RECLAIM) || !DRM_PANTHOR_HAS_MEM_RECLAIM
		#error feature macro
		#endif
		#if !defined(DRM_IOCTL_PANTHOR_MEM_RECLAIM) || !defined(DRM_IOCTL_PANTHOR_MEM_CLAIM)
		#error ioctl numbers
		#endif
		#if DRM_PANTHOR_MEM_RECLAIM != 0x11 || DRM_PANTHOR_MEM_CLAIM != 0x12
		#error driver numbers
		#endif
		extern int nothing;
	END
	"$@" -std=c11 $strict -I"$uapi" "$work/direct.c"
	;;
*)
	echo "no mode '$mode'"
	exit 1
	;;
esac
