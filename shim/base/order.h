/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ORDER_H
#define ORSHIM_ORDER_H

/*
 * What `orshim attach` and the library in another process say to each other.
 * The command writes an order into the process and has a new thread there
 * call orshim_attend() with it; orshim_presence is read from outside. Both
 * may be of different builds: nothing here is moved or taken away, and what
 * is not of this form is left alone.
 */
#include <stdint.h>

#define ORDER_FORM 0x6f7273680001ULL /* "orsh", then the number of this form */

enum order_verb { ORDER_ATTACH = 1, ORDER_DETACH = 2 };

/* The stage grows from 0; the last three are ends. */
enum order_stage {
	ORDER_SENT,
	ORDER_LOADING, /* in dlopen(3) */
	ORDER_AT_WORK, /* in the library */
	ORDER_DONE,
	ORDER_FAILED,  /* said says why; nothing was changed */
	ORDER_UNKNOWN, /* the library has no orshim_attend() */
};

enum { ORDER_PATH = 4096, ORDER_SAID = 1024 };

struct order {
	uint64_t form;
	uint32_t verb;
	_Atomic uint32_t stage;
	uint32_t taken; /* set by the command: the answer has been read */
	uint32_t flags; /* of dlopen(3) */
	/* Addresses in that process. */
	uint64_t dlopen, dlsym, dlerror, memccpy, usleep, munmap;
	uint64_t attend;          /* 0: the library is not loaded yet */
	uint64_t room, room_size; /* where this order lies: given back at the end, then */
	uint64_t code, code_size; /* what carries it out */
	char library[ORDER_PATH];
	char settings
	    [ORDER_PATH]; /* a file of NAME=VALUE strings, each ended by NUL; 0600, removed when read */
	char symbol[32];
	char said[ORDER_SAID]; /* the answer, for people */
};

enum presence_state { PRESENCE_PRELOADED, PRESENCE_ATTACHED, PRESENCE_RESTING };

/* All zero but the form in a process where it was preloaded and never attached or detached. */
struct presence {
	uint64_t form;
	uint32_t state;
	uint32_t attached;    /* times */
	int64_t since_us;     /* of the state, since 1970, UTC */
	char log[ORDER_PATH]; /* "": none */
};

#endif
