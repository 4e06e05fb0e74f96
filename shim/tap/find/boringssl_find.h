/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_BORINGSSL_FIND_H
#define ORSHIM_BORINGSSL_FIND_H

/*
 * Finds kTLSProtocolMethod, BoringSSL's one table of functions for TLS, in a
 * program or a library without symbols. Two ways that do not share evidence have to agree:
 *   the table: a word of zero (is_dtls), then 20 pointers to code, of which
 *     open_app_data (+0x40) and write_app_data (+0x48) raise an error from
 *     the file ssl/s3_pkt.cc soon after they begin;
 *   SSL_write: the one function of ssl/ssl_lib.cc that raises library 16,
 *     reason 111 (BAD_LENGTH) and 226 (UNINITIALIZED), public constants of
 *     ssl.h, and that calls through a pointer at +0x48.
 * That SSL_write raises 111 also dates the library: before 2023 it did not,
 * and write_app_data took other arguments.
 */
#include "tap/find/image.h"

enum boringssl_verdict {
	BORINGSSL_ABSENT,  /* nothing of BoringSSL in the program */
	BORINGSSL_FOUND,   /* unique and confirmed */
	BORINGSSL_REFUSED, /* it is there but not tapped, for the reason in REASON */
};

enum boringssl_slot {
	BORINGSSL_FREE = 0x10,
	BORINGSSL_GET_MESSAGE = 0x18,
	BORINGSSL_OPEN_HANDSHAKE = 0x30,
	BORINGSSL_OPEN_APP_DATA = 0x40,
	BORINGSSL_WRITE_APP_DATA = 0x48,
	BORINGSSL_FINISH_MESSAGE = 0x60,
	BORINGSSL_TABLE_END = 0xa8,
};

struct boringssl {
	enum boringssl_verdict verdict;
	const char *reason; /* static; NULL unless refused */
	uint64_t table;
	uint64_t ssl_write; /* its entry; evidence only */
};

void boringssl_find(const struct image *m, struct boringssl *found);

/* Is there still a table at TABLE that looks as it should? Cheap; for remembered finds. */
bool boringssl_is_table(const struct image *m, uint64_t table);

#endif
