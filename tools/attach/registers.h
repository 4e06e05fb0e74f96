/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ATTACH_REGISTERS_H
#define ORSHIM_ATTACH_REGISTERS_H

/*
 * The registers of a thread that is stopped by ptrace(2): how its wait is
 * recognised and goes on, how a call is made, and the signal frame that it
 * returns to. One file for each machine: registers_x86_64.c, registers_aarch64.c.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "tools/attach/safe_wait.h"

enum {
	REGISTERS_EXTENDED_MAX = 16384, /* bytes of floating-point and vector registers */
	REGISTERS_ARGUMENTS = 6,        /* of a function: that many go into registers */
};

struct registers {
	struct user_regs_struct general;
	unsigned char extended[REGISTERS_EXTENDED_MAX];
	size_t extended_size;
};

/* At a stop on the way into a system call or out of it, inside of a called function. */
struct call_stop {
	bool returned;  /* it has returned into the frame */
	bool is_result; /* the other members are set */
	int64_t result;
	bool is_clone; /* clone(2) or clone3(2) */
};

/* Learn what a signal frame looks like on this machine. False: not known. */
bool registers_learn(void);

/* Where a signal handler of PID returns to, given its libc's base; 0: not found. */
uint64_t registers_restorer(pid_t pid, uint64_t libc);

/* Read the registers of TID, or set those of one kind. */
bool registers_read(pid_t tid, struct registers *r);
bool registers_set_extended(pid_t tid, const struct registers *r);
bool registers_set_general(pid_t tid, const struct registers *r);

/* Could a signal frame bring back all that TID has in use? */
bool registers_fit_frame(pid_t tid, const struct registers *r);

/*
 * Does the thread of PID still wait in W's call, and not in a signal handler? If
 * so, R is made ready to go on with the wait, and W is the wait as it is now.
 */
bool registers_adopt_wait(struct registers *r, pid_t pid, struct safe_wait *w, uint64_t restorer);

/* Did the stop end wait W with EINTR? Then registers_resume() makes the wait begin again. */
bool registers_were_interrupted(const struct registers *r);
void registers_resume(struct registers *r, const struct safe_wait *w);

/* The end of the stack that the thread uses. */
uint64_t registers_stack(const struct registers *r);

/*
 * Write a signal frame below TOP into PID's memory, as the kernel does for a
 * handler: with R, the signal mask and the return address RESTORER. Returns its
 * address, or 0 if the stack has no room.
 */
uint64_t registers_write_frame(const struct registers *r, pid_t pid, const struct safe_wait *w,
			       uint64_t mask, uint64_t restorer, uint64_t top);
/* Spoil that frame, or the next search would take it for a handler's. */
void registers_spoil_frame(pid_t pid, uint64_t frame);

/* Set the general registers of TID, which has R, to a call of FUNCTION that returns into FRAME. */
bool registers_call(pid_t tid, const struct registers *r, uint64_t function,
		    const uint64_t arguments[REGISTERS_ARGUMENTS], uint64_t frame,
		    uint64_t restorer);

/*
 * Tell what the stop of TID at a system call means. If the function has
 * returned, the thread does not make the call that would restore it from FRAME:
 * the caller does that. False: the registers cannot be read or set.
 */
bool registers_look_at_stop(pid_t tid, uint64_t frame, uint64_t restorer, struct call_stop *stop);

#endif
