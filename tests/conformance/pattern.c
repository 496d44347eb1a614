/* SPDX-License-Identifier: MIT */
/* The content of BOs and its checksum, see world.h. */
#include "world.h"

#define SUM_START 0xcbf29ce484222325ull
#define SUM_PRIME 0x100000001b3ull

static uint64_t pattern_word(uint64_t seed, uint64_t i)
{
	return seed + i;
}

uint64_t pattern_sum(uint64_t seed, uint64_t size)
{
	uint64_t sum = SUM_START;
	uint64_t i;

	for (i = 0; i < size / sizeof(uint64_t); i++)
		sum = (sum ^ pattern_word(seed, i)) * SUM_PRIME;
	return sum;
}
