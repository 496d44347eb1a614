/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amount.h"
#include "config.h"
#include "memory.h"

#define APP "app "
#define GRACE_PRESSURE (30 * POLICY_SECOND)
#define GRACE_EAGER (5 * POLICY_SECOND)
/* What has no focus may be on the screen, and may be looked at. */
#define GRACE_FOCUS (10 * POLICY_MINUTE)
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
		.urgent = 10,
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

uint64_t config_grace(const struct config *c, const char *app_id, bool focus_only)
{
	const struct config_app *app = find_app(c, app_id);

	if (app && app->has_grace)
		return app->grace;
	if (c->has_grace)
		return c->grace;
	if (focus_only)
		return GRACE_FOCUS;
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

/* Returns the index of @value in @names, or @count if it is not there. */
static size_t parse_name(const char *value, const char *const *names, size_t count)
{
	size_t i = 0;

	while (i < count && strcmp(value, names[i]))
		i++;
	return i;
}

static bool parse_mode(struct config *c, const char *value)
{
	static const char *const names[] = {
		[POLICY_OFF] = "off", [POLICY_PRESSURE] = "pressure", [POLICY_EAGER] = "eager",
	};
	const size_t count = sizeof(names) / sizeof(names[0]);
	const size_t i = parse_name(value, names, count);

	c->mode = (enum policy_mode)i;
	return i < count;
}

static bool parse_source(struct config *c, const char *value)
{
	const size_t i = parse_name(value, source_kind_names, SOURCE_KINDS);

	c->source = (enum source_kind)i;
	return i < SOURCE_KINDS;
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

static bool parse_urgent(struct config *c, const char *value)
{
	return parse_number(value, 100, "%", &c->urgent);
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

static bool parse_audio(struct config *c, const char *value)
{
	c->reclaim_playing = !strcmp(value, "reclaim");
	return c->reclaim_playing || !strcmp(value, "keep");
}

static bool parse_freeze(struct config *c, const char *value)
{
	return parse_bool(value, &c->freeze);
}

static bool parse_metrics(struct config *c, const char *value)
{
	if (strlen(value) >= sizeof(c->metrics) || (*value && *value != '/'))
		return false;
	strcpy(c->metrics, value);
	return true;
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
	{ "available-urgent", parse_urgent, "a percentage, like 10%" },
	{ "available-critical", parse_critical, "a percentage, like 5%" },
	{ "psi", parse_psi, "off, or two times like 200ms/2s, the second 2s, 4s, 6s, 8s or 10s" },
	{ "source", parse_source, "auto, sway, session-bus, cgroup or gamescope" },
	{ "audio", parse_audio, "keep or reclaim" },
	{ "freeze", parse_freeze, "yes or no" },
	{ "metrics", parse_metrics, "an absolute path of at most 159 characters" },
	{ "hint-binding", parse_hint_binding, "a command of sway of at most 127 characters" },
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

/* --- reading -------------------------------------------------------------- */

static bool policy_key(struct config_file *f, struct config *c, const char *key,
		       const char *value)
{
	size_t i;

	for (i = 0; i < N_KEYS; i++) {
		if (strcmp(key, keys[i].name))
			continue;
		return keys[i].parse(c, value) ||
		       config_file_wrong(f, "%s = %s: it must be %s", key, value, keys[i].wanted);
	}
	return config_file_wrong(f, "[policy] has no key %s", key);
}

static bool app_key(struct config_file *f, struct config *c, const char *name, const char *key,
		    const char *value)
{
	struct config_app *app = add_app(c, name);

	if (!strcmp(key, "grace")) {
		app->has_grace = true;
		return (parse_time(value, &app->grace) && app->grace <= POLICY_GRACE_MOST) ||
		       config_file_wrong(f, "grace = %s: it must be a time up to 30min, like 30s",
					 value);
	}
	if (!strcmp(key, "exempt"))
		return parse_bool(value, &app->exempt) ||
		       config_file_wrong(f, "exempt = %s: it must be yes or no", value);
	return config_file_wrong(f, "[app %s] has no key %s", name, key);
}

static bool set(struct config_file *f, const char *section, const char *key, const char *value,
		void *data)
{
	if (!strcmp(section, "policy"))
		return policy_key(f, data, key, value);
	if (!strncmp(section, APP, strlen(APP)) && section[strlen(APP)])
		return app_key(f, data, section + strlen(APP), key, value);
	return config_file_wrong(f, "there is no section [%s], only [policy] and [app NAME]",
				 section);
}

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
	static const struct config_format format = { set, "[policy]" };
	const int ret = config_file_read(path, &format, c, why);

	return ret ? ret : check(c, path, why);
}
