/* SPDX-License-Identifier: MIT */
/* Drop all privileges but CAP_SYS_RESOURCE, if systemd has not done so. */
#ifndef BROKER_DROP_H
#define BROKER_DROP_H

/*
 * If this is root, become @user with its groups; before that, create @folder for that user,
 * unless it is NULL. Always drop all capabilities but CAP_SYS_RESOURCE, and set no_new_privs.
 * Returns 0, or -1 after it has logged the reason.
 */
int drop_privileges(const char *user, const char *folder);

#endif /* BROKER_DROP_H */
