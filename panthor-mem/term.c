/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "say.h"
#include "term.h"

static bool colour_wanted(const struct term *term, enum term_when when)
{
	const char *no = getenv("NO_COLOR");

	if (when != TERM_AUTO)
		return when == TERM_ALWAYS;
	return term->tty && !(no && *no);
}

void term_look(struct term *term, int fd, enum term_when when)
{
	const char *kind = getenv("TERM");
	bool is_tty = isatty(fd);
	struct winsize size = { 0 };

	*term = (struct term){ .tty = is_tty && kind && *kind && strcmp(kind, "dumb") };
	term->colour = colour_wanted(term, when);
	if (!is_tty)
		return;
	term->columns = 80;
	term->rows = 24;
	if (!ioctl(fd, TIOCGWINSZ, &size)) {
		if (size.ws_col)
			term->columns = size.ws_col;
		if (size.ws_row)
			term->rows = size.ws_row;
	}
}

/* --- the alternate screen --------------------------------------------------- */

#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"

static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

#define ENDS (sizeof(ends) / sizeof(ends[0]))

static volatile sig_atomic_t shown;

/* Also called in signal handlers, so it uses only write(). */
static void leave_now(void)
{
	ssize_t ignored = 0;

	if (shown)
		ignored = write(STDOUT_FILENO, LEAVE, sizeof(LEAVE) - 1);
	(void)ignored;
	shown = false;
}

/* Lets the signal take its default action. */
static void pass_on(int number)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t set;

	sigaction(number, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, number);
	raise(number);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void end(int number)
{
	leave_now();
	pass_on(number);
}

static void stop(int number);

static void catch_stop(void)
{
	struct sigaction action = { .sa_handler = stop };

	sigaction(SIGTSTP, &action, NULL);
}

static void stop(int number)
{
	int saved = errno;

	leave_now();
	pass_on(number);
	/* The program was continued. */
	catch_stop();
	errno = saved;
}

/* Only interrupts screen_rest(). */
static void wake(int number)
{
	(void)number;
}

static void take(int number, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler }, old;
	size_t i;

	sigemptyset(&action.sa_mask);
	for (i = 0; i < ENDS; i++)
		sigaddset(&action.sa_mask, ends[i]);
	if (!sigaction(number, NULL, &old) && old.sa_handler != SIG_IGN)
		sigaction(number, &action, NULL);
}

void screen_leave(void)
{
	fflush(stdout);
	leave_now();
}

void screen_start(void)
{
	struct sigaction old;
	size_t i;

	for (i = 0; i < ENDS; i++)
		take(ends[i], end);
	if (!sigaction(SIGTSTP, NULL, &old) && old.sa_handler != SIG_IGN)
		catch_stop();
	take(SIGCONT, wake);
	take(SIGWINCH, wake);
	atexit(screen_leave);
	say_before(screen_leave);
}

bool screen_enter(void)
{
	pid_t group = tcgetpgrp(STDOUT_FILENO);

	if (group >= 0 && group != getpgrp())
		return false;
	if (!shown) {
		/* Set first, so that a signal in between restores the screen. */
		shown = true;
		fputs(ENTER, stdout);
		fflush(stdout);
	}
	return true;
}

void screen_rest(int64_t ns)
{
	const struct timespec left = { ns / 1000000000, ns % 1000000000 };

	ppoll(NULL, 0, &left, NULL);
}
