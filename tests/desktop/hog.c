/* SPDX-License-Identifier: MIT */
/*
 * usage: hog MIB [MIB_PER_SECOND]
 *
 * A program that needs this much RAM, all the time: it reads and writes every page again and
 * again, with a short rest after each pass. Half of each page does not compress. It begins with
 * nothing, takes as much as it can or, unless that is 0, MIB_PER_SECOND, and prints "ready". At
 * the end of its input, it prints the number of passes and the time of the longest one in ns, and
 * exits.
 */
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define PAGE_WORDS (4096 / sizeof(uint64_t))
#define MIB_PAGES 256
#define REST_MS 100
#define MIB_MOST 4096

static uint64_t random_word(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void rest(unsigned long part_of_second)
{
	const struct timespec time = { .tv_sec = part_of_second == 1,
				       .tv_nsec = 1000000000 / part_of_second % 1000000000 };

	nanosleep(&time, NULL);
}

static void fill(uint64_t *words, size_t pages, unsigned long mib_per_second)
{
	uint64_t state = 1;
	size_t page, word;

	for (page = 0; page < pages; page++) {
		for (word = 0; word < PAGE_WORDS; word += 2)
			words[page * PAGE_WORDS + word] = random_word(&state);
		if (mib_per_second && page % MIB_PAGES == 0)
			rest(mib_per_second);
	}
}

static void pass(uint64_t *words, size_t pages)
{
	size_t page;

	for (page = 0; page < pages; page++)
		words[page * PAGE_WORDS + 1]++;
}

int main(int argc, char **argv)
{
	const unsigned long mib = argc == 2 || argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
	const unsigned long rate = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	const size_t pages = mib * MIB_PAGES;
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	int64_t longest = 0;
	unsigned long passes = 0;
	uint64_t *words;

	if (!mib || mib > MIB_MOST) {
		fprintf(stderr, "usage: hog MIB [MIB_PER_SECOND], at most %d MiB\n", MIB_MOST);
		return 2;
	}
	prctl(PR_SET_NAME, "hog");
	words = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (words == MAP_FAILED) {
		perror("hog: mmap");
		return 1;
	}
	fill(words, pages, rate);
	puts("ready");
	fflush(stdout);
	while (poll(&input, 1, REST_MS) == 0) {
		const int64_t begin = now_ns();

		pass(words, pages);
		if (now_ns() - begin > longest)
			longest = now_ns() - begin;
		passes++;
	}
	printf("%lu %lld\n", passes, (long long)longest);
	return 0;
}
