/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ENDPOINT_PATHS_H
#define ORSHIM_ENDPOINT_PATHS_H

/* The paths by which a call of a model API is known at any host. */
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* Does PATH end in an endpoint of one of the API dialects (OpenAI, Anthropic, Google, Cohere, Bedrock, Ollama ...)? */
bool path_is_endpoint(struct slice path);

/* Is PATH where OpenRouter gives a key for the code of a login (OAuth PKCE)? No key is sent there. */
bool path_is_code_exchange(struct slice path);

/*
 * Is PATH a call of the API that a model server of this machine has for itself, at its usual
 * PORT: Ollama's /api/chat, LM Studio's /api/v1/chat? They want no key.
 */
bool path_is_local_call(struct slice path, uint16_t port);

/* Is it one of those by words that web applications use for themselves, too (Ollama's /api/chat)? */
bool path_is_everyday(struct slice path);

#endif
