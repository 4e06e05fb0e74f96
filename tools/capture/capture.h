/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CAPTURE_H
#define ORSHIM_CAPTURE_H

/*
 * A .cap file: one TLS connection as text.
 *
 *   > line          the client wrote this and CRLF      < line   the server did
 *   >- text         the same without CRLF               <- text
 *   >x 0a ff  # …   hex bytes, comment allowed          <x ...
 *   = close         both sides are over; "= close client", "= close server": that side
 *   = wait 3s       the clock goes on (us, ms, s, m)
 *   = env NAME=VAL  an entry of the client's environment
 *   = found KIND FILE:LINE NAME=VAL
 *                   where a key stood before the client started; KIND: dotenv shell tool
 *   = host NAME     TLS server name
 *   = tool NAME     file name of the client's program
 *   = handshake …   how its TLS handshake went, and the certificate that was shown:
 *   = certificate … capture_handshake.h
 *   = late          bytes may have gone before the first
 *   # comment       as is an empty line
 */
#include <stdint.h>

#include "base/buf.h"
#include "diagnose/found_keys.h"
#include "tools/capture/capture_handshake.h"
#include "wire/exchange.h"

enum step_kind { STEP_BYTES, STEP_WAIT, STEP_END, STEP_CLOSE, STEP_HANDSHAKE };

struct step {
	enum step_kind kind;
	enum side side;	 /* STEP_BYTES, STEP_END */
	size_t at, n;	 /* STEP_BYTES: in `bytes` */
	int64_t wait_us; /* STEP_WAIT */
};

struct capture {
	struct buf bytes; /* of all steps, in order */
	struct step *steps;
	size_t count;
	struct buf environment; /* NAME=VALUE entries, each ended by NUL */
	struct buf found;       /* found_keys.h */
	struct buf host;	/* empty: not given */
	struct buf tool;	/* the same */
	struct capture_handshake handshake;
	bool late;
	int64_t start_us; /* the clock at the first step */
};

void capture_init(struct capture *c);
void capture_release(struct capture *c);

/* What was wrong with the text. */
struct capture_fault {
	size_t line; /* from 1 */
	const char *what;
};

/* 0, or -1 and *FAULT; then C is still to be released. */
int capture_parse(struct capture *c, struct slice text, struct capture_fault *fault);

/* The capture in the file PATH, to be released. COMMAND dies with the line and what is wrong with it. */
void capture_read(struct capture *c, const char *path, const char *command);

/* Building one by hand. 0, or -1 without memory. */
int capture_add_bytes(struct capture *c, enum side side, struct slice bytes);
int capture_add_step(struct capture *c, struct step step);

/* Append the entry NAME=VALUE. */
int capture_add_environment(struct capture *c, struct slice entry);

#endif
