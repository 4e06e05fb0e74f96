/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_COMMAND_H
#define ORSHIM_COMMAND_H

/*
 * What the commands of `orshim` share: their row in the table, and how they
 * fail, with one line on stderr and exit status 2.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "report/text.h"
#include "tools/options.h"

enum exit_status {
	EXIT_CLEAN = 0,	   /* nothing at or above ERROR */
	EXIT_FINDINGS = 1, /* something was found */
	EXIT_TROUBLE = 2,  /* of the command itself */
	EXIT_NOTHING = 3,  /* nothing was observed although something was expected */
};

enum { WORDS_ANY = ~0u >> 1 }; /* of a command that takes any number */
enum { DOCUMENT_MAX = 4 << 20 }; /* limit of a page that is made from a table */

/*
 * One command. Help, manual page and completions are made from this row.
 * COMPLETES lists words separated by bars: FILE, RULE, PROGRAM, NAME (of a
 * variable) and COMMAND are replaced by all of these, LINE by another program's
 * command line. A lower-case word is itself. For any other word no shell can
 * list values. Option values use the same syntax.
 */
struct command {
	const char *name;
	int (*run)(const struct arguments *a); /* returns the exit status */
	const char *summary;   /* one line of `orshim --help` */
	const char *arguments; /* after the options; a further form goes on a new line */
	const char *completes; /* the arguments; NULL: there are none */
	unsigned most_words;   /* behind the options; WORDS_ANY */
	const struct command_option *options;
	size_t options_size; /* of the struct into which they are parsed */
	const char *notes; /* paragraphs below the options; NULL: none */
	const char *example;
};

extern const struct command commands[]; /* ended by a row without a name */

/* NAME (static) is put in front of each complaint that does not begin with it. */
void complain_as(const char *name);

/* Print one line on stderr and exit with status 2. FORMAT says what is wrong and what to do. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

/* Have die() call LEAVE first: a line on a full screen would vanish with it. */
void leave_before_dying(void (*leave)(void));

/* The same without the exit, for errors that the command survives. */
__attribute__((format(printf, 1, 2))) void warn(const char *format, ...);

/* Append the file ("-" is stdin) to OUT; dies when it cannot be read or does not fit. */
void read_file(const char *path, struct buf *out);

/* Append a formatted line to OUT; dies without memory. */
__attribute__((format(printf, 2, 3))) void say(struct buf *out, const char *format, ...);

/* Write all of S to a descriptor, with retries. False when the reader is gone. */
bool write_all(int fd, struct slice s);

/* Flush OUT to stdout. */
void print_out(struct buf *out);

/* The style for text on the terminal of FD. */
void style_of(int fd, struct text_style *style);

/* The name in TABLE, of COUNT rows, that is nearest to WORD, for "did you mean"; NULL if none is near. */
const char *nearest_name(const char *word, const char *(*name_at)(const void *table, size_t i),
			 const void *table, size_t count);

/* The row called NAME; if there is none, dies and suggests the nearest name. */
const struct command *command_or_die(const struct command *all, const char *name);

/* "usage: …" of one command, its options, notes and an example. */
void put_help(struct buf *out, const struct command *c);

/* The page of the command as a whole. */
void put_overview(struct buf *out, const struct command *all);

#endif
