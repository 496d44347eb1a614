/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "option.h"

/* The word of the option that was read last. Its value is the next word, or in the same word. */
static const char *word_of(char **argv)
{
	return argv[optarg && optarg == argv[optind - 1] ? optind - 2 : optind - 1];
}

/* NULL if there is no such option. */
static const char *name_of(const struct option *options, int value)
{
	while (options->name && options->val != value)
		options++;
	return options->name;
}

static void unknown(char why[OPTION_WHY], const char *word)
{
	snprintf(why, OPTION_WHY, "unknown or ambiguous option '%s'", word);
}

void option_unknown(char why[OPTION_WHY], char **argv)
{
	unknown(why, word_of(argv));
}

void option_why(char why[OPTION_WHY], int option, char **argv, const struct option *options)
{
	const char *word = argv[optind - 1];
	const char *name = optopt ? name_of(options, optopt) : NULL;

	/* @word is not the word of the option after a bad one among several short options. */
	if (option == ':')
		snprintf(why, OPTION_WHY, "%s needs a value", word);
	else if (name)
		snprintf(why, OPTION_WHY, "--%s takes no value", name);
	else if (optopt)
		snprintf(why, OPTION_WHY, "unknown option '-%c'", optopt);
	else
		unknown(why, word);
}

bool option_is_whole(char **argv, const char *name)
{
	const char *word = word_of(argv);

	return !strncmp(word, "--", 2) && !strncmp(word + 2, name, strlen(name));
}
