/* SPDX-License-Identifier: MIT */
#include "tools/attach/deliver.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tools/attach/borrow.h"
#include "tools/attach/errand.h"
#include "tools/clock.h"

enum {
	ROOM = 128 * 1024, /* the order, and below its end the stack of one call */
	CODE = 4096,
	THREAD_STACK = 1024 * 1024,
	REST_WAIT_MS = 10000, /* for a thread that waits */
	ANSWER_WAIT_MS = 20000,
	INTERRUPTED_WAIT_MS = 1000, /* after Ctrl-C: most answers take some milliseconds */
	LEAVE_WAIT_MS = 2000,
	MESSAGE_MAX = ORDER_SAID,
};

/* What lies in the room. */
struct luggage {
	struct order order;
	uint64_t thread; /* pthread_t */
	pthread_attr_t attributes;
};

/* Functions of the process's libc. */
struct functions {
	uint64_t mmap, munmap, pthread_create, restorer;
};

/* x86-64: mov $__NR_rt_sigreturn, %rax; syscall. */
static const unsigned char restorer_code[] = { 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05 };

static bool find_functions(const struct target *t, struct functions *f, struct order *o)
{
	const struct {
		const char *name;
		uint64_t *at;
	} wanted[] = {
		{ "mmap", &f->mmap },       { "munmap", &f->munmap },
		{ "munmap", &o->munmap },   { "pthread_create", &f->pthread_create },
		{ "dlopen", &o->dlopen },   { "dlsym", &o->dlsym },
		{ "dlerror", &o->dlerror }, { "memccpy", &o->memccpy },
		{ "usleep", &o->usleep },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		*wanted[i].at = remote_symbol(t->pid, t->libc.base, wanted[i].name);
		if (!*wanted[i].at)
			return false;
	}
	f->restorer = remote_code(t->pid, t->libc.base, restorer_code, sizeof(restorer_code));
	return f->restorer != 0;
}

/* Anonymous memory there; 0: none. */
static uint64_t map(struct borrowed *b, const struct functions *f, size_t size, int protection)
{
	const uint64_t arguments[BORROW_ARGUMENTS] = {
		0, size, (uint64_t)protection, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0
	};

	if (!borrow_call(b, f->mmap, arguments, 0) || b->last > (uint64_t)-4096)
		return 0;
	return b->last;
}

static void unmap(struct borrowed *b, const struct functions *f, uint64_t at, size_t size)
{
	const uint64_t arguments[BORROW_ARGUMENTS] = { at, size };

	if (at && b->tid)
		borrow_call(b, f->munmap, arguments, 0);
}

/* Detached, so that nobody has to join it, and small. */
static void set_attributes(pthread_attr_t *a)
{
	memset(a, 0, sizeof(*a));
	pthread_attr_init(a);
	pthread_attr_setdetachstate(a, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(a, THREAD_STACK);
}

/* Bring in code and order, and start the thread. NULL, or why nothing was changed. */
static const char *send(struct borrowed *b, const struct functions *f, struct luggage *l)
{
	size_t code_size = (size_t)(errand_code_end - errand_code);
	uint64_t room = map(b, f, ROOM, PROT_READ | PROT_WRITE);
	uint64_t code = room ? map(b, f, CODE, PROT_READ | PROT_EXEC) : 0;
	const uint64_t arguments[BORROW_ARGUMENTS] = { room + offsetof(struct luggage, thread),
						       room + offsetof(struct luggage, attributes),
						       code, room };

	l->order.room = room;
	l->order.room_size = ROOM;
	l->order.code = code;
	l->order.code_size = CODE;
	if (room && code && borrow_poke(b, code, errand_code, code_size) &&
	    remote_write(b->pid, room, l, sizeof(*l)) &&
	    borrow_call(b, f->pthread_create, arguments, room + ROOM) && b->created)
		return NULL; /* pthread_t is written even where it fails */
	if (!b->tid)         /* let go of in the middle: whatever begins later finds no order */
		remote_write(b->pid, room, &(uint64_t){ 0 }, sizeof(uint64_t));
	unmap(b, f, room, ROOM);
	unmap(b, f, code, CODE);
	return !b->tid ? "did not come back from a call in time; nothing more was asked of it"
	       : !room || !code
		   ? "has no memory for it, or a policy against new code: start it under orshim "
		     "run instead"
		   : "could not start a thread (a limit on threads or memory, perhaps)";
}

/* The stage it ended in; what it is in if it takes too long. */
static uint32_t await_answer(const struct target *t, const struct order *o,
			     const volatile bool *stop, char said[ORDER_SAID])
{
	const uint64_t stage_at = o->room + offsetof(struct order, stage);
	int64_t start = now_ms();
	uint32_t stage = ORDER_SENT;
	const uint32_t taken = 1;

	while (remote_read(t->pid, stage_at, &stage, sizeof(stage)) && stage < ORDER_DONE) {
		int64_t passed = now_ms() - start;
		if (passed > ANSWER_WAIT_MS || (*stop && passed > INTERRUPTED_WAIT_MS))
			return stage;
		sleep_1ms();
	}
	said[0] = '\0';
	remote_read(t->pid, o->room + offsetof(struct order, said), said, ORDER_SAID);
	said[ORDER_SAID - 1] = '\0';
	remote_write(t->pid, o->room + offsetof(struct order, taken), &taken, sizeof(taken));
	for (start = now_ms(); now_ms() - start < LEAVE_WAIT_MS; sleep_1ms())
		if (!remote_is_mapped(t->pid, o->code, o->code + CODE))
			break;
	return stage;
}

static void say_why(char said[ORDER_SAID], const char *why)
{
	snprintf(said, ORDER_SAID, "%s", why);
}

static enum deliver_result refuse(char said[ORDER_SAID], const char *why)
{
	say_why(said, why);
	return DELIVER_REFUSED;
}

static enum deliver_result judge_stage(uint32_t stage, char said[ORDER_SAID])
{
	char why[ORDER_SAID];

	switch (stage) {
	case ORDER_DONE:
		return DELIVER_DONE;
	case ORDER_FAILED:
		snprintf(why, sizeof(why), "did not take it: %.900s", said);
		return refuse(said, why);
	case ORDER_UNKNOWN:
		return refuse(said, "was given a liborshim.so of another version than this "
				    "command: install both anew");
	default:
		say_why(said,
			stage == ORDER_AT_WORK
			    ? "is still at it"
			    : "still waits for its loader, which another thread holds: it goes "
			      "on as soon as that is free");
		return DELIVER_PENDING;
	}
}

static void write_order(struct luggage *l, const struct target *t, enum order_verb verb,
			const char *library, const char *settings)
{
	struct order *o = &l->order;

	o->form = ORDER_FORM;
	o->verb = verb;
	o->flags = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE;
	o->attend = t->attend;
	snprintf(o->library, sizeof(o->library), "%s", library);
	snprintf(o->settings, sizeof(o->settings), "%s", settings);
	snprintf(o->symbol, sizeof(o->symbol), "orshim_attend");
	set_attributes(&l->attributes);
}

enum deliver_result deliver(const struct target *t, enum order_verb verb, const char *library,
			    const char *settings, const volatile bool *stop, char said[ORDER_SAID])
{
	struct luggage *l = calloc(1, sizeof(*l));
	struct borrowed *b = calloc(1, sizeof(*b));
	enum deliver_result result = DELIVER_REFUSED;
	struct functions f;
	uint32_t stage;

	if (!l || !b) {
		say_why(said, "cannot be attached to: out of memory");
	} else if (!find_functions(t, &f, &l->order)) {
		say_why(said, "has a libc in which the needed functions were not found");
	} else {
		write_order(l, t, verb, library, settings);
		b->restorer = f.restorer;
		switch (borrow_take(b, t->pid, REST_WAIT_MS, stop)) {
		case BORROW_INTERRUPTED:
			result = DELIVER_INTERRUPTED;
			break;
		case BORROW_NONE:
			say_why(said, "had no thread at rest for ten seconds: it is too busy, or "
				      "its threads are in signal handlers; try again");
			break;
		case BORROW_REFUSED:
			snprintf(said, ORDER_SAID,
				 errno == EPERM ? "cannot be attached to: %s (a policy of this "
						  "system or container forbids ptrace(2)): start "
						  "it under orshim run instead"
						: "cannot be attached to: %s",
				 strerror(errno));
			break;
		case BORROW_TAKEN: {
			const char *why = send(b, &f, l);
			borrow_return(b);
			if (why) {
				say_why(said, why);
				break;
			}
			stage = await_answer(t, &l->order, stop, said);
			result = judge_stage(stage, said);
		}
		}
	}
	free(l);
	free(b);
	return result;
}
