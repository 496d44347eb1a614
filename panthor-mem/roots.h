/* SPDX-License-Identifier: MIT */
/* Where the kernel's file systems are mounted. Tests use their own. */
#ifndef TOOL_ROOTS_H
#define TOOL_ROOTS_H

struct roots {
	const char *proc; /* "/proc" */
	const char *sys;  /* "/sys" */
};

#endif /* TOOL_ROOTS_H */
