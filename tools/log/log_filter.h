/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LOG_FILTER_H
#define ORSHIM_LOG_FILTER_H

/*
 * Selects the requests for a command: --since --until --status --host --process
 * --model --cause --key, and what a fleet has: --machine --container --boot --ci
 * --tool-version --orshim. A request must match each option that was given, and
 * for each option one of the values.
 */
#include "tools/log/log_read.h"
#include "tools/options.h"

/* Where a request was made, and by which versions. */
enum filter_place {
	FILTER_MACHINE,
	FILTER_CONTAINER,
	FILTER_BOOT,
	FILTER_CI,
	FILTER_TOOL_VERSION,
	FILTER_ORSHIM,
	FILTER_PLACES,
};

/* What the user wrote; part of a command's struct of options. */
struct filter_options {
	const char *since, *until;
	struct option_list status, host, process, model, cause, key;
	struct option_list places[FILTER_PLACES];
};

enum { FILTER_VALUES_MAX = 64, FILTER_VALUE_MAX = 256 };

struct filter_values {
	char texts[FILTER_VALUES_MAX][FILTER_VALUE_MAX];
	size_t count;
};

struct log_filter {
	bool given;           /* any of the options */
	int64_t since, until; /* microseconds; until is exclusive */
	struct filter_values status, host, process, model, cause, key;
	struct filter_values places[FILTER_PLACES];
};

/* The values of an exchange to compare; NULL if the record lacks one. */
struct filter_subject {
	int64_t time_us;
	int status, pid;
	const char *host, *tool, *model, *cause, *token, *key;
	const char *places[FILTER_PLACES];
};

/*
 * Parses the options of COMMAND at the time NOW_US. Dies with one line if a
 * value is malformed. The caller frees the result with free().
 */
struct log_filter *log_filter_read(const struct filter_options *o, const char *command,
				   int64_t now_us);

/* RFC 3339, section 5.6, with or without seconds, in microseconds; -1: another form. */
int64_t log_filter_date(const char *text);

bool log_filter_takes(const struct log_filter *f, const struct filter_subject *s);
bool log_filter_takes_row(const struct log_filter *f, const struct log_row *row);

/*
 * Removes the rows from L, sorted or not, that do not match: exchanges,
 * connections, and processes without any other row left. Exchanges keep their
 * numbers. Returns how many exchanges and connections are left.
 */
size_t log_filter_apply(const struct log_filter *f, struct log *l);

#endif
