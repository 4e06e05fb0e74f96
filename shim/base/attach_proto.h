/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ATTACH_PROTO_H
#define ORSHIM_ATTACH_PROTO_H

/*
 * The protocol between `orshim attach` and the library in another process.
 * The command writes a request into the process and makes a new thread there
 * call orshim_attend() with it; it reads orshim_presence to learn the state.
 * Both may be of different builds: members are never moved or removed, the two
 * exported names stay, and a request of another version is ignored.
 *
 *   request:  [SENT] --> [LOADING] --> [RUNNING] --> [DONE]
 *                |           |             +-------> [FAILED]: why is in `message`
 *                |           +---------------------> [FAILED]: dlerror()
 *                |           +---------------------> [NO_ENTRY]: an older library
 *                +-- the library is loaded already --> [RUNNING]
 *   process:  [PRELOADED] or, loaded by attach, [DISABLED]
 *             [DISABLED] --attach--> [ATTACHED] --detach--> [DISABLED]
 *             [PRELOADED] --detach--> [DISABLED]
 */
#include <stdint.h>

#define ATTACH_FORM 0x6f7273680001ULL /* "orsh", then the number of this form */

enum attach_verb { ATTACH_VERB_ATTACH = 1, ATTACH_VERB_DETACH = 2 };

/* The stage grows from 0; the last three are ends. */
enum attach_stage {
	ATTACH_SENT,
	ATTACH_LOADING, /* in dlopen(3) */
	ATTACH_RUNNING, /* in the library */
	ATTACH_DONE,
	ATTACH_FAILED,   /* `message` has the reason; nothing was changed */
	ATTACH_NO_ENTRY, /* the library has no orshim_attend() */
};

enum { ATTACH_PATH = 4096, ATTACH_MESSAGE = 1024 };

struct attach_request {
	uint64_t form;
	uint32_t verb;
	_Atomic uint32_t stage;
	uint32_t answer_read; /* set by the command: the answer has been read */
	uint32_t flags;       /* of dlopen(3) */
	/* Addresses in that process. */
	uint64_t dlopen, dlsym, dlerror, memccpy, usleep, munmap;
	uint64_t entry;               /* 0: the library is not loaded yet */
	uint64_t memory, memory_size; /* where this request lies: unmapped at the end, then */
	uint64_t code, code_size;     /* the bootstrap code that runs this request */
	char library[ATTACH_PATH];
	char settings
	    [ATTACH_PATH]; /* a file of NAME=VALUE strings, each ended by NUL; 0600, removed when read */
	char symbol[32];
	char message[ATTACH_MESSAGE]; /* the answer, for people */
};

enum attach_state { ATTACH_STATE_PRELOADED, ATTACH_STATE_ATTACHED, ATTACH_STATE_DISABLED };

/* All zero but the form in a process where it was preloaded and never attached or detached. */
struct attach_status {
	uint64_t form;
	uint32_t state;
	uint32_t attached;     /* times */
	int64_t since_us;      /* of the state, since 1970, UTC */
	char log[ATTACH_PATH]; /* "": none */
};

#endif
