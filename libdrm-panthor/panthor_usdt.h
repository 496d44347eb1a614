/* SPDX-License-Identifier: MIT */
/*
 * Static probes for bpftrace, perf, SystemTap and gdb; docs/telemetry.rst lists them.
 * Each is one nop and an ELF note. Without <sys/sdt.h> there are none. Not installed.
 */
#ifndef PANTHOR_USDT_H
#define PANTHOR_USDT_H

#ifdef PANTHOR_USDT

#include <sys/sdt.h>

#define panthor_usdt_reclaim_begin(fd, arg) \
	DTRACE_PROBE6(libdrm_panthor, reclaim__begin, fd, (arg)->tgid, (arg)->flags, \
		      (arg)->max_bytes, (arg)->deadline_ns, (arg)->target)
#define panthor_usdt_reclaim_end(fd, arg, ret, res) \
	DTRACE_PROBE8(libdrm_panthor, reclaim__end, fd, (arg)->tgid, ret, (res)->status, \
		      (res)->freed_bytes, (res)->evicted_bytes, (res)->skipped_bytes, \
		      (arg)->target)
#define panthor_usdt_claim_begin(fd, arg) \
	DTRACE_PROBE6(libdrm_panthor, claim__begin, fd, (arg)->tgid, (arg)->flags, \
		      (arg)->max_bytes, (arg)->deadline_ns, (arg)->target)
#define panthor_usdt_claim_end(fd, arg, ret, res) \
	DTRACE_PROBE7(libdrm_panthor, claim__end, fd, (arg)->tgid, ret, (res)->status, \
		      (res)->claimed_bytes, (res)->remaining_bytes, (arg)->target)

#else

#define panthor_usdt_reclaim_begin(fd, arg) ((void)0)
#define panthor_usdt_reclaim_end(fd, arg, ret, res) ((void)0)
#define panthor_usdt_claim_begin(fd, arg) ((void)0)
#define panthor_usdt_claim_end(fd, arg, ret, res) ((void)0)

#endif

#endif /* PANTHOR_USDT_H */
