/* SPDX-License-Identifier: MIT */
/* Structs that can grow; the comment above them in panthor_drmif.h has the rules. */
#include <errno.h>
#include <string.h>

#include "panthor_priv.h"

/* No version will ever be larger. */
#define SIZE_MOST 4096u

int panthor_size_check(uint32_t size, size_t least)
{
	return size < least || size > SIZE_MOST ? -EINVAL : 0;
}

static uint32_t size_of(const void *theirs)
{
	uint32_t size;

	memcpy(&size, theirs, sizeof(size));
	return size;
}

int panthor_options_in(void *ours, size_t ours_size, const void *theirs, size_t least)
{
	const unsigned char *bytes = theirs;
	uint32_t size = size_of(theirs);
	size_t i;
	int ret;

	ret = panthor_size_check(size, least);
	if (ret)
		return ret;

	/* An option that we cannot pass on must not be dropped silently. */
	for (i = ours_size; i < size; i++) {
		if (bytes[i])
			return -E2BIG;
	}

	memset(ours, 0, ours_size);
	memcpy(ours, theirs, size < ours_size ? size : ours_size);
	return 0;
}

void panthor_result_out(void *theirs, const void *ours, size_t ours_size)
{
	const size_t head = sizeof(uint32_t);
	unsigned char *to = theirs;
	size_t size = size_of(theirs);
	size_t known = size < ours_size ? size : ours_size;

	memcpy(to + head, (const unsigned char *)ours + head, known - head);
	memset(to + known, 0, size - known);
}
