/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_NOTICE_H
#define ORSHIM_REDIRECT_NOTICE_H

/*
 * The questions of the filters: a process wants to connect() somewhere. Most
 * are let pass. For the others the link connects to where the process wanted,
 * and the process's own socket to us; then the answer is that of connect().
 */
#include "tools/redirect/relay.h"

/* A listener became readable, or its last process ended. */
void notice_ready(struct source *s, uint32_t events);

#endif
