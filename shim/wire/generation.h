/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_GENERATION_H
#define ORSHIM_GENERATION_H

/*
 * Model, id and token counts of an answer, as OpenAI's chat completions and
 * Responses API and Anthropic's messages have them (platform.openai.com/docs,
 * docs.anthropic.com: "usage"). Values are text from the wire.
 *
 *   chat completion, chunk   {"id","model","usage":{"prompt_tokens","completion_tokens"}}
 *   message                  {"id","model","usage":{"input_tokens","output_tokens"}}
 *   message_start            {"message": as a message}
 *   message_delta            {"usage":{"output_tokens"}}: so far
 *   response                 {"id","model","usage":{"input_tokens","output_tokens"}}
 *   response.created, .completed   {"response": as a response}
 */
#include "wire/exchange.h"

/* Nothing is known. */
void generation_init(struct generation *c);

/*
 * Take what TEXT says, the JSON of an answer or of one event of a stream. The
 * first model and id are kept, and the last counts.
 */
void generation_read(struct generation *c, struct slice text);

/* Are model and id known? */
bool generation_is_named(const struct generation *c);

/* Fill C from X's answer. Nothing is known unless X is a POST that was answered with 2xx. */
void generation_of(const struct exchange *x, struct generation *c);

#endif
