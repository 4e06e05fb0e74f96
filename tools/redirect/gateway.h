/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_GATEWAY_H
#define ORSHIM_REDIRECT_GATEWAY_H

/* Where on this machine a gateway to APIs may listen, without TLS. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GATEWAYS_MAX = 16 };

struct gateways {
	uint16_t ports[GATEWAYS_MAX]; /* that the environment names */
	size_t count;
};

/* The ports of http:// URLs to this machine in variables of ENVIRONMENT, as OPENAI_BASE_URL. */
void gateways_read(struct gateways *g, char *const environment[]);

/* Is PORT one of those, or one that a well-known gateway has by default? */
bool gateway_is_at(const struct gateways *g, uint16_t port);

#endif
