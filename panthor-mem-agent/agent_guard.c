/* SPDX-License-Identifier: MIT */
/* What must not be disturbed: sound, a shared screen; and whether the session is seen at all. */
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "log.h"

#define SYSTEM_BUS "unix:path=/run/dbus/system_bus_socket"

/* The applications that play are found when the processes are looked at. */
static void on_players(void *data)
{
	agent_look(data);
}

#ifdef WITH_PIPEWIRE
static void on_sound(void *data)
{
	struct policy_event e = { .kind = POLICY_EVENT_HOLD };
	struct agent *a = data;

	e.on = sound_screen_is_shared(a->guards.sound);
	if (e.on != a->policy.held) {
		log_notice(e.on ? "the screen is shared, so nothing is reclaimed" :
				  "the screen is not shared any more");
		agent_post(a, &e);
	}
	agent_look(a);
}
#endif

static void on_login(void *data, const struct login_state *state)
{
	struct policy_event e = { .kind = POLICY_EVENT_AWAY, .on = state->away };
	struct agent *a = data;

	if (state->away != a->guards.login_state.away)
		log_notice(state->away ? "another session is on the screen" :
					 "this session is on the screen");
	if (state->locked != a->guards.login_state.locked)
		log_notice(state->locked ? "the screen is locked" : "the screen is not locked");
	a->guards.login_state = *state;
	agent_post(a, &e);
	agent_look(a);
}

static int on_closed(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	static const struct login_state unknown;
	struct agent *a = data;

	(void)m;
	(void)unused;
	on_login(a, &unknown);
	return 0;
}

static sd_bus *open_system_bus(struct agent *a)
{
	const char *address = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
	sd_bus *bus = NULL;

	if (sd_bus_new(&bus) < 0)
		return NULL;
	if (sd_bus_set_address(bus, address ? address : SYSTEM_BUS) < 0 ||
	    sd_bus_set_bus_client(bus, 1) < 0 || sd_bus_negotiate_fds(bus, 0) < 0 ||
	    sd_bus_match_signal(bus, NULL, "org.freedesktop.DBus.Local", NULL, NULL,
				"Disconnected", on_closed, a) < 0 ||
	    sd_bus_start(bus) < 0 ||
	    sd_bus_attach_event(bus, a->event, SD_EVENT_PRIORITY_NORMAL) < 0)
		bus = sd_bus_unref(bus);
	return bus;
}

void guard_start(struct agent *a)
{
	const char *session = getenv("XDG_SESSION_ID");

	a->guards.system = open_system_bus(a);
	if (a->guards.system)
		a->guards.login = login_new(a->guards.system, session && *session ? session : NULL,
					    on_login, a);
#ifdef WITH_PIPEWIRE
	a->guards.sound = sound_new(a->event, on_sound, a);
#endif
}

void guard_session_bus(struct agent *a)
{
	a->guards.mpris = mpris_new(a->session, on_players, a);
}

void guard_stop(struct agent *a)
{
	mpris_free(a->guards.mpris);
	login_free(a->guards.login);
#ifdef WITH_PIPEWIRE
	sound_free(a->guards.sound);
#endif
	sd_bus_flush_close_unref(a->guards.system);
	memset(&a->guards, 0, sizeof(a->guards));
}

void guard_list(struct agent *a, struct number_list *playing, struct number_list *players)
{
	if (a->guards.mpris)
		mpris_list(a->guards.mpris, playing, players);
#ifdef WITH_PIPEWIRE
	sound_try(a->guards.sound);
	sound_list(a->guards.sound, playing);
#endif
}

bool guard_is_unseen(const struct agent *a)
{
	return a->guards.login_state.away || a->guards.login_state.locked;
}
