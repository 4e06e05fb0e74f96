/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LOG_STRINGS_H
#define ORSHIM_LOG_STRINGS_H

/* Interns the strings of a log, masked; log_keep() of log_read.h adds one. */
#include "tools/log/log_read.h"

struct log_strings *log_strings_new(void);
void log_strings_free(struct log_strings *s); /* NULL: nothing */
size_t log_strings_bytes(const struct log_strings *s);

/* As log_keep() for TEXT, not NULL, that log_keep() of another log returned. */
const char *log_share(struct log *l, const char *text);

#endif
