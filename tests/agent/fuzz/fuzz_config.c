/* SPDX-License-Identifier: MIT */
/* The configuration. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int fd = memfd_create("config", MFD_CLOEXEC);
	char path[64], why[CONFIG_WHY];
	struct config c;
	int ret;

	FUZZ_CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	config_default(&c);
	ret = config_read(&c, path, why);
	FUZZ_CHECK(memchr(why, 0, sizeof(why)));
	/* An error says why. */
	FUZZ_CHECK(!ret || *why);
	if (!ret) {
		FUZZ_CHECK(c.critical <= c.low && c.low < c.high && c.high <= 100);
		FUZZ_CHECK(c.psi_stall <= c.psi_window && c.psi_window);
		FUZZ_CHECK(config_grace(&c, "x", false) <= POLICY_GRACE_MOST);
		FUZZ_CHECK(c.source < SOURCE_KINDS);
	}
	config_free(&c);
	close(fd);
	return 0;
}
