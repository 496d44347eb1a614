/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include "text.h"

/*
 * Control characters, and invisible characters that change how others look: the direction of
 * text, joining, line ends. Each range from first to last.
 */
static const uint32_t hidden[][2] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad },   { 0x034f, 0x034f },
	{ 0x061c, 0x061c }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 },   { 0x180b, 0x180f },
	{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },   { 0x3164, 0x3164 },
	{ 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 },   { 0xfff0, 0xfffb },
	{ 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
};

static bool is_hidden(uint32_t c)
{
	size_t i;

	for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		if (c >= hidden[i][0] && c <= hidden[i][1])
			return true;
	}
	return false;
}

/* The bytes of the printable character at @text, and its columns; 0 if it is not printable. */
static size_t next(const char *text, unsigned int *columns)
{
	mbstate_t state = { 0 };
	wchar_t c;
	size_t n = mbrtowc(&c, text, strlen(text), &state);
	int width;

	if (n == 0 || n == (size_t)-1 || n == (size_t)-2)
		return 0;
	/* -1: it does not print. */
	width = wcwidth(c);
	if (width < 0 || is_hidden((uint32_t)c))
		return 0;
	*columns = (unsigned int)width;
	return n;
}

static size_t printable_length(const char *text)
{
	unsigned int columns;

	return next(text, &columns);
}

/* Bytes of the well-formed UTF-8 sequence at @text, and its character; or 0. */
static size_t utf8(const char *text, uint32_t *character)
{
	const unsigned char *s = (const unsigned char *)text;
	uint32_t c;
	size_t n, i;

	*character = s[0];
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2, c = s[0] & 0x1fu;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		n = 3, c = s[0] & 0x0fu;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4, c = s[0] & 0x07u;
	else
		return 0;
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fu);
	}
	if ((n == 3 && c < 0x800) || (n == 4 && c < 0x10000) || c > 0x10ffff ||
	    (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*character = c;
	return n;
}

static size_t utf8_length(const char *text)
{
	uint32_t c;

	return utf8(text, &c);
}

/* Copies @from, with a question mark for each byte where @length finds no character. */
static void copy(char *to, size_t size, const char *from, size_t (*length)(const char *))
{
	while (*from) {
		size_t n = length(from);

		if ((n ? n : 1) >= size)
			break;
		if (n) {
			memcpy(to, from, n);
		} else {
			*to = '?';
			n = 1;
		}
		to += n;
		size -= n;
		from += n;
	}
	*to = '\0';
}

void text_printable(char *to, size_t size, const char *from)
{
	copy(to, size, from, printable_length);
}

void text_utf8(char *to, size_t size, const char *from)
{
	copy(to, size, from, utf8_length);
}

/* Writes a character as a JSON escape: beyond 16 bits, as a surrogate pair. */
static void escape(uint32_t c, FILE *out)
{
	if (c >= 0x10000) {
		c -= 0x10000;
		fprintf(out, "\\u%04" PRIx32, 0xd800 | c >> 10);
		c = 0xdc00 | (c & 0x3ff);
	}
	fprintf(out, "\\u%04" PRIx32, c);
}

void text_json(const char *json, FILE *out)
{
	uint32_t c;
	size_t n;

	for (; *json; json += n) {
		n = utf8(json, &c);
		if (!n)
			n = 1;
		/* Control characters here are layout: those in strings are escaped already. */
		if (c >= ' ' && is_hidden(c))
			escape(c, out);
		else
			fwrite(json, 1, n, out);
	}
}

unsigned int text_columns(const char *text)
{
	unsigned int total = 0, columns;
	size_t n;

	for (; *text; text += n) {
		n = next(text, &columns);
		if (!n)
			n = columns = 1;
		total += columns;
	}
	return total;
}

size_t text_fit(const char *text, unsigned int columns)
{
	size_t bytes = 0;
	unsigned int width;

	while (text[bytes]) {
		size_t n = next(text + bytes, &width);

		if (!n)
			n = width = 1;
		if (width > columns)
			break;
		columns -= width;
		bytes += n;
	}
	return bytes;
}
