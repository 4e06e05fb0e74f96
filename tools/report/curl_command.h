/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CURL_COMMAND_H
#define ORSHIM_CURL_COMMAND_H

/*
 * A request of the log as a curl command for a POSIX shell. The key is a
 * variable; what was wrong around it is kept, so that the command fails in the
 * same way, or left out if FIXED. The body's text is in no log: the command
 * reads it from a file, or makes the smallest one of the same structure.
 */
#include "base/buf.h"
#include "tools/log/log_read.h"

struct curl_command {
	bool fixed;
	const char *body;  /* a file; NULL: the stand-in */
	bool for_here;     /* compare with this environment, and warn where it has another key */
	char variable[64]; /* out: in which the command looks for the key */
};

/* Append the command for the exchange ROW, whose RECORD it is, and a line feed. */
void curl_command(struct curl_command *o, const struct log_row *row, const cJSON *record,
		  struct buf *out);

#endif
