/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_FAILED_HANDSHAKE_H
#define ORSHIM_FAILED_HANDSHAKE_H

/* A connection to an API that ended in its TLS handshake. */
#include "diagnose/diagnose.h"
#include "wire/handshake.h"

/* A connection to an API that ended with its handshake. */
struct failed_handshake {
	const struct handshake *handshake;
	struct slice host;
	const char *tool; /* file name of the program; NULL */
	int64_t now_us;   /* since 1970 */
};

/*
 * RULE_tls_handshake_failed, and why. How many findings; 0: nothing is wrong
 * with the handshake, or the user does not want to know.
 */
size_t failed_handshake_diagnose(const struct judge *judge, const struct failed_handshake *failed,
				 struct finding *findings, size_t max);

#endif
