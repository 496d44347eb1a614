/* SPDX-License-Identifier: MIT */
/*
 * Test patterns and their checksum, on the CPU.
 */
#include "gpu/pattern.h"
#include "mali_sim_isa.h"

/* One step of the splitmix64 generator: a bijection that mixes every bit. */
uint64_t pattern_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static uint64_t add_word(uint64_t sum, uint64_t word)
{
	return (sum ^ word) * SIM_CHECKSUM_MUL;
}

uint64_t pattern_checksum_add(uint64_t sum, const void *data, size_t bytes)
{
	const uint64_t *word = data;

	for (size_t i = 0; i < bytes / sizeof(*word); i++)
		sum = add_word(sum, word[i]);
	return sum;
}

uint64_t pattern_checksum(const void *data, size_t bytes)
{
	return pattern_checksum_add(SIM_CHECKSUM_INIT, data, bytes);
}

uint64_t pattern_expected(uint64_t seed, size_t bytes)
{
	uint64_t sum = SIM_CHECKSUM_INIT;

	for (size_t i = 0; i < bytes / sizeof(seed); i++)
		sum = add_word(sum, seed + i);
	return sum;
}

void pattern_write(void *data, size_t bytes, uint64_t seed)
{
	uint64_t *word = data;

	for (size_t i = 0; i < bytes / sizeof(*word); i++)
		word[i] = seed + i;
}

size_t pattern_bad_words(const void *data, size_t bytes, uint64_t seed)
{
	const uint64_t *word = data;
	size_t bad = 0;

	for (size_t i = 0; i < bytes / sizeof(*word); i++)
		bad += word[i] != seed + i;
	return bad;
}
