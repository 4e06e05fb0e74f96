/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_JSON_TEXT_H
#define ORSHIM_JSON_TEXT_H

/*
 * Finding values in JSON text (RFC 8259) without a tree and without memory. The
 * text need not be valid or whole: a search that meets something else ends.
 * END is one past the text's last byte.
 */
#include "base/slice.h"

const char *json_skip_space(const char *p, const char *end);

/* P is after an opening quote. The closing one, or END. */
const char *json_string_end(const char *p, const char *end);

/*
 * P is at '[' or '{'. Past its closing bracket, or NULL if the text ends first;
 * *ELEMENTS counts what commas separate on its own level.
 */
const char *json_skip_nested(const char *p, const char *end, long *elements);

/* Past the value at P, or NULL if the text ends first. */
const char *json_skip_value(const char *p, const char *end);

/* What is inside the object that TEXT begins with, to the end of TEXT; absent if it is none. */
struct slice json_object_inside(struct slice text);

/*
 * The next member of an object: its name without the quotes and its value, both
 * as written. REST is what json_object_inside() gave and moves on. False at the
 * object's end, and where the text ends inside a member.
 */
bool json_next_member(struct slice *rest, struct slice *name, struct slice *value);

#endif
