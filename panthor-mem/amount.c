/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "amount.h"

struct unit {
	const char *name;
	uint64_t value;
};

static const struct unit sizes[] = {
	{ "", 1 },	     { "b", 1 },	  { "k", 1ull << 10 },
	{ "kb", 1ull << 10 },  { "kib", 1ull << 10 }, { "m", 1ull << 20 },
	{ "mb", 1ull << 20 },  { "mib", 1ull << 20 }, { "g", 1ull << 30 },
	{ "gb", 1ull << 30 },  { "gib", 1ull << 30 }, { "t", 1ull << 40 },
	{ "tb", 1ull << 40 },  { "tib", 1ull << 40 }, { NULL, 0 },
};

static const struct unit times[] = {
	{ "", 1000000000 }, { "s", 1000000000 }, { "ms", 1000000 },
	{ "us", 1000 },	    { "ns", 1 },	 { "min", 60000000000 },
	{ NULL, 0 },
};

/*
 * Digits, optionally a point and more digits, optionally a unit. No floating point: a size has to
 * be exact, and the same in every locale.
 */
static bool parse(const char *text, const struct unit *units, uint64_t *value)
{
	uint64_t whole = 0, part = 0, scale = 1;

	if (!isdigit((unsigned char)*text))
		return false;
	for (; isdigit((unsigned char)*text); text++) {
		if (whole > INT64_MAX / 10 - 1)
			return false;
		whole = whole * 10 + (unsigned int)(*text - '0');
	}
	if (*text == '.') {
		if (!isdigit((unsigned char)*++text))
			return false;
		for (; isdigit((unsigned char)*text); text++) {
			/* Six digits are enough, and cannot overflow below. */
			if (scale == 1000000)
				continue;
			part = part * 10 + (unsigned int)(*text - '0');
			scale *= 10;
		}
	}
	while (units->name && strcasecmp(units->name, text))
		units++;
	if (!units->name)
		return false;
	if (whole >= INT64_MAX / units->value)
		return false;
	*value = whole * units->value + part * units->value / scale;
	return true;
}

bool amount_parse_size(const char *text, uint64_t *bytes)
{
	return parse(text, sizes, bytes);
}

bool amount_parse_time(const char *text, int64_t *ns)
{
	uint64_t value;

	if (!parse(text, times, &value))
		return false;
	*ns = (int64_t)value;
	return true;
}

const char *amount_size(char text[AMOUNT_TEXT], uint64_t bytes)
{
	static const char units[] = "KMGTPE";
	uint64_t whole = bytes, rest = 0;
	int unit = -1;

	while (whole >= 1024) {
		rest = whole % 1024;
		whole /= 1024;
		unit++;
	}
	if (unit < 0)
		snprintf(text, AMOUNT_TEXT, "%" PRIu64, bytes);
	else
		snprintf(text, AMOUNT_TEXT, "%" PRIu64 ".%u%c", whole,
			 (unsigned int)(rest * 10 / 1024), units[unit]);
	return text;
}

const char *amount_change(char text[AMOUNT_TEXT], int64_t bytes)
{
	char size[AMOUNT_TEXT];

	text[0] = '\0';
	if (bytes)
		snprintf(text, AMOUNT_TEXT, "%c%.16s", bytes < 0 ? '-' : '+',
			 amount_size(size, bytes < 0 ? -(uint64_t)bytes : (uint64_t)bytes));
	return text;
}

const char *amount_time(char text[AMOUNT_TEXT], int64_t ns)
{
	if (ns < 10000000)
		snprintf(text, AMOUNT_TEXT, "%.1f ms", (double)ns / 1e6);
	else if (ns < 1000000000)
		snprintf(text, AMOUNT_TEXT, "%" PRId64 " ms", ns / 1000000);
	else
		snprintf(text, AMOUNT_TEXT, "%.1f s", (double)ns / 1e9);
	return text;
}
