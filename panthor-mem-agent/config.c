/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>

#include "amount.h"
#include "config.h"
#include "memory.h"

#define APP "app "
#define GRACE_PRESSURE (30 * POLICY_SECOND)
#define GRACE_EAGER (5 * POLICY_SECOND)
#define KEEP_MOST 32
/* Without privileges, the kernel accepts only windows that are a multiple of this. */
#define PSI_STEP (2 * POLICY_SECOND)
#define PSI_MOST (10 * POLICY_SECOND)

void config_default(struct config *c)
{
	*c = (struct config){
		.mode = POLICY_PRESSURE,
		.keep = 1,
		.least = 8 << 20,
		.low = 15,
		.high = 25,
		.critical = 5,
		.psi = true,
		.psi_stall = 200000,
		.psi_window = 2 * POLICY_SECOND,
	};
}

void config_free(struct config *c)
{
	free(c->apps);
	c->apps = NULL;
	c->n_apps = 0;
}

static const struct config_app *find_app(const struct config *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->n_apps; i++) {
		if (!strcmp(c->apps[i].name, name))
			return &c->apps[i];
	}
	return NULL;
}

static struct config_app *add_app(struct config *c, const char *name)
{
	const struct config_app *known = find_app(c, name);
	struct config_app *app;

	if (known)
		return &c->apps[known - c->apps];
	c->apps = memory_grow(c->apps, c->n_apps, c->n_apps + 1, sizeof(*c->apps));
	app = &c->apps[c->n_apps++];
	snprintf(app->name, sizeof(app->name), "%s", name);
	return app;
}

uint64_t config_grace(const struct config *c, const char *app_id)
{
	const struct config_app *app = find_app(c, app_id);

	if (app && app->has_grace)
		return app->grace;
	if (c->has_grace)
		return c->grace;
	return c->mode == POLICY_EAGER ? GRACE_EAGER : GRACE_PRESSURE;
}

bool config_exempt(const struct config *c, const char *app_id)
{
	const struct config_app *app = find_app(c, app_id);

	return app && app->exempt;
}

/* --- values --------------------------------------------------------------- */

/* "30s", "200ms", "2min", in microseconds. */
static bool parse_time(const char *text, uint64_t *usec)
{
	int64_t ns;

	if (!amount_parse_time(text, &ns))
		return false;
	*usec = (uint64_t)ns / 1000;
	return true;
}

static bool parse_number(const char *text, unsigned int most, const char *unit,
			 unsigned int *value)
{
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > 4 || strcmp(text + digits, unit))
		return false;
	*value = (unsigned int)strtoul(text, NULL, 10);
	return *value <= most;
}

static bool parse_bool(const char *text, bool *value)
{
	*value = !strcmp(text, "yes");
	return *value || !strcmp(text, "no");
}

static bool parse_mode(struct config *c, const char *value)
{
	static const char *const names[] = {
		[POLICY_OFF] = "off", [POLICY_PRESSURE] = "pressure", [POLICY_EAGER] = "eager",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(value, names[i]))
			continue;
		c->mode = (enum policy_mode)i;
		return true;
	}
	return false;
}

static bool parse_grace(struct config *c, const char *value)
{
	c->has_grace = true;
	return parse_time(value, &c->grace) && c->grace <= POLICY_GRACE_MOST;
}

static bool parse_keep(struct config *c, const char *value)
{
	return parse_number(value, KEEP_MOST, "", &c->keep);
}

static bool parse_least(struct config *c, const char *value)
{
	return amount_parse_size(value, &c->least);
}

static bool parse_low(struct config *c, const char *value)
{
	return parse_number(value, 100, "%", &c->low);
}

static bool parse_high(struct config *c, const char *value)
{
	return parse_number(value, 100, "%", &c->high);
}

static bool parse_critical(struct config *c, const char *value)
{
	return parse_number(value, 100, "%", &c->critical);
}

/* "200ms/2s" or "off". */
static bool parse_psi(struct config *c, const char *value)
{
	const char *slash = strchr(value, '/');
	char stall[32];

	c->psi = strcmp(value, "off");
	if (!c->psi)
		return true;
	if (!slash || (size_t)(slash - value) >= sizeof(stall))
		return false;
	snprintf(stall, sizeof(stall), "%.*s", (int)(slash - value), value);
	return parse_time(stall, &c->psi_stall) && parse_time(slash + 1, &c->psi_window) &&
	       c->psi_stall && c->psi_stall <= c->psi_window && c->psi_window <= PSI_MOST &&
	       c->psi_window % PSI_STEP == 0;
}

static bool parse_hint_binding(struct config *c, const char *value)
{
	if (strlen(value) >= sizeof(c->hint_binding))
		return false;
	strcpy(c->hint_binding, value);
	return true;
}

static const struct {
	const char *name;
	bool (*parse)(struct config *c, const char *value);
	const char *wanted;
} keys[] = {
	{ "mode", parse_mode, "pressure, eager or off" },
	{ "grace", parse_grace, "a time up to 30min, like 30s" },
	{ "keep", parse_keep, "a number up to 32" },
	{ "least", parse_least, "a size, like 8M" },
	{ "available-low", parse_low, "a percentage, like 15%" },
	{ "available-high", parse_high, "a percentage, like 25%" },
	{ "available-critical", parse_critical, "a percentage, like 5%" },
	{ "psi", parse_psi, "off, or two times like 200ms/2s, the second 2s, 4s, 6s, 8s or 10s" },
	{ "hint-binding", parse_hint_binding, "a command of sway of at most 127 characters" },
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

/* --- reading -------------------------------------------------------------- */

struct seen {
	char section[CONFIG_NAME + sizeof(APP)];
	char key[32];
};

struct reader {
	struct config *config;
	FILE *file;
	const char *path;
	char *why;
	int line;
	int wrong_line;
	struct seen *seen;
	size_t n_seen;
};

/* Returns 0, which tells libinih that the line is invalid. Only the first error is kept. */
static int wrong(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int wrong(struct reader *r, const char *format, ...)
{
	va_list args;
	int used;

	if (r->wrong_line)
		return 0;
	r->wrong_line = r->line;
	used = snprintf(r->why, CONFIG_WHY, "%s, line %d: ", r->path, r->line);
	if (used < 0 || used >= CONFIG_WHY)
		return 0;
	va_start(args, format);
	vsnprintf(r->why + used, CONFIG_WHY - (size_t)used, format, args);
	va_end(args);
	return 0;
}

/*
 * Count the lines here, because libinih can be built without line numbers for handlers. It also
 * cuts long lines and sections without an error.
 */
static char *next_line(char *text, int size, void *data)
{
	struct reader *r = data;
	const char *start, *end;

	if (!fgets(text, size, r->file))
		return NULL;
	r->line++;
	if (!strchr(text, '\n') && !feof(r->file)) {
		wrong(r, "the line is too long");
		return NULL;
	}
	start = text + strspn(text, " \t");
	end = strchr(start, ']');
	if (*start == '[' && end && (size_t)(end - start) > strlen("[" APP) + CONFIG_NAME - 1)
		wrong(r, "the name of the section is too long");
	return text;
}

static bool is_duplicate(struct reader *r, const char *section, const char *key)
{
	struct seen *seen;
	size_t i;

	for (i = 0; i < r->n_seen; i++) {
		if (!strcmp(r->seen[i].section, section) && !strcmp(r->seen[i].key, key))
			return true;
	}
	r->seen = memory_grow(r->seen, r->n_seen, r->n_seen + 1, sizeof(*r->seen));
	seen = &r->seen[r->n_seen++];
	snprintf(seen->section, sizeof(seen->section), "%s", section);
	snprintf(seen->key, sizeof(seen->key), "%s", key);
	return false;
}

static int policy_key(struct reader *r, const char *key, const char *value)
{
	size_t i;

	for (i = 0; i < N_KEYS; i++) {
		if (strcmp(key, keys[i].name))
			continue;
		return keys[i].parse(r->config, value) ||
		       wrong(r, "%s = %s: it must be %s", key, value, keys[i].wanted);
	}
	return wrong(r, "[policy] has no key %s", key);
}

static int app_key(struct reader *r, const char *name, const char *key, const char *value)
{
	struct config_app *app = add_app(r->config, name);

	if (!strcmp(key, "grace")) {
		app->has_grace = true;
		return (parse_time(value, &app->grace) && app->grace <= POLICY_GRACE_MOST) ||
		       wrong(r, "grace = %s: it must be a time up to 30min, like 30s", value);
	}
	if (!strcmp(key, "exempt"))
		return parse_bool(value, &app->exempt) ||
		       wrong(r, "exempt = %s: it must be yes or no", value);
	return wrong(r, "[app %s] has no key %s", name, key);
}

static int handle(struct reader *r, const char *section, const char *key, const char *value)
{
	const bool app = !strncmp(section, APP, strlen(APP)) && section[strlen(APP)];

	if (!*section)
		return wrong(r, "%s is not in a section, like [policy]", key);
	if (!app && strcmp(section, "policy"))
		return wrong(r, "there is no section [%s], only [policy] and [app NAME]", section);
	if (is_duplicate(r, section, key))
		return wrong(r, "%s is there twice in [%s]", key, section);
	if (app)
		return app_key(r, section + strlen(APP), key, value);
	return policy_key(r, key, value);
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

/* The settings have to agree, also across files. */
static int check(const struct config *c, const char *path, char why[CONFIG_WHY])
{
	if (c->critical <= c->low && c->low < c->high)
		return 0;
	snprintf(why, CONFIG_WHY, "%s: available-critical (%u%%) must not be above "
		 "available-low (%u%%), which must be below available-high (%u%%)", path,
		 c->critical, c->low, c->high);
	return -EINVAL;
}

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
			snprintf(why, CONFIG_WHY, "%s, line %d: neither [section] nor key = value",
				 path, line);
	}
	fclose(r.file);
	free(r.seen);
	return ret ? ret : check(c, path, why);
}
