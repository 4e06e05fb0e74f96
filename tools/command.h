/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_COMMAND_H
#define ORSHIM_COMMAND_H

/*
 * What the commands of `orshim` share: the row in the table, the way options
 * are read, and how they fail: one line on stderr, exit status 2.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "report/text.h"

enum exit_status {
	EXIT_CLEAN = 0,	   /* nothing at or above ERROR */
	EXIT_FINDINGS = 1, /* something was found */
	EXIT_TROUBLE = 2,  /* with the command itself */
	EXIT_NOTHING = 3,  /* nothing was seen where something was asked for */
};

enum { DOCUMENT_MAX = 4 << 20 }; /* most bytes of a page made of a table */

struct command_option {
	const char *name;    /* "--html"; NULL ends the list */
	const char *value;   /* as the help calls it: "FILE", "one|another"; NULL: it has none */
	const char *meaning; /* a line break goes on below itself */
};

/*
 * A command: help, manual page and completions are all made of this. COMPLETES
 * is words by bars: FILE, RULE, PROGRAM, NAME (of a variable) and COMMAND stand
 * for all of these, LINE for a command line of another program, a lower-case
 * word for itself, any other for what no shell can list. So do option values.
 */
struct command {
	const char *name;
	/* argv[0] is the command's name; returns the exit status */
	int (*run)(int argc, char **argv);
	const char *summary;   /* one line of `orshim --help` */
	const char *arguments; /* after the options; a further form on a line of its own */
	const char *completes; /* the arguments; NULL: there are none */
	const struct command_option *options;
	const char *notes; /* paragraphs below the options; NULL: none */
	const char *example;
};

extern const struct command commands[];
extern const size_t command_count;

/* One line on stderr, exit status 2. FORMAT says what, and what to do. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

/* The same without the end; for what the command survives. */
__attribute__((format(printf, 1, 2))) void warn(const char *format, ...);

/*
 * The value of option NAME at argv[*at], as "--name VALUE" or "--name=VALUE";
 * moves *AT past it. NULL if argv[*at] is another word; dies without a value.
 */
const char *option_value(int argc, char **argv, int *at, const char *name);

/* Die over argv[AT], which COMMAND does not know. */
__attribute__((noreturn)) void die_of_option(const char *command, const char *word);

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

/* The row whose name is nearest to WORD, for "did you mean"; NULL if none is near. */
const char *nearest_name(const char *word, const char *(*name_at)(size_t i), size_t count);

/* The row called NAME; dies without one and says which is near. */
const struct command *command_or_die(const char *name);

/* "usage: …" of one command, its options, notes and an example. */
void put_help(struct buf *out, const struct command *c);

/* The page of the command as a whole. */
void put_overview(struct buf *out);

int cmd_attach(int argc, char **argv);
int cmd_baseline(int argc, char **argv);
int cmd_completion(int argc, char **argv);
int cmd_curl(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_env(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_lint(int argc, char **argv);
int cmd_relay(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_rules(int argc, char **argv);
int cmd_rerun(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_runs(int argc, char **argv);
int cmd_watch(int argc, char **argv);

#endif
