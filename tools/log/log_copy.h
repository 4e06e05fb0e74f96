/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LOG_COPY_H
#define ORSHIM_LOG_COPY_H

/* Copies rows out of a log whose rows are only there for a while (log_stream.h). */
#include "tools/log/log_read.h"

/* A row with all that belongs to it, in one piece of memory. */
struct row_copy {
	struct log view; /* its findings, libraries and origins; release nothing of it */
	struct log_row row;
	size_t size; /* bytes of the piece */
};

/*
 * Copy ROW of FROM; the caller frees the copy by free(). Of the keys that were
 * in reach when its tool was started, an exchange keeps those that are its own.
 */
struct row_copy *row_copy(const struct log *from, const struct log_row *row);

/*
 * Copy what belongs to ROW of FROM into TO, and ROW itself to *COPY, which is
 * not among TO's rows. Its texts live as long as TO.
 */
void log_copy_row(struct log *to, const struct log *from, const struct log_row *row,
		  struct log_row *copy);

/* Append the row of COPY to TO's rows. */
void log_add_copy(struct log *to, const struct row_copy *copy);

#endif
