/* SPDX-License-Identifier: MIT */
/* What the kernel says of memory pressure. */
#include <string.h>

#include "fuzz.h"
#include "pressure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	uint64_t usec;

	FUZZ_CHECK(text);
	memcpy(text, data, size);
	text[size] = '\0';
	pressure_parse(text, &usec);
	free(text);
	return 0;
}
