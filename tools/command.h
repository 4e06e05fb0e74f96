/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_COMMAND_H
#define ORSHIM_COMMAND_H

/*
 * What the commands of `orshim` share: the row in the table, and how they
 * fail: one line on stderr, exit status 2.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "report/text.h"
#include "tools/options.h"

enum exit_status {
	EXIT_CLEAN = 0,	   /* nothing at or above ERROR */
	EXIT_FINDINGS = 1, /* something was found */
	EXIT_TROUBLE = 2,  /* with the command itself */
	EXIT_NOTHING = 3,  /* nothing was seen where something was asked for */
};

enum { WORDS_ANY = ~0u >> 1 }; /* of a command that takes any number */
enum { DOCUMENT_MAX = 4 << 20 }; /* most bytes of a page made of a table */

/*
 * A command: help, manual page and completions are all made of this. COMPLETES
 * is words by bars: FILE, RULE, PROGRAM, NAME (of a variable) and COMMAND stand
 * for all of these, LINE for a command line of another program, a lower-case
 * word for itself, any other for what no shell can list. So do option values.
 */
struct command {
	const char *name;
	int (*run)(const struct arguments *a); /* returns the exit status */
	const char *summary;   /* one line of `orshim --help` */
	const char *arguments; /* after the options; a further form on a line of its own */
	const char *completes; /* the arguments; NULL: there are none */
	unsigned most_words;   /* behind the options; WORDS_ANY */
	const struct command_option *options;
	size_t options_size; /* of the struct that they are read into */
	const char *notes; /* paragraphs below the options; NULL: none */
	const char *example;
};

extern const struct command commands[]; /* ended by a row without a name */

/* One line on stderr, exit status 2. FORMAT says what, and what to do. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

/* The same without the end; for what the command survives. */
__attribute__((format(printf, 1, 2))) void warn(const char *format, ...);

/* Append the file ("-" is stdin) to OUT; dies when it cannot be read or does not fit. */
void read_file(const char *path, struct buf *out);

/* Append a formatted line to OUT; dies without memory. */
__attribute__((format(printf, 2, 3))) void say(struct buf *out, const char *format, ...);

/* Write all of S to a descriptor, whatever it takes. False when the reader is gone. */
bool write_all(int fd, struct slice s);

/* Flush OUT to stdout. */
void print_out(struct buf *out);

/* How to write for the terminal behind FD. */
void style_of(int fd, struct text_style *style);

/* The name in TABLE, of COUNT rows, that is nearest to WORD, for "did you mean"; NULL if none is near. */
const char *nearest_name(const char *word, const char *(*name_at)(const void *table, size_t i),
			 const void *table, size_t count);

/* The row called NAME; dies without one and says which is near. */
const struct command *command_or_die(const struct command *all, const char *name);

/* "usage: …" of one command, its options, notes and an example. */
void put_help(struct buf *out, const struct command *c);

/* The page of the command as a whole. */
void put_overview(struct buf *out, const struct command *all);

#endif
