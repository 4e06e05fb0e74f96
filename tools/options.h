/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_OPTIONS_H
#define ORSHIM_OPTIONS_H

/*
 * Options are read by the table that declares them: a row names an option, says
 * what value it takes, and where in the command's struct the value goes. The
 * same rows are printed by --help, the manual page and the completions.
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
	const char *value; /* as the help calls it: "FILE", "one|another"; NULL: it has none */
	enum option_type type;
	size_t at;           /* of the value in the command's struct, in bytes */
	unsigned most;       /* of OPTION_NUMBER */
	const char *meaning; /* a line break goes on below itself */
};

/* The place of MEMBER in STRUCT; does not compile unless it is of TYPE. */
#define OPTION_AT(STRUCT, MEMBER, TYPE)                                                        \
	(offsetof(STRUCT, MEMBER) +                                                            \
	 0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((STRUCT *)0)->MEMBER), TYPE) \
			     ? 1                                                               \
			     : -1]))

struct command;

/* What the user wrote behind the command's name. */
struct arguments {
	const struct command *command;
	const struct command *all; /* the table of commands */
	const void *options; /* the command's struct, filled in; never NULL */
	char **words;        /* what is no option, in order; NULL behind the last */
	int count;           /* of them */
	bool help;           /* --help or -h was among the options */
};

/*
 * Reads ARGV[1] to ARGV[ARGC - 1] by the rows of C. Options and words may come in
 * any order; words alone follow "--", and follow the first word of a command that
 * takes a command line. OPTIONS has room for C's struct and is zero. Dies with
 * one line that says what is accepted. ARGV is reordered and outlives A.
 */
void options_read(struct arguments *a, const struct command *c, void *options, int argc,
		  char **argv);

#endif
