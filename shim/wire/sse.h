/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SSE_H
#define ORSHIM_SSE_H

/*
 * An event stream (WHATWG HTML, section 9.2) in any split: counts its events
 * and keeps the first that tells an error, in the words of OpenAI's and
 * OpenRouter's chat chunks, of the Responses API and of Anthropic's messages.
 * An event is parsed as JSON only if it holds one of a few words; a model's
 * text that quotes an error is a string inside the JSON and never taken for one.
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
 * The stream is over. An event that lacks its empty line counts here, though
 * the standard drops it: clients differ, and an error is none the less one.
 */
bool sse_end(struct sse *s);

#endif
