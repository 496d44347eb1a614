// SPDX-License-Identifier: MIT
/*
 * First process of a machine that boots the kernel package (boot-kernel-deb.sh). It loads
 * panthor without and with its KUnit tests, and powers the machine off. Its messages go to the
 * kernel log, because on the console they would mix with those of the kernel.
 *
 * Files in the initramfs:
 *   /zram     the modules of zram, /panthor those of panthor: a path in each line, in the order
 *             in which they have to be loaded
 *   /swap     the first page of a swap device of SWAP_SIZE
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_MODULES 32

struct list {
	char path[MAX_MODULES][256];
	int count;
};

static FILE *out;

static void power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	_exit(1);
}

static void __attribute__((format(printf, 1, 2), noreturn)) fail(const char *format, ...)
{
	va_list args;

	fprintf(out, "init: error: ");
	va_start(args, format);
	vfprintf(out, format, args);
	va_end(args);
	fprintf(out, "\n");
	power_off();
	abort();
}

static void read_list(const char *path, struct list *list)
{
	FILE *file = fopen(path, "re");

	list->count = 0;
	if (!file)
		fail("cannot open %s: %s", path, strerror(errno));
	while (fgets(list->path[list->count], sizeof(list->path[0]), file)) {
		char *line = list->path[list->count];

		line[strcspn(line, "\n")] = '\0';
		if (++list->count == MAX_MODULES)
			fail("%s has too many modules", path);
	}
	fclose(file);
}

/* Stores the name of a module: that of its file, with "_" instead of "-". */
static void name_of(const char *path, char *name, size_t size)
{
	const char *base = strrchr(path, '/');

	snprintf(name, size, "%s", base ? base + 1 : path);
	name[strcspn(name, ".")] = '\0';
	for (char *c = name; *c; c++) {
		if (*c == '-')
			*c = '_';
	}
}

/* Loads the modules, the one with the name kunit with @kunit as its parameters. */
static void load(const struct list *list, const char *kunit)
{
	for (int i = 0; i < list->count; i++) {
		const char *path = list->path[i];
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		char name[64];

		name_of(path, name, sizeof(name));
		if (fd < 0)
			fail("cannot open %s: %s", path, strerror(errno));
		if (syscall(SYS_finit_module, fd, strcmp(name, "kunit") ? "" : kunit, 0) < 0)
			fail("cannot load %s: %s", path, strerror(errno));
		close(fd);
	}
}

static void unload(const struct list *list)
{
	for (int i = list->count - 1; i >= 0; i--) {
		char name[64];

		name_of(list->path[i], name, sizeof(name));
		if (syscall(SYS_delete_module, name, O_NONBLOCK) < 0)
			fail("cannot unload %s: %s", name, strerror(errno));
	}
}

static void write_file(const char *path, const char *text, size_t length)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, length) != (ssize_t)length)
		fail("cannot write %s: %s", path, strerror(errno));
	close(fd);
}

static void swap_on(void)
{
	static char page[4096];
	FILE *header = fopen("/swap", "re");

	if (!header || fread(page, 1, sizeof(page), header) != sizeof(page))
		fail("cannot read /swap");
	fclose(header);
	write_file("/sys/block/zram0/disksize", SWAP_SIZE, strlen(SWAP_SIZE));
	write_file("/dev/zram0", page, sizeof(page));
	if (swapon("/dev/zram0", 0) < 0)
		fail("cannot swap on /dev/zram0: %s", strerror(errno));
}

static void mount_at(const char *type, const char *target)
{
	mkdir(target, 0755);
	if (mount(type, target, type, 0, NULL) < 0 && errno != EBUSY)
		fail("cannot mount %s on %s: %s", type, target, strerror(errno));
}

int main(void)
{
	struct list zram, panthor;

	out = stdout;
	mount_at("devtmpfs", "/dev");
	out = fopen("/dev/kmsg", "we");
	if (!out)
		power_off();
	/* A message of the log is what one call writes. */
	setvbuf(out, NULL, _IOLBF, 0);
	mount_at("sysfs", "/sys");
	read_list("/zram", &zram);
	read_list("/panthor", &panthor);

	load(&zram, "");
	swap_on();
	load(&panthor, "");
	fprintf(out, "init: loaded as on a board\n");
	unload(&panthor);
	load(&panthor, "enable=1");
	fprintf(out, "init: loaded with tests\n");
	unload(&panthor);
	fprintf(out, "init: done\n");
	power_off();
}
