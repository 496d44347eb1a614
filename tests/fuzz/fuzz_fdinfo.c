/* SPDX-License-Identifier: MIT */
/* Files of /proc/PID/fdinfo, which any driver writes. */
#include <string.h>

#include "amount.h"
#include "fdinfo.h"
#include "fuzz.h"

static void check_name(const char *name, size_t room)
{
	FUZZ_CHECK(strnlen(name, room) < room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct fdinfo_dmabuf buffer;
	struct fdinfo info;
	uint64_t bytes;
	int64_t ns;

	FUZZ_CHECK(text);
	memcpy(text, data, size);
	text[size] = '\0';

	fdinfo_parse(text, &info);
	FUZZ_CHECK(info.n_regions <= FDINFO_REGIONS);
	check_name(info.driver, sizeof(info.driver));
	check_name(info.pdev, sizeof(info.pdev));
	check_name(info.name, sizeof(info.name));
	for (unsigned int i = 0; i < info.n_regions; i++) {
		const struct fdinfo_bytes *b = &info.regions[i].bytes;

		check_name(info.regions[i].name, sizeof(info.regions[i].name));
		/* What is not known is 0, so that sums are right. */
		for (int kind = 0; kind < FDINFO_KINDS; kind++)
			FUZZ_CHECK(b->known[kind] || !b->value[kind]);
	}
	if (fdinfo_parse_dmabuf(text, &buffer))
		check_name(buffer.exporter, sizeof(buffer.exporter));
	if (amount_parse_size(text, &bytes))
		FUZZ_CHECK(bytes <= INT64_MAX);
	if (amount_parse_time(text, &ns))
		FUZZ_CHECK(ns >= 0);
	free(text);
	return 0;
}
