/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fdinfo.h"

#define PANTHOR "panthor"
#define INTERNAL "-resident-memory"

const char *const fdinfo_kind_names[FDINFO_KINDS] = {
	"total", "resident", "evicted", "shared", "purgeable", "active",
};

struct line {
	char key[FDINFO_NAME];
	char value[FDINFO_NAME];
};

/* The next "key: value" of @text; false at the end. Other lines have no key. */
static bool next_line(const char **text, struct line *line)
{
	const char *at = *text;
	size_t length = strcspn(at, "\n"), key, i;

	if (!*at)
		return false;
	*text = at + length + (at[length] == '\n');
	line->key[0] = line->value[0] = '\0';
	key = strcspn(at, ":\n");
	if (key == length || key >= sizeof(line->key))
		return true;
	memcpy(line->key, at, key);
	line->key[key] = '\0';
	for (i = key + 1; i < length && isspace((unsigned char)at[i]); i++)
		;
	while (length > i && isspace((unsigned char)at[length - 1]))
		length--;
	length -= i;
	if (length >= sizeof(line->value))
		length = sizeof(line->value) - 1;
	memcpy(line->value, at + i, length);
	line->value[length] = '\0';
	return true;
}

static bool parse_number(const char *text, uint64_t *value, const char **rest)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	*rest = end;
	return !errno;
}

/* "<uint>", "<uint> KiB" or "<uint> MiB". */
static bool parse_bytes(const char *text, uint64_t *bytes)
{
	uint64_t number;
	unsigned int shift = 0;
	const char *unit;

	if (!parse_number(text, &number, &unit))
		return false;
	while (isspace((unsigned char)*unit))
		unit++;
	if (!strcmp(unit, "KiB"))
		shift = 10;
	else if (!strcmp(unit, "MiB"))
		shift = 20;
	else if (*unit)
		return false;
	if (number > UINT64_MAX >> shift)
		return false;
	*bytes = number << shift;
	return true;
}

static struct fdinfo_region *find_region(struct fdinfo *info, const char *name)
{
	unsigned int i;

	for (i = 0; i < info->n_regions; i++) {
		if (!strcmp(info->regions[i].name, name))
			return &info->regions[i];
	}
	if (info->n_regions == FDINFO_REGIONS) {
		info->cut = true;
		return NULL;
	}
	memcpy(info->regions[info->n_regions].name, name, strlen(name) + 1);
	return &info->regions[info->n_regions++];
}

/* What comes after "drm-<word>-", or NULL. */
static const char *after(const char *key, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(key, "drm-", 4) || strncmp(key + 4, word, n) || key[4 + n] != '-')
		return NULL;
	return key + 4 + n + 1;
}

static void region_line(struct fdinfo *info, const struct line *line)
{
	struct fdinfo_region *region;
	const char *name = NULL;
	bool alias = false;
	uint64_t bytes;
	int kind;

	for (kind = 0; kind < FDINFO_KINDS && !name; kind++)
		name = after(line->key, fdinfo_kind_names[kind]);
	kind--;
	if (!name) {
		/* The old name of drm-resident-. */
		name = after(line->key, "memory");
		kind = FDINFO_RESIDENT;
		alias = true;
	}
	/* Engines have drm-total-cycles-<engine>, which is not a size. */
	if (!name || !*name || !strncmp(name, "cycles-", 7) || !parse_bytes(line->value, &bytes))
		return;
	region = find_region(info, name);
	if (!region || (alias && region->bytes.known[kind]))
		return;
	region->bytes.value[kind] = bytes;
	region->bytes.known[kind] = true;
}

/* Engines also have drm-engine-capacity-<engine>, which is a number. */
static void engine_line(struct fdinfo *info, const struct line *line)
{
	const char *name = after(line->key, "engine"), *unit;
	uint64_t ns;

	if (name && *name && parse_number(line->value, &ns, &unit) && !strcmp(unit, " ns"))
		info->engine_ns = fdinfo_plus(info->engine_ns, ns);
}

/*
 * If the driver does not say how much is evicted, what is not resident counts as evicted. The DRM
 * core prints drm-resident- only if a buffer is resident, so without that line none is on panthor.
 */
static void complete(struct fdinfo *info)
{
	unsigned int i;

	for (i = 0; i < info->n_regions; i++) {
		struct fdinfo_bytes *b = &info->regions[i].bytes;

		if (!b->known[FDINFO_TOTAL])
			continue;
		if (!strcmp(info->driver, PANTHOR))
			b->known[FDINFO_RESIDENT] = true;
		if (!b->known[FDINFO_RESIDENT] || b->known[FDINFO_EVICTED])
			continue;
		b->known[FDINFO_EVICTED] = true;
		if (b->value[FDINFO_TOTAL] > b->value[FDINFO_RESIDENT])
			b->value[FDINFO_EVICTED] =
				b->value[FDINFO_TOTAL] - b->value[FDINFO_RESIDENT];
	}
}

/* Keys of the driver itself begin with its name, which may come on a later line. */
static void find_internal(const char *text, struct fdinfo *info)
{
	size_t n = strlen(info->driver);
	struct line line;

	while (next_line(&text, &line)) {
		if (!strncmp(line.key, info->driver, n) && !strcmp(line.key + n, INTERNAL) &&
		    parse_bytes(line.value, &info->internal))
			info->has_internal = true;
	}
}

bool fdinfo_parse(const char *text, struct fdinfo *info)
{
	const char *rest, *at = text;
	struct line line;

	memset(info, 0, sizeof(*info));
	while (next_line(&at, &line)) {
		if (!strcmp(line.key, "drm-driver"))
			memcpy(info->driver, line.value, sizeof(info->driver));
		else if (!strcmp(line.key, "drm-pdev"))
			memcpy(info->pdev, line.value, sizeof(info->pdev));
		else if (!strcmp(line.key, "drm-client-name"))
			memcpy(info->name, line.value, sizeof(info->name));
		else if (!strcmp(line.key, "drm-client-id"))
			info->has_id = parse_number(line.value, &info->id, &rest) && !*rest;
		else if (!strncmp(line.key, "drm-engine-", 11))
			engine_line(info, &line);
		else if (!strncmp(line.key, "drm-", 4))
			region_line(info, &line);
	}
	find_internal(text, info);
	complete(info);
	return *info->driver;
}

bool fdinfo_parse_dmabuf(const char *text, struct fdinfo_dmabuf *buffer)
{
	bool has_ino = false, has_size = false;
	struct line line;
	const char *rest;

	memset(buffer, 0, sizeof(*buffer));
	while (next_line(&text, &line)) {
		if (!strcmp(line.key, "ino"))
			has_ino = parse_number(line.value, &buffer->ino, &rest) && !*rest;
		else if (!strcmp(line.key, "size"))
			has_size = parse_bytes(line.value, &buffer->bytes);
		else if (!strcmp(line.key, "exp_name"))
			memcpy(buffer->exporter, line.value, sizeof(buffer->exporter));
	}
	return has_ino && has_size && *buffer->exporter;
}

uint64_t fdinfo_plus(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

void fdinfo_add(struct fdinfo_bytes *to, const struct fdinfo_bytes *from)
{
	int kind;

	for (kind = 0; kind < FDINFO_KINDS; kind++) {
		if (!from->known[kind])
			continue;
		to->known[kind] = true;
		to->value[kind] = fdinfo_plus(to->value[kind], from->value[kind]);
	}
}
