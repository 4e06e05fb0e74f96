/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CHECK_MACHINE_H
#define ORSHIM_CHECK_MACHINE_H

/*
 * Checks this machine's keys without sending a request: the findings that
 * `orshim run` has, too, where each key is, which one each known tool would
 * use, and how the environments of running editors differ from this one.
 */
#include "tools/run/launch.h"

enum { CHECK_FINDINGS_MAX = 64, CHECK_TOOLS_MAX = 48, CHECK_EDITORS_MAX = 32 };

struct check_finding {
	enum severity severity;
	const char *rule;
	char text[LIMIT_DETAIL];
	char why[512], fix[512];
	char variable[LIMIT_SHOWN_NAME];
	char label[TOKEN_MASK_SIZE]; /* the wrong value, masked; "": none */
	int caret, caret_end;        /* columns of LABEL, from 0; -1: nothing to point at */
	char file[192];              /* "": not in a file */
	unsigned line;
	int pid; /* of an editor; 0 */
};

/* A tool that is known, and a key that it would find. */
struct check_tool {
	const char *tool;                /* static */
	const struct reach_key *key;     /* NULL: none of those that it reads is set */
	char variable[LIMIT_SHOWN_NAME]; /* variable it reads; "": the key is in its own file */
};

struct machine_check {
	struct launch *launch;
	struct check_finding findings[CHECK_FINDINGS_MAX]; /* the most severe first */
	size_t count;
	struct check_tool tools[CHECK_TOOLS_MAX];
	size_t tool_count;
	size_t editors, unreadable_editors; /* running processes of editors */
	const char *shell_trouble;          /* why they were not compared with a login shell; NULL */
};

/*
 * Reads this process's environment, working folder and home, and the user's
 * processes. If an editor is running, runs the user's login shell once.
 */
struct machine_check *machine_check(void);
void machine_check_release(struct machine_check *c);

enum severity machine_check_worst(const struct machine_check *c); /* SEVERITY_OFF: nothing */

/* The next base URL that the tool T would use, from *AT = 0 on; NULL: no more. */
const struct reach_key *check_tool_base(const struct machine_check *c, const struct check_tool *t,
					size_t *at);

/* The name of a place: "environment variable X", "./.env line 3"; into OUT. */
void check_place_words(const struct reach_key *k, char *out, size_t size);

/* Output formats, appended to OUT. */
void check_text(const struct machine_check *c, const struct text_style *style, struct buf *out);
void check_json(const struct machine_check *c, struct buf *out);

/* Shell commands for what a command can mend; they contain no value. Not run here. */
void check_edits(const struct machine_check *c, struct buf *out);

#endif
