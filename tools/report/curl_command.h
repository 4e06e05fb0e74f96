/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CURL_COMMAND_H
#define ORSHIM_CURL_COMMAND_H

/*
 * Writes a recorded request as a curl command for a POSIX shell. The key is a
 * variable. The damage around it is kept, so that the command fails in the same
 * way, or left out if FIXED. The body's text is not in the log: the command
 * reads it from a file, or makes the smallest one of the same structure.
 */
#include "base/buf.h"
#include "tools/log/log_read.h"

struct curl_command {
	bool fixed;
	const char *body;  /* a file; NULL: the minimal body */
	bool for_here;     /* compare with this environment, and warn if its key differs */
	char variable[64]; /* out: the variable that the command reads the key from */
};

/* Append the command for the exchange ROW, whose record is RECORD, and a line feed. */
void curl_command(struct curl_command *o, const struct log_row *row, const cJSON *record,
		  struct buf *out);

#endif
