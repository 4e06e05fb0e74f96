/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SSE_H
#define ORSHIM_SSE_H

/*
 * An event stream (WHATWG HTML, section 9.2) in any split: its events are counted,
 * and the first one that is an error is kept, as OpenAI's and OpenRouter's chat
 * chunks, the Responses API and Anthropic's messages report errors. Model, id and
 * token counts are noted (generation.h). Only events with certain words are parsed
 * as JSON; an error that a model's text quotes is inside a JSON string and ignored.
 */
#include "wire/exchange.h"

struct sse;

/* REPORT is written to as events come. NULL without memory. */
struct sse *sse_new(struct stream_report *report);
void sse_free(struct sse *s);

/*
 * Take bytes: all N, or those through the end of the event that is an error
 * (then *STREAM_ERROR is set, and nothing more is to be given). -1 without memory.
 */
long sse_take(struct sse *s, const char *bytes, size_t n, bool *stream_error);

/*
 * The stream is over. True if its last event is an error. An event without its empty
 * line counts, though the standard drops it: an error that was cut is still one.
 */
bool sse_end(struct sse *s);

#endif
