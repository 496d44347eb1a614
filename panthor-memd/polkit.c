/* SPDX-License-Identifier: MIT */
/*
 * Ask polkit whether a user may manage processes of other users. The call is asynchronous,
 * because the answer can take as long as somebody needs to enter a password.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "broker.h"
#include "clock.h"
#include "name.h"

#define POLKIT "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"

#define ALLOW_INTERACTION 1u

/* How long to wait for polkit alone, and for a person who may have to enter a password. */
#define WAIT_USEC (10 * USEC_PER_SEC)
#define WAIT_PERSON_USEC (120 * USEC_PER_SEC)

static void name_of(const struct request *r, char name[32])
{
	snprintf(name, 32, "memd-%" PRIu64, r->seq);
}

static int judge(sd_bus_message *m, const struct request *r, struct fault *f)
{
	int authorized = 0, challenge = 0;

	if (sd_bus_message_is_method_error(m, NULL) ||
	    sd_bus_message_enter_container(m, 'r', "bba{ss}") < 0 ||
	    sd_bus_message_read(m, "bb", &authorized, &challenge) < 0)
		return fault_set(f, FAULT_ACCESS_DENIED, "the process belongs to another user, and "
				 "polkit, which could allow it, does not answer: join the group "
				 BROKER_GROUP);
	if (authorized)
		return 0;
	if (challenge && !sd_bus_message_get_allow_interactive_authorization(r->message))
		return fault_set(f, FAULT_INTERACTIVE, "the process belongs to another user: allow "
				 "interactive authorization, or join the group " BROKER_GROUP);
	return fault_set(f, FAULT_ACCESS_DENIED, "the process belongs to another user: join the "
			 "group " BROKER_GROUP ", or have polkit allow " BROKER_ACTION);
}

static int on_answer(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct request *r = data;
	struct fault f = { 0 };

	(void)error;
	r->polkit = sd_bus_slot_unref(r->polkit);
	r->sender->checking = false;
	/* The client knows that a person takes longer than most calls may. */
	if (sd_bus_message_get_allow_interactive_authorization(r->message) > 0)
		r->arrived = clock_usec();
	if (judge(m, r, &f))
		request_refuse(r, &f);
	else
		request_authorized(r);
	return 0;
}

static int fill(const struct request *r, sd_bus_message *m, uid_t owner, bool person)
{
	char id[32], pid[16], uid[16];

	name_of(r, id);
	snprintf(pid, sizeof(pid), "%u", r->pid);
	snprintf(uid, sizeof(uid), "%u", (unsigned int)owner);
	return sd_bus_message_append(m, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
				     r->sender->name, BROKER_ACTION, 2, "pid", pid, "uid", uid,
				     person ? ALLOW_INTERACTION : 0u, id);
}

int polkit_ask(struct request *r, uid_t owner, struct fault *f)
{
	const bool person = sd_bus_message_get_allow_interactive_authorization(r->message) > 0;
	struct broker *b = r->sender->broker;
	sd_bus_message *m = NULL;
	int ret;

	if (r->sender->checking)
		return fault_set(f, FAULT_LIMITS, "polkit is being asked for this connection: wait "
				 "for the reply");
	ret = sd_bus_message_new_method_call(b->bus, &m, POLKIT, POLKIT_PATH, POLKIT_INTERFACE,
					     "CheckAuthorization");
	if (ret >= 0)
		ret = fill(r, m, owner, person);
	if (ret >= 0)
		ret = sd_bus_call_async(b->bus, &r->polkit, m, on_answer, r,
					person ? WAIT_PERSON_USEC : WAIT_USEC);
	sd_bus_message_unref(m);
	if (ret < 0)
		return fault_set(f, FAULT_ACCESS_DENIED, "the process belongs to another user, and "
				 "polkit cannot be asked: join the group " BROKER_GROUP);
	r->sender->checking = true;
	return 0;
}

void polkit_forget(struct request *r)
{
	char id[32];

	if (!r->polkit)
		return;
	r->polkit = sd_bus_slot_unref(r->polkit);
	r->sender->checking = false;
	name_of(r, id);
	sd_bus_call_method_async(r->sender->broker->bus, NULL, POLKIT, POLKIT_PATH,
				 POLKIT_INTERFACE, "CancelCheckAuthorization", NULL, NULL, "s", id);
}
