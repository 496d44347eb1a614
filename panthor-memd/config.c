/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

uint64_t config_swap_reserve(const struct config *c, uint64_t swap)
{
	const uint64_t share = swap / 100 * c->swap_reserve_percent;

	return share > c->swap_reserve ? share : c->swap_reserve;
}

bool config_limit(const struct config *c, size_t i, uint64_t swap, const char **name,
		  uint64_t *value)
{
	if (i >= N_LIMITS)
		return false;
	*name = limits[i].name;
	*value = *member(c, &limits[i]);
	if (limits[i].unit == UNIT_SECONDS)
		*value *= USEC_PER_SEC;
	else if (limits[i].unit == UNIT_RESERVE)
		*value = config_swap_reserve(c, swap);
	return true;
}

/* --- reading -------------------------------------------------------------- */

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

static bool invalid(struct config_file *f, const char *key, const char *value)
{
	return config_file_wrong(f, "invalid value: %s=%s", key, value);
}

static bool one_limit(struct config_file *f, struct config *c, const char *key, const char *value)
{
	size_t i;

	for (i = 0; i < N_LIMITS; i++) {
		if (!strcmp(key, limits[i].name))
			return parse_limit(c, &limits[i], value) || invalid(f, key, value);
	}
	return config_file_wrong(f, "[Limits] has no key %s", key);
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

static bool one_setting(struct config_file *f, struct config *c, const char *key,
			const char *value)
{
	static const char *const own[] = { "no", "active", "yes" };
	static const char *const answers[] = { "no", "yes" };
	static const char *const levels[] = { "warning", "notice", "debug" };
	int chosen;

	if (!strcmp(key, "OwnProcesses")) {
		chosen = one_of(value, own, 3);
		c->own_processes = chosen < 0 ? OWN_NO : (enum config_own)chosen;
	} else if (!strcmp(key, "ManageSystem")) {
		chosen = one_of(value, answers, 2);
		c->manage_system = chosen == 1;
	} else if (!strcmp(key, "LogLevel")) {
		chosen = one_of(value, levels, 3);
		c->log_level = chosen < 0 ? LOG_LEVEL_NOTICE : (enum log_level)chosen;
	} else {
		return config_file_wrong(f, "[Broker] has no key %s", key);
	}
	return chosen >= 0 || invalid(f, key, value);
}

static bool set(struct config_file *f, const char *section, const char *key, const char *value,
		void *data)
{
	if (!strcmp(section, "Limits"))
		return one_limit(f, data, key, value);
	if (!strcmp(section, "Broker"))
		return one_setting(f, data, key, value);
	return config_file_wrong(f, "there is no section [%s], only [Broker] and [Limits]",
				 section);
}

int config_read(struct config *c, const char *path, char why[CONFIG_WHY])
{
	static const struct config_format format = { set, "[Limits]" };

	return config_file_read(path, &format, c, why);
}
