/* SPDX-License-Identifier: MIT */
/*
 * Test patterns and their checksum, on the CPU.
 *
 * A pattern consists of the words seed, seed + 1, seed + 2, ... No page is zero or filled
 * with one word, for which swap has special cases, and no two pages of a buffer are
 * equal.
 */
#ifndef GPU_PATTERN_H
#define GPU_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/* Random words, for data that hardly compresses. @state is kept between calls. */
uint64_t pattern_random(uint64_t *state);

/* Checksum of words in memory; the GPU's CHECKSUM computes the same. */
uint64_t pattern_checksum(const void *data, size_t bytes);

/* The same in several steps: start with pattern_checksum(NULL, 0). */
uint64_t pattern_checksum_add(uint64_t sum, const void *data, size_t bytes);

/* The expected checksum of @bytes of the pattern with this seed. */
uint64_t pattern_expected(uint64_t seed, size_t bytes);

/* Write the pattern; count the words that differ from it. */
void pattern_write(void *data, size_t bytes, uint64_t seed);
size_t pattern_bad_words(const void *data, size_t bytes, uint64_t seed);

#endif
