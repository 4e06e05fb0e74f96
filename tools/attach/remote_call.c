/* SPDX-License-Identifier: MIT */
#include "tools/attach/remote_call.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/clock.h"

enum {
	STOP_WAIT_MS = 10000,
	CALL_STOPS_MAX = 500, /* system calls of one function, both ends */
	KERNEL_SIGSET = 8,
};

static bool trace(int request, const struct remote_thread *thread, uint64_t address, uint64_t data)
{
	return ptrace(request, thread->tid, (void *)(uintptr_t)address, (void *)(uintptr_t)data) ==
	       0;
}

/* Wait for the next stop; false: none in time, or the thread is gone. */
static bool await_stop(const struct remote_thread *thread, int *status)
{
	int64_t end = now_ms() + STOP_WAIT_MS;

	for (;;) {
		pid_t got = waitpid(thread->tid, status, __WALL | WNOHANG);
		if (got == thread->tid)
			return WIFSTOPPED(*status);
		if ((got < 0 && errno != EINTR) || now_ms() > end)
			return false;
		struct timespec moment = { 0, 20000 };
		nanosleep(&moment, NULL);
	}
}

static bool is_event_stop(int status)
{
	return status >> 16 == PTRACE_EVENT_STOP && WSTOPSIG(status) == SIGTRAP;
}

static bool get_state(struct remote_thread *thread)
{
	return registers_read(thread->tid, &thread->regs) &&
	       trace(PTRACE_GETSIGMASK, thread, KERNEL_SIGSET, (uintptr_t)&thread->mask);
}

/* General registers come last: until then the thread returns by the frame, which has all. */
static bool set_state(const struct remote_thread *thread)
{
	bool whole = registers_set_extended(thread->tid, &thread->regs);

	whole &= trace(PTRACE_SETSIGMASK, thread, KERNEL_SIGSET, (uintptr_t)&thread->mask);
	return registers_set_general(thread->tid, &thread->regs) && whole;
}

/* Seize TID and check that it waits in a suitable call; if not, release it. */
static enum remote_call_result try_thread(struct remote_thread *thread, pid_t tid,
					  struct safe_wait *r)
{
	int status, signal_to_pass = 0;

	thread->tid = tid;
	if (ptrace(PTRACE_SEIZE, tid, NULL, (void *)(uintptr_t)PTRACE_O_TRACESYSGOOD) != 0)
		return errno == ESRCH ? REMOTE_CALL_NO_THREAD : REMOTE_CALL_REFUSED;
	if (!trace(PTRACE_INTERRUPT, thread, 0, 0) || !await_stop(thread, &status)) {
		errno = EBUSY; /* the kernel releases it when we exit */
		return REMOTE_CALL_REFUSED;
	}
	if (is_event_stop(status) && get_state(thread) && registers_fit_frame(tid, &thread->regs) &&
	    registers_adopt_wait(&thread->regs, thread->pid, r, thread->restorer)) {
		thread->wait = *r;
		return REMOTE_CALL_READY;
	}
	if (status >> 16 == 0) /* a signal arrived at the same moment: pass it on */
		signal_to_pass = WSTOPSIG(status);
	trace(PTRACE_DETACH, thread, 0, (uint64_t)signal_to_pass);
	return REMOTE_CALL_NO_THREAD;
}

enum remote_call_result remote_call_begin(struct remote_thread *thread, pid_t pid, long timeout_ms,
					  const volatile bool *stop)
{
	int64_t start = now_ms();

	thread->pid = pid;
	if (!registers_learn()) {
		errno = ENOTSUP;
		return REMOTE_CALL_REFUSED;
	}
	for (;;) {
		struct safe_wait r;
		int64_t passed = now_ms() - start;

		if (*stop)
			return REMOTE_CALL_INTERRUPTED;
		if (passed > timeout_ms)
			return REMOTE_CALL_NO_THREAD;
		if (safe_wait_find(pid, passed, &r)) {
			enum remote_call_result result = try_thread(thread, r.tid, &r);
			if (result != REMOTE_CALL_NO_THREAD)
				return result;
		}
		sleep_1ms();
	}
}

/* Block every signal that can wait. Faults of the injected code must stop it and not kill it. */
static uint64_t quiet_mask(void)
{
	static const int synchronous[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS };
	uint64_t mask = ~0ULL;

	for (size_t i = 0; i < sizeof(synchronous) / sizeof(synchronous[0]); i++)
		mask &= ~(1ULL << (synchronous[i] - 1));
	return mask;
}

static void note_result(struct remote_thread *thread, const struct call_stop *stop)
{
	if (!stop->is_result)
		return;
	thread->last = (uint64_t)stop->result;
	if (stop->is_clone && stop->result > 0)
		thread->created = (pid_t)stop->result;
}

enum run_result { RUN_RETURNED, RUN_FAULTED, RUN_STUCK };

/* Run until the function returns into the frame. */
static enum run_result run_to_return(struct remote_thread *thread, uint64_t frame)
{
	int signal_to_pass = 0, status;

	thread->created = 0;
	for (int i = 0; i < CALL_STOPS_MAX; i++) {
		struct call_stop stop;

		if (!trace(PTRACE_SYSCALL, thread, 0, (uint64_t)signal_to_pass) ||
		    !await_stop(thread, &status))
			return RUN_STUCK;
		signal_to_pass = 0;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			if (!registers_look_at_stop(thread->tid, frame, thread->restorer, &stop))
				return RUN_STUCK;
			if (stop.returned)
				return RUN_RETURNED;
			note_result(thread, &stop);
		} else if (status >> 16 == 0) {
			if (quiet_mask() & 1ULL << (WSTOPSIG(status) - 1))
				signal_to_pass = WSTOPSIG(status); /* SIGSTOP: cannot be put off */
			else
				return RUN_FAULTED;
		}
	}
	return RUN_STUCK;
}

/*
 * Bring the thread to a stop of the kind in which we found it: only there does
 * the kernel decide whether to restart the wait.
 */
static bool come_back(struct remote_thread *thread)
{
	int status;

	for (int i = 0; i < CALL_STOPS_MAX; i++) {
		if (!trace(PTRACE_INTERRUPT, thread, 0, 0) || !trace(PTRACE_CONT, thread, 0, 0) ||
		    !await_stop(thread, &status))
			return false;
		if (is_event_stop(status))
			return set_state(thread);
	}
	return false;
}

/* The function waits for a lock, perhaps: the frame restores the thread when it returns. */
static void abandon(struct remote_thread *thread)
{
	int status;

	trace(PTRACE_INTERRUPT, thread, 0, 0);
	if (await_stop(thread, &status))
		trace(PTRACE_DETACH, thread, 0, 0);
	thread->tid = 0;
}

bool remote_call(struct remote_thread *thread, uint64_t function,
		 const uint64_t arguments[REGISTERS_ARGUMENTS], uint64_t stack)
{
	uint64_t top = stack ? stack : registers_stack(&thread->regs);
	uint64_t frame = registers_write_frame(&thread->regs, thread->pid, &thread->wait,
					       thread->mask, thread->restorer, top);
	uint64_t quiet = quiet_mask();

	if (!frame)
		return false;
	/*
	 * Keep this order: if we are killed in between, the thread would keep
	 * the mask and have no frame to undo it.
	 */
	if (!registers_call(thread->tid, &thread->regs, function, arguments, frame,
			    thread->restorer) ||
	    !trace(PTRACE_SETSIGMASK, thread, KERNEL_SIGSET, (uintptr_t)&quiet)) {
		set_state(thread);
		return false;
	}
	enum run_result run = run_to_return(thread, frame);
	if (run != RUN_STUCK && come_back(thread)) {
		registers_spoil_frame(thread->pid, frame);
		return run == RUN_RETURNED;
	}
	abandon(thread);
	return false;
}

bool remote_call_poke(struct remote_thread *thread, uint64_t to, const unsigned char *bytes,
		      size_t n)
{
	for (size_t at = 0; at < n; at += sizeof(uint64_t)) {
		uint64_t word = 0;
		size_t some = n - at < sizeof(word) ? n - at : sizeof(word);

		memcpy(&word, bytes + at, some);
		if (!trace(PTRACE_POKEDATA, thread, to + at, word))
			return false;
	}
	return true;
}

/* Is a signal with a handler pending? Then the wait must end: the program may rely on that. */
static bool has_signal(const struct remote_thread *thread)
{
	uint64_t pending = 0, shared = 0, caught = 0;
	char path[64], line[256];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", (int)thread->pid, (int)thread->tid);
	FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		sscanf(line, "SigPnd: %lx", &pending);
		sscanf(line, "ShdPnd: %lx", &shared);
		sscanf(line, "SigCgt: %lx", &caught);
	}
	if (f)
		fclose(f);
	return ((pending | shared) & caught & ~thread->mask) != 0;
}

/* epoll_wait(2) returns EINTR after any stop. Without a timeout we simply restart it. */
void remote_call_end(struct remote_thread *thread)
{
	if (!thread->tid)
		return;
	if (thread->wait.forever && registers_were_interrupted(&thread->regs) &&
	    !has_signal(thread)) {
		registers_resume(&thread->regs, &thread->wait);
		registers_set_general(thread->tid, &thread->regs);
	}
	trace(PTRACE_DETACH, thread, 0, 0);
}
