/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drop.h"
#include "log.h"

static const cap_value_t kept = CAP_SYS_RESOURCE;

static int failed(const char *what)
{
	log_error("%s: %s", what, strerror(errno));
	return -1;
}

/* Create the directory for the Prometheus file, as RuntimeDirectory= does under systemd. */
static void make_folder(const char *folder, const struct passwd *user)
{
	if (mkdir(folder, 0755) && errno != EEXIST) {
		log_warning("cannot create %s: %s", folder, strerror(errno));
		return;
	}
	if (chown(folder, user->pw_uid, user->pw_gid))
		log_warning("cannot change the owner of %s to %s: %s", folder, user->pw_name,
			    strerror(errno));
}

static int become(const char *name, const char *folder)
{
	const struct passwd *user;

	errno = 0;
	user = getpwnam(name);
	if (!user) {
		log_error("there is no user %s: create it, as sysusers.d does, or name another one "
			  "with --user", name);
		return -1;
	}
	if (folder)
		make_folder(folder, user);
	if (prctl(PR_SET_KEEPCAPS, 1))
		return failed("cannot keep capabilities");
	if (initgroups(user->pw_name, user->pw_gid))
		return failed("cannot set the groups");
	if (setresgid(user->pw_gid, user->pw_gid, user->pw_gid) ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid))
		return failed("cannot change the user");
	return 0;
}

/* This needs CAP_SETPCAP, so it has to come before root becomes another user. */
static void bound(void)
{
	cap_value_t c;

	for (c = 0; cap_get_bound(c) >= 0; c++) {
		if (c != kept && cap_get_bound(c))
			cap_drop_bound(c);
	}
}

/*
 * Under systemd there is nothing to drop, and the unit's filter of system calls would refuse
 * capset().
 */
static bool is_limited(cap_t now)
{
	cap_flag_value_t permitted, effective;
	cap_value_t c;

	for (c = 0; !cap_get_flag(now, c, CAP_PERMITTED, &permitted); c++) {
		if (cap_get_flag(now, c, CAP_EFFECTIVE, &effective) || effective != permitted ||
		    (c != kept && permitted == CAP_SET))
			return false;
	}
	return true;
}

/* A missing CAP_SYS_RESOURCE is no error here. The log reports it for the first device. */
static int limit(void)
{
	cap_flag_value_t has = CAP_CLEAR;
	cap_t now = cap_get_proc(), wanted = cap_init();
	int ret = -1;

	if (now && is_limited(now))
		ret = 0;
	else if (now && wanted && !cap_get_flag(now, kept, CAP_PERMITTED, &has) &&
	    (has == CAP_CLEAR ||
	     (!cap_set_flag(wanted, CAP_PERMITTED, 1, &kept, CAP_SET) &&
	      !cap_set_flag(wanted, CAP_EFFECTIVE, 1, &kept, CAP_SET))))
		ret = cap_set_proc(wanted);
	if (ret)
		failed("cannot drop capabilities");
	cap_free(now);
	cap_free(wanted);
	cap_reset_ambient();
	return ret;
}

int drop_privileges(const char *user, const char *folder)
{
	if (!geteuid()) {
		bound();
		if (become(user, folder))
			return -1;
	}
	if (limit())
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return failed("cannot set no_new_privs");
	return 0;
}
