/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LOG_FILTER_H
#define ORSHIM_LOG_FILTER_H

/*
 * Which requests a command looks at: --since --until --status --host --process --model
 * --cause --key. A request has to fit each option that was given, and one of its values.
 */
#include "tools/log/log_read.h"
#include "tools/options.h"

/* What the user wrote; part of a command's struct of options. */
struct filter_options {
	const char *since, *until;
	struct option_list status, host, process, model, cause, key;
};

enum { FILTER_VALUES_MAX = 64, FILTER_VALUE_MAX = 256 };

struct filter_values {
	char texts[FILTER_VALUES_MAX][FILTER_VALUE_MAX];
	size_t count;
};

struct log_filter {
	bool given;           /* any of the options */
	int64_t since, until; /* microseconds; until is not in it */
	struct filter_values status, host, process, model, cause, key;
};

/* What is asked of an exchange; NULL where the record has none. */
struct filter_subject {
	int64_t time_us;
	int status, pid;
	const char *host, *tool, *model, *cause, *token, *key;
};

/*
 * Reads the options of COMMAND at the time NOW_US. Dies with one line over a value
 * that is none. The caller frees it with free().
 */
struct log_filter *log_filter_read(const struct filter_options *o, const char *command,
				   int64_t now_us);

bool log_filter_takes(const struct log_filter *f, const struct filter_subject *s);
bool log_filter_takes_row(const struct log_filter *f, const struct log_row *row);

/*
 * Takes the rows out of L, sorted or not, that do not fit: exchanges, connections, and
 * processes of which no other row is left. Exchanges keep their numbers. Returns how
 * many exchanges and connections are left.
 */
size_t log_filter_apply(const struct log_filter *f, struct log *l);

#endif
