/* SPDX-License-Identifier: MIT */
/*
 * Runs a target with each file of a directory, and with changed copies of them.
 * usage: PROGRAM -runs=COUNT DIRECTORY
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

#define SEEDS 64
#define SIZE 8192

static struct {
	uint8_t bytes[SIZE];
	size_t size;
} seeds[SEEDS];
static size_t n_seeds;

static uint64_t random_state = 88172645463325252u;

static size_t random_below(size_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return limit ? (size_t)(random_state % limit) : 0;
}

static bool read_seeds(const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	char path[512];

	while (dir && n_seeds < SEEDS && (entry = readdir(dir))) {
		FILE *file;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		file = fopen(path, "re");
		if (!file)
			break;
		seeds[n_seeds].size = fread(seeds[n_seeds].bytes, 1, SIZE, file);
		n_seeds++;
		fclose(file);
	}
	if (dir)
		closedir(dir);
	return n_seeds;
}

/* Change, remove, repeat or take over some bytes. */
static size_t change(uint8_t *bytes, size_t size)
{
	const size_t at = random_below(size + 1), length = random_below(size - at + 1);
	const size_t other = random_below(n_seeds);

	switch (random_below(4)) {
	case 0:
		if (at < size)
			bytes[at] = (uint8_t)random_below(256);
		return size;
	case 1:
		memmove(bytes + at, bytes + at + length, size - at - length);
		return size - length;
	case 2:
		if (size + length > SIZE)
			return size;
		memmove(bytes + at + length, bytes + at, size - at);
		return size + length;
	default:
		if (at < seeds[other].size && at < size)
			bytes[at] = seeds[other].bytes[at];
		return size;
	}
}

static void run(const uint8_t *bytes, size_t size)
{
	/* Its end is the end of what may be read. */
	uint8_t *copy = malloc(size + !size);

	memcpy(copy, bytes, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

int main(int argc, char **argv)
{
	static uint8_t bytes[SIZE];
	unsigned long runs, i;
	size_t size, n;

	if (argc != 3 || sscanf(argv[1], "-runs=%lu", &runs) != 1 || !read_seeds(argv[2])) {
		fprintf(stderr, "usage: PROGRAM -runs=COUNT DIRECTORY\n");
		return 2;
	}
	for (n = 0; n < n_seeds; n++)
		run(seeds[n].bytes, seeds[n].size);
	for (i = 0; i < runs; i++) {
		n = random_below(n_seeds);
		size = seeds[n].size;
		memcpy(bytes, seeds[n].bytes, size);
		for (n = random_below(8); n; n--)
			size = change(bytes, size);
		run(bytes, size);
	}
	printf("%lu runs from %zu files\n", runs, n_seeds);
	return 0;
}
