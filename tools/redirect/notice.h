/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_NOTICE_H
#define ORSHIM_REDIRECT_NOTICE_H

/*
 * The questions of the filters: a process wants to connect() somewhere. Most
 * are let pass. For the others the link connects to where the process wanted,
 * and the process's own socket to us; then the answer is that of connect().
 */
#include "tools/redirect/relay.h"

/* What is known of a call that waits. */
struct call {
	int listener; /* descriptor; -1: answered */
	uint64_t id;
	int pid;         /* of the process */
	int fd;          /* of the socket, there */
	int socket;      /* the same, ours (pidfd_getfd(2)), or one that will take its place */
	bool replaces;   /* the latter */
	bool is_cloexec; /* with it */
	bool nonblocking;
	bool laid_over; /* see struct listener */
};

/* A listener became readable, or its last process ended. */
void notice_ready(struct source *s, uint32_t events);

/* Answer: ERROR as connect() gives it, 0 for success. */
void notice_answer(struct relay *r, struct call *c, int error);

/* Let it connect as it wanted. */
void notice_let_pass(struct relay *r, struct call *c);

/* Take our socket there, if it is to replace the one of the process. False: the process is gone. */
bool notice_replace(struct call *c);

/* Close what the call holds of ours. */
void notice_release(struct call *c);

#endif
