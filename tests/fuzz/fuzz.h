/* SPDX-License-Identifier: MIT */
/* A target for libFuzzer, or for main.c where the compiler has no libFuzzer. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Something that has to hold for any input. */
#define FUZZ_CHECK(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)

#endif /* FUZZ_H */
