/* SPDX-License-Identifier: MIT */
/*
 * Which code of the driver have the calls of a test reached?
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cover.h"

#define KCOV "/sys/kernel/debug/kcov"
#define KCOV_INIT_TRACE _IOR('c', 1, unsigned long)
#define KCOV_ENABLE _IO('c', 100)
#define KCOV_TRACE_PC 0

/* Blocks that one call can enter until the rest is lost. */
#define RECORDS (256u << 10)

/* A table of addresses, a power of two. The driver has fewer blocks. */
#define SLOTS (1u << 16)

static _Atomic(uint64_t) *slots;
static __thread unsigned long *records;

int cover_init(void)
{
	slots = mmap(NULL, SLOTS * sizeof(*slots), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (slots == MAP_FAILED) {
		slots = NULL;
		return -errno;
	}
	return 0;
}

void cover_thread(void)
{
	int fd = open(KCOV, O_RDWR | O_CLOEXEC);
	void *mem;

	records = NULL;
	if (fd < 0)
		return;
	mem = ioctl(fd, KCOV_INIT_TRACE, (unsigned long)RECORDS) ? MAP_FAILED :
	      mmap(NULL, RECORDS * sizeof(*records), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mem == MAP_FAILED || ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC)) {
		close(fd);
		return;
	}
	/* The descriptor stays open as long as the thread records. */
	records = mem;
}

void cover_restart(void)
{
	if (records)
		__atomic_store_n(&records[0], 0, __ATOMIC_RELAXED);
}

static bool add(uint64_t address)
{
	uint64_t hash = address * UINT64_C(0x9e3779b97f4a7c15) >> 32;

	for (uint64_t i = 0; i < SLOTS; i++) {
		_Atomic(uint64_t) *slot = &slots[(hash + i) % SLOTS];
		uint64_t old = atomic_load_explicit(slot, memory_order_relaxed);

		if (old == address)
			return false;
		if (old)
			continue;
		if (atomic_compare_exchange_strong(slot, &old, address))
			return true;
		if (old == address)
			return false;
	}
	return false;
}

size_t cover_add(void)
{
	size_t count = 0;
	unsigned long end;

	if (!records || !slots)
		return 0;
	end = __atomic_load_n(&records[0], __ATOMIC_RELAXED);
	for (unsigned long i = 1; i <= end && i < RECORDS; i++)
		count += add(records[i]);
	cover_restart();
	return count;
}

size_t cover_count(void)
{
	size_t count = 0;

	for (size_t i = 0; slots && i < SLOTS; i++)
		count += !!atomic_load_explicit(&slots[i], memory_order_relaxed);
	return count;
}
