/* SPDX-License-Identifier: MIT */
/*
 * A program outside the tree, compiled as C and as C++. It calls every function with an
 * invalid descriptor or a file that is no device, and checks that each returns the error.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include <panthor_drmif.h>

static int wrong;

static void expect(const char *what, int ret, int wanted)
{
	if (ret == wanted)
		return;
	fprintf(stderr, "%s returned %d, not %d\n", what, ret, wanted);
	wrong = 1;
}

int main(void)
{
	struct panthor_mem_reclaim_options ro = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result rr = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	struct panthor_mem_claim_options co = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_result cr = PANTHOR_MEM_CLAIM_RESULT_INIT;
	struct panthor_mem_query_result qr = PANTHOR_MEM_QUERY_RESULT_INIT;
	uint64_t bytes = 1;

	ro.flags = DRM_PANTHOR_MEM_RECLAIM_DRY_RUN;
	expect("probe", panthor_mem_probe(-1), -EBADF);
	expect("probe of no device", panthor_mem_probe(open("/dev/null", O_RDWR)), -ENOTTY);
	expect("reclaim", panthor_mem_reclaim(-1, 0, &bytes), -EBADF);
	expect("reclaim_pidfd", panthor_mem_reclaim_pidfd(-1, -1, &bytes), -EBADF);
	expect("reclaim_with", panthor_mem_reclaim_with(-1, 0, &ro, &rr), -EBADF);
	expect("reclaim_pidfd_with", panthor_mem_reclaim_pidfd_with(-1, -1, &ro, &rr), -EBADF);
	expect("reclaim_client", panthor_mem_reclaim_client(-1, 1, &bytes), -EBADF);
	expect("reclaim_client_with", panthor_mem_reclaim_client_with(-1, 1, &ro, &rr), -EBADF);
	expect("reclaim_cgroup", panthor_mem_reclaim_cgroup(-1, -1, &bytes), -EBADF);
	expect("reclaim_cgroup_with", panthor_mem_reclaim_cgroup_with(-1, -1, &ro, &rr), -EBADF);
	expect("claim", panthor_mem_claim(-1, 0, &bytes), -EBADF);
	expect("claim_pidfd", panthor_mem_claim_pidfd(-1, -1, &bytes), -EBADF);
	expect("claim_with", panthor_mem_claim_with(-1, 0, &co, &cr), -EBADF);
	expect("claim_pidfd_with", panthor_mem_claim_pidfd_with(-1, -1, &co, &cr), -EBADF);
	expect("claim_client", panthor_mem_claim_client(-1, 1, &bytes), -EBADF);
	expect("claim_client_with", panthor_mem_claim_client_with(-1, 1, &co, &cr), -EBADF);
	expect("claim_cgroup", panthor_mem_claim_cgroup(-1, -1, &bytes), -EBADF);
	expect("claim_cgroup_with", panthor_mem_claim_cgroup_with(-1, -1, &co, &cr), -EBADF);
	expect("query", panthor_mem_query(-1, 0, &qr), -EBADF);
	expect("query_pidfd", panthor_mem_query_pidfd(-1, -1, &qr), -EBADF);
	expect("query_client", panthor_mem_query_client(-1, 1, &qr), -EBADF);
	expect("query_cgroup", panthor_mem_query_cgroup(-1, -1, &qr), -EBADF);
	expect("bytes", (int)bytes, 0);
	return wrong;
}
