/* SPDX-License-Identifier: MIT */
#include "access.h"
#include "name.h"

/* The highest UID of a service; login.defs of all distributions has users begin at 1000. */
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
		return no(f, "OwnProcesses=active: only users with an active session may manage "
			     "their processes");
	return no(f, "OwnProcesses=no: the administrator of this machine allows it only for root "
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
		return no(f, "the process runs as more than one user, as setuid programs do: only "
			     "root may manage it");
	if (system && !(caller->in_group && config->manage_system))
		return no(f, "the process belongs to root or to a service: only root may manage "
			     "it");
	return caller->in_group ? ACCESS_YES : ACCESS_ASK;
}

bool access_hear(const struct caller *caller, uid_t owner)
{
	return !caller->uid || caller->in_group || caller->uid == owner;
}
