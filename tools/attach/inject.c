/* SPDX-License-Identifier: MIT */
#include "tools/attach/inject.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tools/attach/remote_call.h"
#include "tools/attach/bootstrap.h"
#include "tools/clock.h"

enum {
	MEMORY = 128 * 1024, /* the attach request, and below its end the stack for one call */
	CODE = 4096,
	THREAD_STACK = 1024 * 1024,
	REST_WAIT_MS = 10000, /* for a thread that waits */
	ANSWER_WAIT_MS = 20000,
	INTERRUPTED_WAIT_MS = 1000, /* after Ctrl-C: most answers take some milliseconds */
	LEAVE_WAIT_MS = 2000,
	MESSAGE_MAX = ATTACH_MESSAGE,
};

/* Offsets of the parts in that memory. */
struct payload {
	struct attach_request request;
	uint64_t thread; /* pthread_t */
	pthread_attr_t attributes;
};

/* Functions of the process's libc. */
struct functions {
	uint64_t mmap, munmap, pthread_create, restorer;
};

static bool find_functions(const struct target *t, struct functions *f, struct attach_request *o)
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
	f->restorer = registers_restorer(t->pid, t->libc.base);
	return f->restorer != 0;
}

/* Map anonymous memory in the process; returns 0 if that fails. */
static uint64_t map(struct remote_thread *thread, const struct functions *f, size_t size,
		    int protection)
{
	const uint64_t arguments[REGISTERS_ARGUMENTS] = {
		0, size, (uint64_t)protection, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0
	};

	if (!remote_call(thread, f->mmap, arguments, 0) || thread->last > (uint64_t)-4096)
		return 0;
	return thread->last;
}

static void unmap(struct remote_thread *thread, const struct functions *f, uint64_t at, size_t size)
{
	const uint64_t arguments[REGISTERS_ARGUMENTS] = { at, size };

	if (at && thread->tid)
		remote_call(thread, f->munmap, arguments, 0);
}

/* Detached because the program cannot join a thread it does not know, and small. */
static void set_attributes(pthread_attr_t *a)
{
	memset(a, 0, sizeof(*a));
	pthread_attr_init(a);
	pthread_attr_setdetachstate(a, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(a, THREAD_STACK);
}

/* Write code and request, and start the thread. Returns NULL, or why nothing was changed. */
static const char *send(struct remote_thread *thread, const struct functions *f, struct payload *p)
{
	size_t code_size = (size_t)(bootstrap_code_end - bootstrap_code);
	uint64_t memory = map(thread, f, MEMORY, PROT_READ | PROT_WRITE);
	uint64_t code = memory ? map(thread, f, CODE, PROT_READ | PROT_EXEC) : 0;
	const uint64_t arguments[REGISTERS_ARGUMENTS] = { memory + offsetof(struct payload, thread),
							  memory +
							      offsetof(struct payload, attributes),
							  code, memory };

	p->request.memory = memory;
	p->request.memory_size = MEMORY;
	p->request.code = code;
	p->request.code_size = CODE;
	if (memory && code && remote_call_poke(thread, code, bootstrap_code, code_size) &&
	    remote_write(thread->pid, memory, p, sizeof(*p)) &&
	    remote_call(thread, f->pthread_create, arguments, memory + MEMORY) && thread->created)
		return NULL; /* pthread_t is written even where it fails */
	if (!thread->tid)    /* call abandoned: a late thread finds an empty request */
		remote_write(thread->pid, memory, &(uint64_t){ 0 }, sizeof(uint64_t));
	unmap(thread, f, memory, MEMORY);
	unmap(thread, f, code, CODE);
	return !thread->tid ? "did not come back from a call in time, and nothing more was asked of it: start "
					   "it under orshim run instead"
	       : !memory || !code
		   ? "has no memory for it, or a policy against new code: start it under orshim "
		     "run instead"
		   : "could not start a thread (a limit on threads or memory, perhaps): start it "
				     "under orshim run instead";
}

/* The stage in which it ended, or which it has reached at the time limit. */
static uint32_t await_answer(const struct target *t, const struct attach_request *o,
			     const volatile bool *stop, char message[ATTACH_MESSAGE])
{
	const uint64_t stage_at = o->memory + offsetof(struct attach_request, stage);
	int64_t start = now_ms();
	uint32_t stage = ATTACH_SENT;
	const uint32_t answer_read = 1;

	while (remote_read(t->pid, stage_at, &stage, sizeof(stage)) && stage < ATTACH_DONE) {
		int64_t passed = now_ms() - start;
		if (passed > ANSWER_WAIT_MS || (*stop && passed > INTERRUPTED_WAIT_MS))
			return stage;
		sleep_1ms();
	}
	message[0] = '\0';
	remote_read(t->pid, o->memory + offsetof(struct attach_request, message), message,
		    ATTACH_MESSAGE);
	message[ATTACH_MESSAGE - 1] = '\0';
	remote_write(t->pid, o->memory + offsetof(struct attach_request, answer_read), &answer_read,
		     sizeof(answer_read));
	for (start = now_ms(); now_ms() - start < LEAVE_WAIT_MS; sleep_1ms())
		if (!remote_is_mapped(t->pid, o->code, o->code + CODE))
			break;
	return stage;
}

static void set_message(char message[ATTACH_MESSAGE], const char *why)
{
	snprintf(message, ATTACH_MESSAGE, "%s", why);
}

static enum inject_result refuse(char message[ATTACH_MESSAGE], const char *why)
{
	set_message(message, why);
	return INJECT_REFUSED;
}

static enum inject_result judge_stage(uint32_t stage, char message[ATTACH_MESSAGE])
{
	char why[ATTACH_MESSAGE];

	switch (stage) {
	case ATTACH_DONE:
		return INJECT_DONE;
	case ATTACH_FAILED:
		snprintf(why, sizeof(why), "did not take it: %.900s", message);
		return refuse(message, why);
	case ATTACH_NO_ENTRY:
		return refuse(message, "was given a liborshim.so of another version than this "
				       "command: install both anew");
	default:
		set_message(message,
			    stage == ATTACH_RUNNING
				? "is still loading it"
				: "still waits for its loader, which another thread is using: it "
				  "goes on when that is done");
		return INJECT_PENDING;
	}
}

static void write_request(struct payload *p, const struct target *t, enum attach_verb verb,
			  const char *library, const char *settings)
{
	struct attach_request *o = &p->request;

	o->form = ATTACH_FORM;
	o->verb = verb;
	o->flags = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE;
	o->entry = t->entry;
	snprintf(o->library, sizeof(o->library), "%s", library);
	snprintf(o->settings, sizeof(o->settings), "%s", settings);
	snprintf(o->symbol, sizeof(o->symbol), "orshim_attend");
	set_attributes(&p->attributes);
}

enum inject_result inject(const struct target *t, enum attach_verb verb, const char *library,
			  const char *settings, const volatile bool *stop,
			  char message[ATTACH_MESSAGE])
{
	struct payload *p = calloc(1, sizeof(*p));
	struct remote_thread *thread = calloc(1, sizeof(*thread));
	enum inject_result result = INJECT_REFUSED;
	struct functions f;
	uint32_t stage;

	if (!p || !thread) {
		set_message(message, "cannot be attached to: out of memory");
	} else if (!find_functions(t, &f, &p->request)) {
		set_message(message, "has a libc in which the needed functions were not found: start it under orshim run instead");
	} else {
		write_request(p, t, verb, library, settings);
		thread->restorer = f.restorer;
		switch (remote_call_begin(thread, t->pid, REST_WAIT_MS, stop)) {
		case REMOTE_CALL_INTERRUPTED:
			result = INJECT_INTERRUPTED;
			break;
		case REMOTE_CALL_NO_THREAD:
			set_message(message,
				    "had no idle thread for ten seconds: it is too busy, or "
				    "its threads are in signal handlers: try again, or start it "
				    "under orshim run instead");
			break;
		case REMOTE_CALL_REFUSED:
			snprintf(message, ATTACH_MESSAGE,
				 errno == EPERM ? "cannot be attached to: %s (a policy of this "
						  "system or container forbids ptrace(2)): start "
						  "it under orshim run instead"
						: "cannot be attached to: %s",
				 strerror(errno));
			break;
		case REMOTE_CALL_READY: {
			const char *why = send(thread, &f, p);
			remote_call_end(thread);
			if (why) {
				set_message(message, why);
				break;
			}
			stage = await_answer(t, &p->request, stop, message);
			result = judge_stage(stage, message);
		}
		}
	}
	free(p);
	free(thread);
	return result;
}
