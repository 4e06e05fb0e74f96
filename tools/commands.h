/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_COMMANDS_H
#define ORSHIM_COMMANDS_H

/*
 * The commands, and the structs into which their options are parsed (commands.c
 * has the rows). Each function returns the exit status.
 */
#include "tools/command.h"
#include "tools/log/log_filter.h"
#include "tools/report/format.h"

struct attach_options {
	const char *log;
	bool detach;
	bool list;
};

struct baseline_options {
	const char *base, *key_env, *model;
};

struct curl_options {
	bool fixed;
	const char *body;
};

struct diff_options {
	bool json;
	const char *html;
	struct filter_options filter;
};

struct doctor_options {
	bool json;
	bool editor;
};

struct env_options {
	bool man;
};

enum export_signal { EXPORT_TRACES = 1, EXPORT_LOGS };

struct export_options {
	bool flat;
	bool processes;
	unsigned otlp; /* enum export_signal */
	bool follow;
	const char *state;
	bool columns;
	struct filter_options filter;
};

struct help_options {
	bool man;
};

struct lint_options {
	const char *request, *response, *host, *environ_file, *har;
	bool json;
};

struct relay_options {
	unsigned port; /* 0: any */
	const char *upstream, *ca, *log;
	bool until_eof;
};

struct replay_options {
	bool json;
	unsigned split; /* enum split, from 1 */
};

struct report_options {
	const char *files[REPORT_FORMAT_COUNT]; /* of each format; NULL: it was not asked for */
	const char *rollup;
	bool annotate, summary;
	struct filter_options filter;
};

struct rules_options {
	bool json, markdown, man;
};

enum run_fail_on { FAIL_ON_NOTHING, FAIL_ON_ERROR, FAIL_ON_WARNING };

struct check_options {
	bool json, fix;
	unsigned fail_on; /* enum run_fail_on */
};

struct run_options {
	const char *log, *report;
	unsigned relay;   /* enum relay_mode, from 1 */
	unsigned fail_on; /* enum run_fail_on */
	bool annotate;
	bool quiet;
};

struct runs_options {
	bool json;
};

struct watch_options {
	bool all, json, plain;
	struct filter_options filter;
};

int cmd_attach(const struct arguments *a);
int cmd_baseline(const struct arguments *a);
int cmd_check(const struct arguments *a);
int cmd_completion(const struct arguments *a);
int cmd_curl(const struct arguments *a);
int cmd_diff(const struct arguments *a);
int cmd_doctor(const struct arguments *a);
int cmd_env(const struct arguments *a);
int cmd_explain(const struct arguments *a);
int cmd_export(const struct arguments *a);
int cmd_help(const struct arguments *a);
int cmd_lint(const struct arguments *a);
int cmd_relay(const struct arguments *a);
int cmd_replay(const struct arguments *a);
int cmd_report(const struct arguments *a);
int cmd_rules(const struct arguments *a);
int cmd_rerun(const struct arguments *a);
int cmd_run(const struct arguments *a);
int cmd_runs(const struct arguments *a);
int cmd_watch(const struct arguments *a);

#endif
