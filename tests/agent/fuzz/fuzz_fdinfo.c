/* SPDX-License-Identifier: MIT */
/* What the kernel says of a file of a GPU, and of memory pressure. */
#include <string.h>

#include "fdinfo.h"
#include "fuzz.h"
#include "pressure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct fdinfo_dmabuf buffer;
	struct fdinfo info;
	uint64_t usec;

	memcpy(text, data, size);
	text[size] = '\0';
	if (fdinfo_parse(text, &info)) {
		FUZZ_CHECK(info.n_regions <= FDINFO_REGIONS);
		FUZZ_CHECK(memchr(info.driver, 0, FDINFO_NAME));
		FUZZ_CHECK(memchr(info.name, 0, FDINFO_NAME));
	}
	if (fdinfo_parse_dmabuf(text, &buffer))
		FUZZ_CHECK(memchr(buffer.exporter, 0, FDINFO_NAME));
	pressure_parse(text, &usec);
	free(text);
	return 0;
}
