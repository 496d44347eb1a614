/* SPDX-License-Identifier: MIT */
/* Sizes and times as people write and read them. */
#ifndef TOOL_AMOUNT_H
#define TOOL_AMOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AMOUNT_TEXT 32

/*
 * "4096", "64M", "64MiB", "1.5G": bytes, in powers of 1024. Case does not matter.
 * "0.5s", "200ms", "3": nanoseconds; without a unit, seconds.
 * Both return false if the text is anything else or the value does not fit in 63 bits.
 */
bool amount_parse_size(const char *text, uint64_t *bytes);
bool amount_parse_time(const char *text, int64_t *ns);

/* "0", "512", "64.0M", and so on: at most 7 characters. */
const char *amount_size(char text[AMOUNT_TEXT], uint64_t bytes);

/* "+1.0M", "-512K", or "" for 0. */
const char *amount_change(char text[AMOUNT_TEXT], int64_t bytes);

/* "12 ms", "3.4 s". */
const char *amount_time(char text[AMOUNT_TEXT], int64_t ns);

#endif /* TOOL_AMOUNT_H */
