/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_JSON_OUT_H
#define ORSHIM_JSON_OUT_H

/*
 * JSON, written append-only into a bounded buffer. Commas are put by the
 * writer. The first failure is sticky: json_out_ok() says whether all fitted.
 * Strings may hold any bytes: what is not UTF-8 becomes U+FFFD, controls are
 * escaped. A NULL key stands for an array element.
 */
#include <stdint.h>

#include "base/buf.h"

struct json_out {
	struct buf *to;
	bool comma;
	bool failed;
};

void json_out_init(struct json_out *j, struct buf *to);
bool json_out_ok(const struct json_out *j);

void json_object(struct json_out *j, const char *key);
void json_object_end(struct json_out *j);
void json_array(struct json_out *j, const char *key);
void json_array_end(struct json_out *j);

void json_text(struct json_out *j, const char *key, const char *value); /* NULL: null */
void json_slice(struct json_out *j, const char *key, struct slice value); /* absent: null */
void json_number(struct json_out *j, const char *key, int64_t value);
void json_bool(struct json_out *j, const char *key, bool value);
void json_null(struct json_out *j, const char *key);

#endif
