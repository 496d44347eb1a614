/* SPDX-License-Identifier: MIT */
#include "access.h"
#include "name.h"

/* Where login.defs of all distributions has the users of services end. */
#define LAST_SYSTEM_UID 999

static enum access no(struct fault *f, const char *why)
{
	fault_set(f, FAULT_ACCESS_DENIED, "%s", why);
	return ACCESS_NO;
}

static enum access own(const struct caller *caller, const struct config *config, struct fault *f)
{
	if (config->own_processes == OWN_YES || (config->own_processes == OWN_ACTIVE &&
						 caller->active))
		return ACCESS_YES;
	if (config->own_processes == OWN_ACTIVE)
		return no(f, "OwnProcesses=active: only a user whose session is active may");
	return no(f, "OwnProcesses=no: this machine's administrator allows it to nobody but root "
		     "and the group " BROKER_GROUP);
}

enum access access_check(const struct caller *caller, const struct owner *owner,
			 const struct config *config, struct fault *f)
{
	const bool system = owner->uid <= LAST_SYSTEM_UID || owner->real <= LAST_SYSTEM_UID;

	if (!caller->uid)
		return ACCESS_YES;
	if (owner->one && owner->uid == caller->uid)
		return caller->in_group ? ACCESS_YES : own(caller, config, f);
	if (!owner->one)
		return no(f, "the process runs as more than one user, as programs do that are "
			     "setuid: only root may");
	if (system && !(caller->in_group && config->manage_system))
		return no(f, "the process belongs to root or to a service: only root may");
	return caller->in_group ? ACCESS_YES : ACCESS_ASK;
}

bool access_hear(const struct caller *caller, uid_t owner)
{
	return !caller->uid || caller->in_group || caller->uid == owner;
}
