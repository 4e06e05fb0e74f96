/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CONTENT_H
#define ORSHIM_CONTENT_H

/*
 * How the checks of SECTION_CONTENT look at a request's body: by which dialect it is
 * read, and where in it a value is.
 */
#include "diagnose/checks/checks.h"
#include "diagnose/check_input.h"
#include "diagnose/detail.h"

struct cJSON;

/* The body as a JSON object, if it was judged, passed, and is for one of the endpoints that are known; else NULL. */
const struct cJSON *content_body(const struct check_input *in);

/* The same, only for that endpoint. */
const struct cJSON *content_of(const struct check_input *in, enum endpoint_kind endpoint);

/* Is the vendor of the host ID (of vendors.def)? */
bool content_vendor_is(const struct check_input *in, const char *id);

/* OpenAI's own API and Azure's copy of it: the strictest readers of its dialect. */
bool content_is_openai(const struct check_input *in);

/* A base that takes several dialects on one path (OpenRouter's /api/v1/cursor). */
bool content_path_is_mixed(const struct check_input *in);

/* Does the server's answer contain TEXT (ASCII case ignored)? Its message, the upstream's, or an error code. */
bool content_answer_has(const struct check_input *in, const char *text);

/* Was the request refused for something that its body can be the reason of? Also true under `lint`. */
bool content_may_be_cause(const struct check_input *in);

/* Write the path that FORMAT makes ("messages[%d].role") and point at its value in the body. */
__attribute__((format(printf, 3, 4))) void content_point(const struct check_input *in,
							 struct detail *d, const char *format, ...);

/* "null" "a boolean" "a number" "a string" "an array" "an object"; "missing" for NULL. */
const char *content_type_name(const struct cJSON *item);

/* A member by its exact name; NULL if OBJECT is not an object or has none. */
const struct cJSON *content_member(const struct cJSON *object, const char *name);

/* The text of a string member; absent otherwise. */
struct slice content_text(const struct cJSON *object, const char *name);

/* Missing or null. */
bool content_is_unset(const struct cJSON *item);

/*
 * The member of BODY that an upstream's complaint names ("tools[3].function.parameters",
 * "messages.45.content.0"), as a path in our spelling. Steps that BODY does not have are
 * left out, as upstreams put in names of their own (tools.0.custom.input_schema). Else the
 * tool whose name it quotes. False if the text names none, or an index that
 * does not exist. BODY may be NULL: false.
 */
bool content_member_named(struct slice upstream_text, const struct cJSON *body, char *path,
			  size_t n);

/* Is NAME a member that makes an object, or a form, a request of a chat? */
bool is_chat_member(struct slice name);

#endif
