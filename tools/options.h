/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_OPTIONS_H
#define ORSHIM_OPTIONS_H

/*
 * Parses options by the table that declares them: a row names an option, its
 * value, and the member of the command's struct that gets it. --help, the
 * manual page and the completions print the same rows.
 */
#include <stdbool.h>
#include <stddef.h>

enum option_type {
	OPTION_FLAG,   /* bool: it was given */
	OPTION_TEXT,   /* const char *: any word but an empty one */
	OPTION_PATH,   /* const char *: a file's name; "-" is standard input or output */
	OPTION_STDOUT, /* const char *: becomes "-"; an option without a value */
	OPTION_NUMBER, /* unsigned: 0 to MOST */
	OPTION_CHOICE, /* unsigned: which of the words in VALUE, from 1; 0: it was not given */
	OPTION_LIST,   /* struct option_list: may be given several times */
};

enum { OPTION_LIST_MAX = 64 };

struct option_list {
	const char *items[OPTION_LIST_MAX];
	size_t count;
};

struct command_option {
	const char *name;  /* "--html"; NULL ends the list */
	const char *value; /* as the help prints it: "FILE", "one|another"; NULL: none */
	enum option_type type;
	size_t at;           /* offset of the value in the command's struct, in bytes */
	unsigned most;       /* of OPTION_NUMBER */
	const char *meaning; /* lines after a line break are indented */
};

/* The offset of MEMBER in STRUCT; compiles only if MEMBER is of TYPE. */
#define OPTION_AT(STRUCT, MEMBER, TYPE)                                                        \
	(offsetof(STRUCT, MEMBER) +                                                            \
	 0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((STRUCT *)0)->MEMBER), TYPE) \
			     ? 1                                                               \
			     : -1]))

struct command;

/* The parsed command line after the command's name. */
struct arguments {
	const struct command *command;
	const struct command *all; /* the table of commands */
	const void *options; /* the command's struct, filled; never NULL */
	char **words;        /* words that are not options, in order; NULL after the last */
	int count;           /* number of words */
	bool help;           /* --help or -h was given */
};

/*
 * Parses ARGV[1] to ARGV[ARGC - 1] by the rows of C. Options and words may come
 * in any order. After "--" there are only words, as after the first word of a
 * command that takes a command line; in no other may a word be empty. OPTIONS has
 * room for C's struct and is zero. On a mistake dies with one line that names what is accepted. ARGV is
 * reordered and outlives A.
 */
void options_read(struct arguments *a, const struct command *c, void *options, int argc,
		  char **argv);

#endif
