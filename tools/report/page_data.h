/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REPORT_PAGE_DATA_H
#define ORSHIM_REPORT_PAGE_DATA_H

/*
 * The exchanges of a report as the page's script reads them. One JSON object:
 *
 *   start   time of the first exchange, ms since 1970; null: none is known
 *   files   names of the logs
 *   causes  [rule, title, severity] of each that the page explains
 *   total, kept   exchanges in the log, and in this page
 *   rows    an array of numbers for each exchange, by enum page_column
 *   pool    what those numbers stand for: pool[0] is null
 *
 * Nothing of it can end a script element. page/model.js is the other side.
 */
#include "tools/report/report.h"

/* model.js has the same names in the same order. */
enum page_column {
	PAGE_FILE,     /* into files */
	PAGE_NUMBER,   /* of the exchange in its file */
	PAGE_TIME,     /* ms after start; -1: unknown */
	PAGE_MS,       /* until the answer ended; -1: unknown */
	PAGE_STATUS,   /* -1: no answer */
	PAGE_FLAGS,    /* enum page_flag */
	PAGE_WHERE,    /* [method, host, port, path, HTTP version] */
	PAGE_WHO,      /* [tool, pid, words, client, header that names it, version, machine,
			  container, boot, run of the CI system, version of orshim] */
	PAGE_MODEL,    /* text */
	PAGE_AUTH,     /* [carrier, scheme, token, length, key, from, base URL from] */
	PAGE_VERDICT,  /* [refused by, phrase for it, category, cause, title of the cause] */
	PAGE_PROVIDER, /* text */
	PAGE_REQUEST,  /* [name, value, name, value …], each a number of the pool */
	PAGE_BODY,     /* [member, value, …] */
	PAGE_RESPONSE, /* as PAGE_REQUEST; 0: no answer */
	PAGE_ANSWER,   /* as PAGE_BODY: its size, model, usage, the error */
	PAGE_FINDINGS, /* [finding, …], numbers of [rule, severity, title, detail, why, fix, field,
			       caret, end of the carets] */
	PAGE_CONNECTION,
	PAGE_CURL,      /* text */
	PAGE_GOOD_FILE, /* the request that worked and is compared with */
	PAGE_GOOD_NUMBER,
	PAGE_DIFFERENCES, /* [[what, good, this, noise?, part of the one before?], …] */
	PAGE_COLUMNS,
};

enum page_flag {
	PAGE_FAILED = 1,
	PAGE_PROBE = 2,
	PAGE_CHANGED = 4, /* the log has changed since */
	PAGE_RETRY = 8
};

void page_data(const struct report *r, struct buf *out);

#endif
