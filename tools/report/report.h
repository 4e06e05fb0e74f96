/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REPORT_H
#define ORSHIM_REPORT_H

/*
 * Analyses a log once, for all report formats: the verdict, its causes with
 * counts, what separates failures from successes, what was observed, and what
 * to try next.
 */
#include "report/text.h"
#include "tools/log/log_read.h"
#include "tools/report/format.h"
#include "tools/report/outcome.h"

enum { MACHINES_MAX = 1024, MACHINE_TEXTS_MAX = 8, MACHINE_CAUSES_MAX = 8 };

enum machine_list_id {
	MACHINE_CONTAINERS,
	MACHINE_BOOTS,
	MACHINE_CI,
	MACHINE_TOOLS, /* with their versions */
	MACHINE_ORSHIM,
	MACHINE_LISTS,
};

/* What is known of one machine: the first different texts. */
struct machine_list {
	const char *texts[MACHINE_TEXTS_MAX];
	size_t count;
	bool more;
};

struct machine_use {
	const char *id; /* NULL: records that name none */
	uint64_t hash;
	size_t requests, refused;
	struct {
		const char *id; /* NULL: unexplained */
		size_t count;
	} causes[MACHINE_CAUSES_MAX]; /* the last one counts all further ones */
	size_t cause_count;
	struct machine_list lists[MACHINE_LISTS];
};

/* Processes of one tool that are observed in the same way. */
struct coverage {
	const char *words;
	const struct log_row *first;
	size_t count;
};

/* Exchanges (or connections, or processes) with the same finding. */
struct cause {
	enum rule_id rule; /* RULE_NONE: nothing explains it, or a rule of a newer orshim */
	const char *id;    /* NULL: nothing explains it */
	enum severity severity;
	bool refusal; /* it explains why requests were refused */
	size_t count;
	struct retries retries; /* among them */
	const struct log_row *first, *last;
	struct log_row *mark; /* that LAST is where the log's rows do not stay; NULL */
	unsigned char machines[MACHINES_MAX / 8]; /* a bit for each in struct report */
	size_t machine_count;
	const char *detail; /* of the first */
	const char *why, *fix; /* of the first, if it has more exact texts; NULL */
	const char *refused_by;
	const char *category;
	const char *message; /* the server's */
	int status;
};

/* One credential and its outcomes: if several are in use, one of them may be bad. */
struct key_use {
	const char *key;   /* fingerprint; NULL: requests without any */
	const char *token; /* as it is shown */
	const char *host;
	const char *source;
	size_t accepted, rejected; /* rejected: 401 that is not a provider's */
	size_t otherwise;          /* refused for another reason, or not answered */
	bool damaged;              /* rejected for its form: it was not a whole key */
	bool lost;                 /* rejected after it was accepted at the same path */
	bool accepted_last;
};

enum { SENDER_CAUSES_MAX = 8 };

/* Requests of one client as it names itself (in processes of one role), or of one process. */
struct sender {
	const struct log_row *first;
	size_t requests, refused;
	struct retries retries;
	bool elsewhere;    /* not all of them from one process */
	const char *cause; /* of all refusals; NULL: of different ones, or unexplained */
	struct {
		const char *id; /* NULL: unexplained */
		size_t count;
	} causes[SENDER_CAUSES_MAX]; /* as they came; the last one counts all further ones */
	size_t cause_count;
};

/* A finding from before a tool started. */
struct launch_finding {
	struct log_finding finding;
	const struct log_row *launch;  /* the first that it was found at */
	const struct log_row *refused; /* the first refused request that it is about; NULL */
	size_t count;
};

enum { LAUNCH_FINDINGS_MAX = 32 };
enum { CAUSES_MAX = 64, STEPS_MAX = 8, KEYS_MAX = 64, SENDERS_MAX = 64 };
enum { COVERAGE_MAX = 12, BLIND_MAX = 12 };

struct report {
	struct log
	    *log; /* its rows: all, or those that are kept of a large log (report_stream.h) */
	struct report_state *state; /* report_state.h */
	size_t exchanges, refused, processes, untapped, connections;
	bool begun;
	size_t all_exchanges;      /* with those that are not judged */
	int64_t start_us;          /* of the first record; 0: there is none */
	int64_t first_us, last_us; /* of the exchanges whose time is known; -1: of none */
	struct retries retries; /* among the exchanges */
	const struct log_row *quic; /* the first connection that spoke HTTP/3; NULL */
	size_t unfollowed; /* programs into which the library was not loaded, with TLS or without */
	struct cause causes[CAUSES_MAX]; /* refusals first, then by severity, then by count */
	size_t cause_count;
	size_t refusal_causes;
	struct launch_finding launch_findings[LAUNCH_FINDINGS_MAX];
	size_t launch_finding_count;
	struct split split;
	const struct log_row *public_success; /* the only success needs no key; NULL */
	struct key_use keys[KEYS_MAX];
	size_t key_count;
	size_t keys_more; /* requests with further keys */
	struct sender senders[SENDERS_MAX];
	size_t sender_count;
	size_t senders_more;          /* requests of further senders */
	struct machine_use *machines; /* most refusals first */
	size_t machine_count;
	size_t machines_more;                   /* requests from further machines */
	struct coverage coverage[COVERAGE_MAX]; /* of processes */
	size_t coverage_count;
	const struct log_row *blind[BLIND_MAX]; /* connections that were not read */
	size_t blind_count;
	enum severity worst;
	char steps[STEPS_MAX][512];
	size_t step_count;
	bool summary; /* what is made of it leaves out the single requests */
	bool brief; /* the text leaves out what `orshim run` has said before, and what is as expected */
	struct report_source *source; /* of a log that is not kept (report_stream.h); NULL */
	int stream_fd; /* where a long form is written to as it is made; -1: all at the end */
};

/* L must be sorted and outlive R; report_release() frees R's memory. */
void report_make(struct report *r, struct log *l);
void report_release(struct report *r);

/*
 * The same row by row, in the order of time. Rows of L stay; rows of another
 * log FROM are valid during the call only, and what is needed of them is copied.
 */
void report_begin(struct report *r, struct log *l);
void report_take(struct report *r, const struct log *from, const struct log_row *row);
void report_end(struct report *r);

/* 0 or 1, as every command: is there anything at or above ERROR? */
int report_status(const struct report *r);

/* The verdict in one line, without a full stop or line feed. */
void report_verdict(const struct report *r, struct buf *out);

/* "401, refused by openrouter_auth, auth_token_quoted": tells one failure from another. */
void cause_signature(const struct cause *c, struct buf *out);
const char *cause_title(const struct cause *c);
const char *cause_why(const struct cause *c); /* NULL: not known */
const char *cause_fix(const struct cause *c);

/* "all 7 failures have key …; none of the 12 successes has", and how sure that is. */
void split_words(const struct split *s, struct buf *out);

/* The same without the values, and one of the values as a person knows it: a key by its label. */
void split_summary(const struct split *s, struct buf *out);
const char *split_value_label(const struct report *r, enum attribute a, const char *value);

/* Who refused the exchange ROW, in a sentence: "refused by OpenRouter's key check". */
void refuser_words(const struct log_row *row, struct buf *out);

/* Requests of one kind, wherever they went: "POST …/chat/completions". */
bool rows_are_alike(const struct log_row *a, const struct log_row *b);

/* The rule that a key's use is a case of; RULE_NONE: nothing remarkable. keys.c */
enum rule_id key_rule(const struct report *r, const struct key_use *k);
void key_words(const struct report *r, const struct key_use *k, struct buf *out);
/* What is remarkable of it alone: "always rejected; another key works"; nothing if nothing is. */
void key_note(const struct report *r, const struct key_use *k, struct buf *out);
bool keys_are_remarkable(const struct report *r);

/* Is there more than one machine? machines.c */
bool machines_are_several(const struct report *r);
/* Their number: those that have a name. */
size_t machines_named(const struct report *r);
/* "on 3 of 12 machines: laptop-1, laptop-4, ci-7"; nothing if there is one only. */
void cause_machine_words(const struct report *r, const struct cause *c, struct buf *out);
/* "laptop-1: 12 requests, 9 refused (9 key_unknown); curl 7.88.1; orshim 0.1.0; 2 containers" */
void machine_words(const struct machine_use *m, struct buf *out);
void machine_cause_words(const struct machine_use *m, struct buf *out);
const char *machine_shown(const struct machine_use *m);      /* "(not recorded)" if it has none */
extern const char *const machine_list_names[MACHINE_LISTS]; /* in JSON */

/* "OPENROUTER_API_KEY holds a line break; this is the variable of the key in #1". */
void launch_finding_words(const struct report *r, const struct launch_finding *f, struct buf *out);

/*
 * Where the key of the exchange ROW came from: "environment variable X; the
 * same key: ./.env line 1 (the quotation marks are in the file)". Nothing if it
 * is not known. The places in files come from the launch record; if L has none,
 * this machine's files are searched.
 */
void origin_words(const struct log *l, const struct log_row *row, struct buf *out);

struct file_place {
	const char *file; /* below the working folder without "./"; NULL: not known */
	int line;         /* 0: not known */
};

/* Where in a file the key of the exchange ROW is. */
struct file_place row_key_place(const struct log *l, const struct log_row *row);

/* The same for the value that F, a finding from before a tool started, is about. */
struct file_place launch_finding_place(const struct log *l, const struct log_finding *f);

/* The same for the destination: "environment variable OPENAI_BASE_URL; ./.env line 3". */
void base_words(const struct log *l, const struct log_row *row, struct buf *out);

/* "Cline (by x-title), in node[4711] --type=extensionHost: 2 requests, none refused" */
void sender_words(const struct sender *s, struct buf *out);
void sender_process_words(const struct sender *s, struct buf *out);
/* "4 key_unknown, 3 rate_limited"; nothing if none was refused. */
void sender_cause_words(const struct sender *s, struct buf *out);
bool senders_are_remarkable(const struct report *r);

/* A process's TLS library: "OpenSSL 3.0.19, method table"; or why it was not tapped. */
void coverage_words(const struct log *l, const struct log_row *row, struct buf *out);
bool row_is_tapped(const struct log *l, const struct log_row *row);

/* A header field as far as the record shows it, with the place of a finding. */
struct shown_field {
	char text[512];
	long caret, caret_end; /* columns of TEXT, from 0; -1: not known */
};

/* False if the finding is about no header field that the record has. */
bool shown_field_of(struct shown_field *s, const cJSON *record, const cJSON *finding);

/* The finding of RULE in RECORD; NULL. */
const cJSON *finding_named(const cJSON *record, const char *rule);

/* The faults of the log file, one line for each, after INDENT. */
void say_faults(const struct log *l, const char *indent, struct buf *out);
bool has_faults(const struct log *l);

/* "node[4711] POST https://openrouter.ai/api/v1/key -> 401, 182 ms" */
void row_words(const struct log_row *row, struct buf *out);

/* Appends the origin that a request went to, as in a URL: "https://openrouter.ai". */
void row_origin(const struct log_row *row, struct buf *out);

/* Why a connection that spoke HTTP/3 was not read, and what to do. */
extern const char quic_words[];

/* "node[4711] --type=extensionHost" */
void row_process_words(const struct log_row *row, struct buf *out);

/* The members of ROW that `report --json` has of an exchange, but for its name and time. */
struct json_out;
void report_row_json(struct json_out *j, const struct log_row *row);

/* The text; format.h has the other forms. */
void report_text(const struct report *r, const struct text_style *style, struct buf *out);

/* One exchange in detail. */
void report_exchange(const struct report *r, const struct log_row *row,
		     const struct text_style *style, struct buf *out);

/* Write OUT to R's stream_fd, if it has one and OUT is long enough. */
void report_drain(const struct report *r, struct buf *out);

/*
 * "of 90000 requests the newest 10000 are kept, and 10000 older ones that were
 * refused"; nothing if all are.
 */
void kept_words(const struct report *r, struct buf *out);

enum { REPORT_MAX = 1 << 30 };

#endif
