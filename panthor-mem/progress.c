/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "amount.h"
#include "cgroup.h"
#include "memory.h"
#include "progress.h"
#include "scan.h"
#include "target.h"
#include "term.h"
#include "text.h"

/* A call that ends sooner needs no line. */
#define FIRST_MS 300
#define NEXT_MS 200
#define BAR 20
#define CLEAR "\r\033[K"

static volatile sig_atomic_t drawn;
static volatile sig_atomic_t ending;

struct progress {
	const struct roots *roots;
	const char *node;
	enum operation_kind kind;
	/* What to scan. Blind: procfs does not show the progress. */
	bool blind;
	struct number_list pids;
	struct number_list clients;
	char *name;
	struct fdinfo_bytes before;
	struct term term;

	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool over;
};

static void look(const struct progress *p, struct fdinfo_bytes *sum)
{
	const struct scan_wish wish = {
		.node = p->node,
		.pids = p->pids.count ? &p->pids : NULL,
		.clients = p->clients.count ? &p->clients : NULL,
	};
	struct scan s;

	memset(sum, 0, sizeof(*sum));
	if (p->blind || scan(&s, p->roots, &wish))
		return;
	*sum = s.sum;
	scan_free(&s);
}

static void line(const struct progress *p)
{
	char done_text[AMOUNT_TEXT], all_text[AMOUNT_TEXT], bar[BAR + 1];
	enum fdinfo_kind source = p->kind == OPERATION_RECLAIM ? FDINFO_RESIDENT : FDINFO_EVICTED;
	struct fdinfo_bytes now;
	uint64_t all = p->before.value[source], done = 0;
	char *text;

	look(p, &now);
	if (now.value[source] < all)
		done = all - now.value[source];
	if (p->before.known[source] && now.known[source] && all) {
		memset(bar, ' ', BAR);
		memset(bar, '#', (size_t)((double)done / (double)all * BAR));
		bar[BAR] = '\0';
		text = memory_text("%sing %s [%s] %s of %s", operation_names[p->kind], p->name,
				   bar, amount_size(done_text, done),
				   amount_size(all_text, all));
	} else {
		text = memory_text("%sing %s ...", operation_names[p->kind], p->name);
	}
	/* The last column stays free, because some terminals would start a new line. */
	drawn = true;
	if (!ending)
		fprintf(stderr, "\r%.*s\033[K", (int)text_fit(text, p->term.columns - 1), text);
	fflush(stderr);
	free(text);
}

static void *run(void *data)
{
	struct progress *p = data;
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_nsec += FIRST_MS * 1000000L;
	pthread_mutex_lock(&p->lock);
	while (!p->over) {
		at.tv_sec += at.tv_nsec / 1000000000;
		at.tv_nsec %= 1000000000;
		if (!pthread_cond_timedwait(&p->wake, &p->lock, &at))
			continue;
		pthread_mutex_unlock(&p->lock);
		line(p);
		clock_gettime(CLOCK_MONOTONIC, &at);
		at.tv_nsec += NEXT_MS * 1000000L;
		pthread_mutex_lock(&p->lock);
	}
	pthread_mutex_unlock(&p->lock);
	if (drawn)
		fputs(CLEAR, stderr);
	drawn = false;
	return NULL;
}

/* The thread blocks all signals: they have to end the call of the main thread. */
static int start_thread(struct progress *p)
{
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	ret = pthread_create(&p->thread, NULL, run, p);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ret;
}

/* Chooses what to scan: a client, or processes if procfs has our own numbers. */
static void choose(struct progress *p, const struct target *t)
{
	bool unseen;

	if (t->kind == TARGET_CLIENT) {
		number_list_add(&p->clients, t->client);
		if (t->pid)
			number_list_add(&p->pids, t->pid);
	} else if (!process_numbers_count(p->roots)) {
		p->blind = true;
	} else if (t->kind == TARGET_PROCESS) {
		number_list_add(&p->pids, t->pid);
	} else {
		p->blind = cgroup_processes(p->roots, t->cgroup, &p->pids, &unseen) ||
			   !p->pids.count;
	}
}

/* "1002 game", "client 7 of 1002 game", "cgroup /apps" */
static char *name_of(const struct target *t)
{
	char *raw, *name;
	size_t size;

	if (t->kind == TARGET_PROCESS)
		raw = memory_text("%d%s%s", (int)t->pid, *t->name ? " " : "", t->name);
	else
		raw = target_text(t);
	size = strlen(raw) + 1;
	name = memory_grow(NULL, 0, size, 1);
	text_printable(name, size, raw);
	free(raw);
	return name;
}

struct progress *progress_start(const struct roots *roots, const char *node,
				enum operation_kind kind, const struct target *target, bool seen)
{
	pthread_condattr_t attr;
	struct progress *p;
	struct term term;

	term_look(&term, STDERR_FILENO, TERM_NEVER);
	if (!term.tty)
		return NULL;
	p = memory_grow(NULL, 0, 1, sizeof(*p));
	p->roots = roots;
	p->node = node;
	p->kind = kind;
	p->term = term;
	choose(p, target);
	p->name = name_of(target);
	if (seen)
		look(p, &p->before);
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->wake, &attr);
	pthread_condattr_destroy(&attr);
	if (start_thread(p)) {
		/* The call works without a progress line. */
		p->over = true;
		progress_end(p);
		return NULL;
	}
	return p;
}

void progress_clear(void)
{
	ssize_t ignored = 0;

	ending = true;
	if (drawn)
		ignored = write(STDERR_FILENO, CLEAR, sizeof(CLEAR) - 1);
	(void)ignored;
}

void progress_end(struct progress *p)
{
	if (!p)
		return;
	if (!p->over) {
		pthread_mutex_lock(&p->lock);
		p->over = true;
		pthread_cond_signal(&p->wake);
		pthread_mutex_unlock(&p->lock);
		pthread_join(p->thread, NULL);
	}
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
	number_list_free(&p->pids);
	number_list_free(&p->clients);
	free(p->name);
	free(p);
}
