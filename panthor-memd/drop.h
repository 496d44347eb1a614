/* SPDX-License-Identifier: MIT */
/* Giving up everything but the one capability, where no systemd has done it. */
#ifndef BROKER_DROP_H
#define BROKER_DROP_H

/*
 * From root to @user: its groups, CAP_SYS_RESOURCE and no other capability, no new
 * privileges. As another user, only what it has too much. @folder, if not NULL, is made for
 * that user first. 0, or -1 after words in the log.
 */
int drop_privileges(const char *user, const char *folder);

#endif /* BROKER_DROP_H */
