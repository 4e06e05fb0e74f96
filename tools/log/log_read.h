/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LOG_READ_H
#define ORSHIM_LOG_READ_H

/*
 * Parses logs (JSON lines of version 1): several files become one list ordered
 * by time. Files may be hostile, truncated or from a newer orshim. A line that
 * is not a record is counted as a fault and never fatal. Every string here has
 * been through mask_text(): it contains no key and is safe for a terminal. HTML
 * and Markdown still need escaping.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include <cJSON.h>

#include "diagnose/rules.h"
#include "tools/log/log_retry.h"

enum log_kind { LOG_PROCESS, LOG_EXCHANGE, LOG_CONNECTION, LOG_LAUNCH };

enum log_fault {
	LOG_NOT_JSON,
	LOG_NOT_RECORD, /* JSON, but not a record of ours */
	LOG_TOO_LONG,   /* more than LOG_LINE_MAX */
	LOG_CUT,        /* the last line, incomplete */
	LOG_NEWER,      /* a record from a newer version: not a fault of the file */
	LOG_FAULT_COUNT,
};

enum { LOG_LINE_MAX = 1 << 20 };

const char *log_fault_words(enum log_fault f);

struct log_finding {
	const char *rule;
	enum severity severity;
	const char *detail;
	const char *why, *fix; /* more exact than the rule's own texts; NULL */
	const char *variable, *key; /* of a launch: the variable or file; key: fingerprint. NULL */
	const char *file;           /* of a launch: with the value; NULL: not in a file */
	int line;
};

/* A key that was in reach when a tool was started. */
struct log_origin {
	const char *variable, *key, *label;
	const char *kind; /* "environment" "dotenv" "shell" "tool" */
	const char *file; /* as a person writes it; NULL: none */
	const char *note; /* characters around the value in the file; NULL */
	int line;
};

/* One TLS library of a process. */
struct log_library {
	const char *object, *library, *version;
	const char *tap;    /* "none", "method-table", "interposed", "relay" */
	const char *reason; /* NULL */
};

/* The port of a URL that names none, RFC 9110 section 4.2. */
enum { PORT_HTTP = 80, PORT_HTTPS = 443 };

/* One record. Strings are NULL if the record lacks them. */
struct log_row {
	enum log_kind kind;
	unsigned file;   /* in struct log */
	unsigned number; /* of an exchange: its N in LOG#N, counted per file from 1 */
	size_t line;     /* from 1 */
	int64_t at;      /* offset and size of the line in its file */
	size_t n;
	int64_t time_us;
	int pid;
	const char *tool;
	const char *role;       /* role of the process in its program: "--type=extensionHost" */
	const char *exe;        /* process */
	const char *unfollowed; /* process: why the library was not loaded into it */
	size_t libraries, library_count;
	const char *method, *host, *path, *vendor, *http, *model;
	const char *carrier, *scheme, *token, *key, *source; /* key: fingerprint */
	const char *base_source; /* variable that names the host */
	const char *message, *provider, *request_id;         /* of the answer */
	const char *refused_by, *category, *cause;
	struct retry retry;
	bool probe;                     /* its verdict is null: it is not counted */
	const char *client, *client_by; /* the client, and the header field that names it */
	const char *blind;              /* connection */
	const char *cwd;                /* launch */
	const char *machine;            /* its id; exchange, process */
	const char *container, *boot, *ci, *orshim; /* of the process, orshim: its version */
	const char *tool_version;
	/* Of a launch; an exchange has those of the launch before it in its file. */
	const char *command;
	const char *system; /* operating system, kernel, processor and libc */
	size_t origins, origin_count;
	bool launched;                  /* exchange: there is one */
	bool shake_failed;              /* connection: its handshake, in the TLS library's words */
	int status, ms, conn;           /* -1: unknown */
	int port;
	bool plain; /* without TLS */
	int stream; /* -1, 0, 1 */
	size_t findings, finding_count;
	enum severity worst;
};

struct log_file {
	char *path;
	int fd; /* seekable: a pipe is copied to a file first */
	dev_t device; /* of a regular file, with its number: no file is read twice */
	ino_t inode;
	size_t lines;
	unsigned exchanges;
	/* Of the last launch so far. */
	bool launched;
	int64_t launch_at; /* offset and size of its line */
	size_t launch_n;
	const char *command, *system;
	size_t origins, origin_count;
};

struct log_fault_count {
	size_t count;
	unsigned file; /* of the first */
	size_t line;
};

struct log {
	struct log_file *files;
	size_t file_count;
	struct log_row *rows; /* in the order of time */
	size_t count;
	struct log_finding *findings;
	size_t finding_count;
	struct log_library *libraries;
	size_t library_count;
	struct log_origin *origins;
	size_t origin_count;
	struct processes *processes; /* what is recorded once for each */
	struct log_fault_count faults[LOG_FAULT_COUNT];
	struct log_file unnamed; /* that log_add_line() adds to */
	size_t rows_max;         /* more rows are not read; 0: no ceiling */
	bool overfull;           /* there were more */
	struct log_strings *strings;
	bool newest_run; /* it is the log of the newest kept run, which `orshim rerun` repeats */
};

void log_init(struct log *l);
void log_release(struct log *l);

/*
 * Read PATH ("-" is stdin; a pattern or %p matches several files, a folder all
 * logs in it; gzip and Zstandard are decompressed). Dies if there is no such
 * file or it cannot be read. Call log_sort() after the last.
 */
void log_add(struct log *l, const char *path);

/* The same from byte START of one file on, for a log with older content. */
void log_add_from(struct log *l, const char *path, int64_t start);

/*
 * All paths that log_add() would read for PATH: itself, all matches, or all
 * logs in it. Dies if there is none.
 */
void log_each_file(const char *path, void (*take)(void *context, const char *path), void *context);

/*
 * The rotated file of the log PATH, PATH.1; NULL if there is none with records.
 * The caller frees it.
 */
char *log_earlier(const char *path);
void log_sort(struct log *l);

/* A connection that used HTTP/3. */
static inline bool row_is_quic(const struct log_row *row)
{
	return row->blind && strcmp(row->blind, "http3") == 0;
}

/* Has L as many rows, or as much text, as it may? */
bool log_is_full(const struct log *l);

/* Parse one line of a log, without its line feed; false if it is not a record. */
bool log_add_line(struct log *l, const char *line, size_t n);

/*
 * Parse the record again from its file; the caller frees it by cJSON_Delete().
 * NULL if it is gone.
 */
cJSON *log_record(const struct log *l, const struct log_row *row);

/* The exchange numbered N in file FILE; NULL if there is none. */
const struct log_row *log_exchange(const struct log *l, unsigned file, unsigned n);

/* S masked and escaped, stored until L is released; at most MAX bytes; NULL for NULL. */
const char *log_keep(struct log *l, const char *s, size_t max);

/* "FILE#N", or "#N" when there is one file only; in a buffer of the log's. */
const char *log_name(struct log *l, const struct log_row *row);

/* Compare two strings of records, either of which may be NULL: are they equal, or both missing? */
static inline bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* An exchange that is counted: not a process, a connection or a probe. */
static inline bool row_is_request(const struct log_row *row)
{
	return row->kind == LOG_EXCHANGE && !row->probe;
}

/* Does its endpoint answer without a key? */
bool row_is_public(const struct log_row *row);

/* Did the request fail, according to its verdict? */
static inline bool row_failed(const struct log_row *row)
{
	return row->refused_by != NULL;
}

#endif
