/* SPDX-License-Identifier: MIT */
/*
 * Static probes, for bpftrace, perf, SystemTap and gdb: docs/telemetry.rst has the
 * list. Each is one nop and a note in the file; without <sys/sdt.h>, nothing.
 * Not installed.
 */
#ifndef PANTHOR_USDT_H
#define PANTHOR_USDT_H

#ifdef PANTHOR_USDT

#include <sys/sdt.h>

#define panthor_usdt_reclaim_begin(fd, arg) \
	DTRACE_PROBE5(libdrm_panthor, reclaim__begin, fd, (arg)->tgid, (arg)->flags, \
		      (arg)->max_bytes, (arg)->deadline_ns)
#define panthor_usdt_reclaim_end(fd, tgid, ret, res) \
	DTRACE_PROBE7(libdrm_panthor, reclaim__end, fd, tgid, ret, (res)->status, \
		      (res)->freed_bytes, (res)->evicted_bytes, (res)->skipped_bytes)
#define panthor_usdt_claim_begin(fd, arg) \
	DTRACE_PROBE4(libdrm_panthor, claim__begin, fd, (arg)->tgid, (arg)->flags, \
		      (arg)->max_bytes)
#define panthor_usdt_claim_end(fd, tgid, ret, res) \
	DTRACE_PROBE6(libdrm_panthor, claim__end, fd, tgid, ret, (res)->status, \
		      (res)->claimed_bytes, (res)->remaining_bytes)

#else

#define panthor_usdt_reclaim_begin(fd, arg) ((void)0)
#define panthor_usdt_reclaim_end(fd, tgid, ret, res) ((void)0)
#define panthor_usdt_claim_begin(fd, arg) ((void)0)
#define panthor_usdt_claim_end(fd, tgid, ret, res) ((void)0)

#endif

#endif /* PANTHOR_USDT_H */
