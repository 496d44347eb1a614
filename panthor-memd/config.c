/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ini.h>

#include "clock.h"
#include "config.h"

enum unit { UNIT_COUNT, UNIT_SECONDS, UNIT_BYTES, UNIT_RESERVE };

struct limit {
	const char *name;
	size_t offset;
	enum unit unit;
	uint64_t least;
	uint64_t most;
};

#define LIMIT(name, member, unit, least, most) \
	{ name, offsetof(struct config, member), unit, least, most }

#define MOST_BYTES (UINT64_C(1) << 50)

static const struct limit limits[] = {
	LIMIT("RequestsPerMinute", requests_per_minute, UNIT_COUNT, 1, 1000000),
	LIMIT("Burst", burst, UNIT_COUNT, 1, 1000000),
	LIMIT("QueuePerUser", queue_per_user, UNIT_COUNT, 1, 1024),
	LIMIT("Queue", queue, UNIT_COUNT, 1, 1024),
	LIMIT("MinResidentSec", min_resident_sec, UNIT_SECONDS, 0, 86400),
	LIMIT("RoundTrips", round_trips, UNIT_COUNT, 0, 64),
	LIMIT("SwapReserve", swap_reserve, UNIT_RESERVE, 0, MOST_BYTES),
	LIMIT("SwapWritePerHour", swap_write_per_hour, UNIT_BYTES, 0, MOST_BYTES),
	LIMIT("MaxTimeSec", max_time_sec, UNIT_SECONDS, 1, 22),
};

#define N_LIMITS (sizeof(limits) / sizeof(limits[0]))

void config_default(struct config *c)
{
	*c = (struct config){
		.own_processes = OWN_YES,
		.log_level = LOG_LEVEL_NOTICE,
		.requests_per_minute = 120,
		.burst = 40,
		.queue_per_user = 16,
		.queue = 128,
		.min_resident_sec = 5,
		.round_trips = 6,
		.swap_reserve = 32 << 20,
		.swap_reserve_percent = 5,
		.max_time_sec = 20,
	};
}

static uint64_t *member(const struct config *c, const struct limit *limit)
{
	return (uint64_t *)(void *)((char *)c + limit->offset);
}

bool config_limit(const struct config *c, size_t i, const char **name, uint64_t *value)
{
	if (i >= N_LIMITS)
		return false;
	*name = limits[i].name;
	*value = *member(c, &limits[i]);
	if (limits[i].unit == UNIT_SECONDS)
		*value *= USEC_PER_SEC;
	return true;
}

/* --- reading -------------------------------------------------------------- */

struct reader {
	struct config *config;
	FILE *file;
	const char *path;
	char *why;
	int line;
	int wrong_line;
	bool seen[N_LIMITS];
};

/* Returns 0, which tells libinih that the line is invalid. Only the first error is kept. */
static int wrong(struct reader *r, const char *what, const char *key, const char *value)
{
	if (r->wrong_line)
		return 0;
	r->wrong_line = r->line;
	snprintf(r->why, CONFIG_WHY, "%s, line %d: %s%s%s%s%s", r->path, r->line, what,
		 *key ? " " : "", key, *value ? "=" : "", value);
	return 0;
}

/*
 * Count the lines here, because libinih can be built without line numbers for handlers. It also
 * takes the rest of a long line for the next one.
 */
static char *next_line(char *text, int size, void *data)
{
	struct reader *r = data;

	if (!fgets(text, size, r->file))
		return NULL;
	r->line++;
	if (!strchr(text, '\n') && !feof(r->file)) {
		wrong(r, "the line is too long", "", "");
		return NULL;
	}
	return text;
}

/* Parse a whole number with an optional unit. */
static bool parse(const char *text, const char *units, uint64_t *value)
{
	uint64_t factor = 1;
	const char *unit;
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno)
		return false;
	if (*end) {
		unit = strchr(units, *end);
		if (!unit || end[1])
			return false;
		factor <<= 10 * (unit - units + 1);
	}
	return !__builtin_mul_overflow(*value, factor, value);
}

/* Parse "32M", "5%", or both with a comma between them. */
static bool parse_reserve(const char *text, struct config *c)
{
	char part[64], *percent, *rest = part;
	uint64_t bytes = 0, share = 0;
	char *word;

	if (strlen(text) >= sizeof(part))
		return false;
	strcpy(part, text);
	while ((word = strsep(&rest, ","))) {
		word += strspn(word, " ");
		percent = strchr(word, '%');
		if (percent && percent[1])
			return false;
		if (percent)
			*percent = '\0';
		if (!parse(word, percent ? "" : "KMG", percent ? &share : &bytes))
			return false;
	}
	if (share > 100 || bytes > MOST_BYTES)
		return false;
	c->swap_reserve = bytes;
	c->swap_reserve_percent = share;
	return true;
}

static bool parse_limit(struct config *c, const struct limit *limit, const char *text)
{
	uint64_t value;

	if (limit->unit == UNIT_RESERVE)
		return parse_reserve(text, c);
	if (!parse(text, limit->unit == UNIT_BYTES ? "KMG" : "", &value) ||
	    value < limit->least || value > limit->most)
		return false;
	*member(c, limit) = value;
	return true;
}

static int one_limit(struct reader *r, const char *key, const char *value)
{
	size_t i;

	for (i = 0; i < N_LIMITS; i++) {
		if (strcmp(key, limits[i].name))
			continue;
		if (r->seen[i])
			return wrong(r, "duplicate", key, value);
		r->seen[i] = true;
		return parse_limit(r->config, &limits[i], value) ||
		       wrong(r, "invalid value:", key, value);
	}
	return wrong(r, "[Limits] has no key", key, "");
}

static int one_of(const char *value, const char *const *names, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		if (!strcasecmp(value, names[i]))
			return i;
	}
	return -1;
}

static int one_setting(struct reader *r, const char *key, const char *value)
{
	static const char *const own[] = { "no", "active", "yes" };
	static const char *const answers[] = { "no", "yes" };
	static const char *const levels[] = { "warning", "notice", "debug" };
	int chosen;

	if (!strcmp(key, "OwnProcesses")) {
		chosen = one_of(value, own, 3);
		r->config->own_processes = chosen < 0 ? OWN_NO : (enum config_own)chosen;
	} else if (!strcmp(key, "ManageSystem")) {
		chosen = one_of(value, answers, 2);
		r->config->manage_system = chosen == 1;
	} else if (!strcmp(key, "LogLevel")) {
		chosen = one_of(value, levels, 3);
		r->config->log_level = chosen < 0 ? LOG_LEVEL_NOTICE : (enum log_level)chosen;
	} else {
		return wrong(r, "[Broker] has no key", key, "");
	}
	return chosen >= 0 || wrong(r, "invalid value:", key, value);
}

static int handle(struct reader *r, const char *section, const char *key, const char *value)
{
	if (!strcmp(section, "Limits"))
		return one_limit(r, key, value);
	if (!strcmp(section, "Broker"))
		return one_setting(r, key, value);
	if (*section)
		return wrong(r, "there is no section", section, "");
	return wrong(r, "before any section:", key, value);
}

#if INI_HANDLER_LINENO
static int handler(void *data, const char *section, const char *key, const char *value, int line)
{
	(void)line;
	return handle(data, section, key, value);
}
#else
static int handler(void *data, const char *section, const char *key, const char *value)
{
	return handle(data, section, key, value);
}
#endif

int config_read(struct config *c, const char *path, char why[CONFIG_WHY])
{
	struct reader r = { .config = c, .path = path, .why = why };
	int ret = 0, line;

	*why = '\0';
	r.file = fopen(path, "re");
	if (!r.file) {
		ret = -errno;
		snprintf(why, CONFIG_WHY, "%s: %s", path, strerror(-ret));
		return ret;
	}
	line = ini_parse_stream(next_line, &r, handler, &r);
	if (ferror(r.file)) {
		ret = -EIO;
		snprintf(why, CONFIG_WHY, "%s: cannot read it", path);
	} else if (line || r.wrong_line) {
		ret = -EINVAL;
		/* The handler is not called for a line that libinih cannot parse. */
		if (!r.wrong_line || (line > 0 && line < r.wrong_line))
			snprintf(why, CONFIG_WHY, "%s, line %d: neither [Section] nor Key=value",
				 path, line);
	}
	fclose(r.file);
	return ret;
}
