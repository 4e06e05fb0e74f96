/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_CALL_H
#define ORSHIM_REDIRECT_CALL_H

/* A connect() that waits for its answer (seccomp_unotify(2)), and how it is answered. */
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
	int flags;       /* of the socket, fcntl(2): O_NONBLOCK */
	bool laid_over;  /* see struct listener */
};

/* Does it still wait? If so, what was read by its numbers is of the process that asked. */
bool call_is_waiting(const struct call *c);

/* Answer: ERROR as connect() gives it, 0 for success. False: it was interrupted, and may come again. */
bool call_answer(struct relay *r, struct call *c, int error);

/* Let it connect as it wanted. */
void call_let_pass(struct relay *r, struct call *c);

/* Take our socket there, if it is to replace the one of the process. False: the process is gone. */
bool call_replace(struct call *c);

/* Close what the call holds of ours. */
void call_release(struct call *c);

#endif
