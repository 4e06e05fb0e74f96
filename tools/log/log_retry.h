/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LOG_RETRY_H
#define ORSHIM_LOG_RETRY_H

/* Counts the retries among the requests of a log (diagnose/retry.h). */
#include <stddef.h>

#include <cJSON.h>

#include "base/buf.h"
#include "diagnose/retry.h"

struct retries {
	size_t counted; /* the SDK counts them in a header field */
	size_t alike;   /* the same body again after a failure */
};

/*
 * The retry that an exchange record tells of. Records of older versions lack the
 * member "retry": then their header fields are read.
 */
struct retry log_retry(const cJSON *record);

void retries_add(struct retries *r, struct retry retry);

/*
 * Appends "2 of 3 requests are the SDK's retries", where OF are all of them;
 * nothing if there is no retry.
 */
void retries_words(const struct retries *r, size_t of, struct buf *out);

#endif
