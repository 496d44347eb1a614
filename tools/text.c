/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include "text.h"

/* Bytes of the printable character at @text, and its columns; 0 if it is none. */
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
	if (width < 0)
		return 0;
	*columns = (unsigned int)width;
	return n;
}

static size_t printable_length(const char *text)
{
	unsigned int columns;

	return next(text, &columns);
}

/* Bytes of the well-formed UTF-8 sequence at @text, or 0. */
static size_t utf8_length(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	uint32_t c;
	size_t n, i;

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
	return n;
}

/* Copies, with a question mark for each byte that @length finds nothing at. */
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
