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
};

struct command {
	const char *name;
	/* argv[0] is the command's name; returns the exit status */
	int (*run)(int argc, char **argv);
	const char *summary;		   /* one line of `orshim --help` */
	const char *usage;		   /* after "usage: orshim " */
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

int cmd_baseline(int argc, char **argv);
int cmd_curl(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_env(int argc, char **argv);
int cmd_explain(int argc, char **argv);
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
