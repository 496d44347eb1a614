/* SPDX-License-Identifier: MIT */
/*
 * The file of counters, which others can write, too. What can be read is written as it was:
 * reading that again gives the same.
 */
#include <string.h>

#include "fuzz.h"
#include "metrics.h"

#define DEVICE "renderD128"

/* Returns the text of the file, or NULL. */
static char *write_text(const struct metrics *m, const struct metrics_rest *rest)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	metrics_write(m, DEVICE, rest, out);
	fclose(out);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct metrics_rest rest = { 0 }, again_rest = { 0 };
	struct metrics m = { 0 }, again = { 0 };
	char *text = malloc(size + 1), *first = NULL, *second = NULL;
	char why[METRICS_WHY];

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!metrics_read(&m, DEVICE, &rest, text, why)) {
		first = write_text(&m, &rest);
		if (first && metrics_read(&again, DEVICE, &again_rest, first, why))
			abort();
		if (first && memcmp(&m, &again, sizeof(m)) != 0)
			abort();
		second = write_text(&again, &again_rest);
		if (first && second && strcmp(first, second) != 0)
			abort();
	}
	metrics_rest_free(&rest);
	metrics_rest_free(&again_rest);
	free(first);
	free(second);
	free(text);
	return 0;
}
