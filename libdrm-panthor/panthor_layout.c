/* SPDX-License-Identifier: MIT */
/* The ABI, which must never change. The compiler of each architecture checks it. */
#include <stddef.h>

#include "panthor_drmif.h"

#define SIZE(type, bytes) \
	_Static_assert(sizeof(struct type) == (bytes), "size of " #type)
#define AT(type, member, bytes) \
	_Static_assert(offsetof(struct type, member) == (bytes), "place of " #type "." #member)

SIZE(drm_panthor_mem_reclaim, 64);
AT(drm_panthor_mem_reclaim, flags, 0);
AT(drm_panthor_mem_reclaim, tgid, 4);
AT(drm_panthor_mem_reclaim, target, 8);
AT(drm_panthor_mem_reclaim, max_bytes, 16);
AT(drm_panthor_mem_reclaim, deadline_ns, 24);
AT(drm_panthor_mem_reclaim, freed_bytes, 32);
AT(drm_panthor_mem_reclaim, evicted_bytes, 40);
AT(drm_panthor_mem_reclaim, skipped_bytes, 48);
AT(drm_panthor_mem_reclaim, status, 56);
AT(drm_panthor_mem_reclaim, pad, 60);

SIZE(drm_panthor_mem_claim, 56);
AT(drm_panthor_mem_claim, flags, 0);
AT(drm_panthor_mem_claim, tgid, 4);
AT(drm_panthor_mem_claim, target, 8);
AT(drm_panthor_mem_claim, max_bytes, 16);
AT(drm_panthor_mem_claim, deadline_ns, 24);
AT(drm_panthor_mem_claim, claimed_bytes, 32);
AT(drm_panthor_mem_claim, remaining_bytes, 40);
AT(drm_panthor_mem_claim, status, 48);
AT(drm_panthor_mem_claim, pad, 52);

_Static_assert(DRM_IOCTL_PANTHOR_MEM_RECLAIM == 0xC0406451, "number of MEM_RECLAIM");
_Static_assert(DRM_IOCTL_PANTHOR_MEM_CLAIM == 0xC0386452, "number of MEM_CLAIM");

SIZE(panthor_mem_reclaim_options, 24);
AT(panthor_mem_reclaim_options, size, 0);
AT(panthor_mem_reclaim_options, flags, 4);
AT(panthor_mem_reclaim_options, max_bytes, 8);
AT(panthor_mem_reclaim_options, deadline_ns, 16);

SIZE(panthor_mem_reclaim_result, 32);
AT(panthor_mem_reclaim_result, size, 0);
AT(panthor_mem_reclaim_result, status, 4);
AT(panthor_mem_reclaim_result, freed_bytes, 8);
AT(panthor_mem_reclaim_result, evicted_bytes, 16);
AT(panthor_mem_reclaim_result, skipped_bytes, 24);

SIZE(panthor_mem_claim_options, 24);
AT(panthor_mem_claim_options, size, 0);
AT(panthor_mem_claim_options, flags, 4);
AT(panthor_mem_claim_options, max_bytes, 8);
AT(panthor_mem_claim_options, deadline_ns, 16);

SIZE(panthor_mem_claim_result, 24);
AT(panthor_mem_claim_result, size, 0);
AT(panthor_mem_claim_result, status, 4);
AT(panthor_mem_claim_result, claimed_bytes, 8);
AT(panthor_mem_claim_result, remaining_bytes, 16);

SIZE(panthor_mem_query_result, 56);
AT(panthor_mem_query_result, size, 0);
AT(panthor_mem_query_result, reclaim_status, 4);
AT(panthor_mem_query_result, claim_status, 8);
AT(panthor_mem_query_result, pad, 12);
AT(panthor_mem_query_result, resident_bytes, 16);
AT(panthor_mem_query_result, evicted_bytes, 24);
AT(panthor_mem_query_result, cached_bytes, 32);
AT(panthor_mem_query_result, reclaimable_bytes, 40);
AT(panthor_mem_query_result, claimable_bytes, 48);

/* The library's own flag is not one of the kernel's. */
_Static_assert(!(PANTHOR_MEM_INTERRUPTIBLE &
		 (DRM_PANTHOR_MEM_RECLAIM_DRY_RUN | DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT |
		  DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY | DRM_PANTHOR_MEM_CLAIM_DRY_RUN |
		  DRM_PANTHOR_MEM_TARGET_PIDFD | DRM_PANTHOR_MEM_TARGET_CLIENT |
		  DRM_PANTHOR_MEM_TARGET_CGROUP)), "a flag of the kernel's");
_Static_assert(PANTHOR_MEM_INTERRUPTIBLE == 0x80000000, "value of INTERRUPTIBLE");
