/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ERROR_OBJECT_H
#define ORSHIM_ERROR_OBJECT_H

/*
 * Finds the error object in an answer's JSON, and its members: message, code, type.
 * Every service has its own form; these functions know them all.
 * Texts are borrowed from the tree and absent where it does not have them.
 */
#include <stdbool.h>

#include "base/slice.h"

struct cJSON;

/*
 * The object that says what went wrong ("R"); NULL: none. With FAILED, a status
 * of 4xx or 5xx, an object counts that has nothing but a text, too.
 */
const struct cJSON *error_object(const struct cJSON *root, bool failed);

/*
 * The same in JSON inside another text. What such a text quotes of
 * the request, a schema or a message, is not an error.
 */
const struct cJSON *error_object_inside(const struct cJSON *root);

/* Its text for people: of several a phrase comes before a single word. */
struct slice error_message(const struct cJSON *error);

/* Its code as a number, also when it is written as one of up to three digits; 0: none. */
int error_number(const struct cJSON *error);

/* Its code when that is a text: "invalid_api_key", "1113". */
struct slice error_code_text(const struct cJSON *error);

struct slice error_type(const struct cJSON *error);   /* "authentication_error" */
struct slice error_status(const struct cJSON *error); /* Google's "PERMISSION_DENIED" */
struct slice error_reason(const struct cJSON *error); /* Google's details[].reason */
struct slice error_param(const struct cJSON *error);  /* the member of the request that is wrong */

/* The header that FastAPI misses: {"loc": ["header", "x-api-key"], "msg": "Field required"}. */
struct slice error_missing_header(const struct cJSON *error);

/* May BODY, the JSON of a 2xx that is not a stream, contain one? Cheap, and not proof. */
bool error_is_likely(struct slice body);

#endif
