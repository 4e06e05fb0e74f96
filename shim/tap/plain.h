/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_PLAIN_H
#define ORSHIM_PLAIN_H

/*
 * HTTP without TLS to a gateway (LiteLLM, Ollama, LM Studio, llama.cpp, or the user's
 * own) on this machine or in a private network. The hook of connect() decides which
 * sockets are watched. For all others a call costs one test in a bitmap. We stop
 * watching a socket if its first bytes are not an HTTP request, or if its server sends
 * first (databases).
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "wire/exchange.h"

struct iovec;

/* In the constructor: resolves what libc has (plain_hooks.c). */
void plain_start(void);

/* FD was connected, or is about to be (EINPROGRESS). Called between hook_enter() and hook_leave(). */
void plain_connected(int fd, const struct sockaddr *address, socklen_t n);

bool plain_is_watched(int fd); /* costs nothing */

/* For a watched FD. N bytes went by, the first N of COUNT pieces. */
void plain_bytes(int fd, enum side side, const struct iovec *pieces, size_t count, size_t n);
void plain_skipped(int fd, size_t n); /* to the server, unseen (sendfile) */
void plain_ended(int fd);             /* the server sends no more */
void plain_duplicated(int fd, int to);
void plain_closing(int fd); /* before the call */

#endif
