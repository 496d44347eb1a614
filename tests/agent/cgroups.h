/* SPDX-License-Identifier: MIT */
/* Cgroups for tests: real ones if this user may create some, else files that look like them. */
#ifndef CGROUPS_H
#define CGROUPS_H

#include <stdbool.h>
#include <sys/types.h>

#define CGROUPS_PATH 256

struct cgroups_tree {
	bool real;
	char sys[CGROUPS_PATH]; /* instead of /sys */
	char top[CGROUPS_PATH]; /* of cgroupfs */
	char user[CGROUPS_PATH]; /* the cgroup of the user's service manager */
	uid_t uid;		 /* who may change the cgroups below @user */
};

/* Can there be real ones? */
bool cgroups_real_possible(void);
/* Can directories have attributes there? Those of tmpfs need Linux 6.6. */
bool cgroups_attributes_possible(const char *dir);
/* @dir: an empty directory for links and files. @uid: see source_cgroup_new(). */
void cgroups_start(struct cgroups_tree *t, const char *dir, bool real, uid_t uid);
/* End all processes in real ones, and remove everything. */
void cgroups_stop(struct cgroups_tree *t);

/* The names of cgroups below @user, like "app.slice/app-a.scope". */
void cgroups_make(const struct cgroups_tree *t, const char *name);
void cgroups_remove(const struct cgroups_tree *t, const char *name);
void cgroups_add(const struct cgroups_tree *t, const char *name, pid_t pid);
/* NULL removes the attribute. */
void cgroups_attribute(const struct cgroups_tree *t, const char *name, const char *value);
bool cgroups_is_frozen(const struct cgroups_tree *t, const char *name);
void cgroups_path(const struct cgroups_tree *t, const char *name, char path[CGROUPS_PATH]);

#endif /* CGROUPS_H */
