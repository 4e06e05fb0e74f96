/* SPDX-License-Identifier: MIT */
#include "tools/attach/remote_call.h"

#if defined(__x86_64__)

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "tools/attach/remote.h"
#include "tools/attach/safe_wait.h"
#include "tools/clock.h"

/* Kernel's arch/x86/include/uapi/asm/sigcontext.h and ucontext.h. */
enum {
	SW_BYTES_AT = 464, /* in the legacy part of the state */
	SW_BYTES = 48,
	XSTATE_HEADER_AT = 512,
	MAGIC_1 = 0x46505853,
	MAGIC_2 = 0x46505845,
	RED_ZONE = 128,
	NO_ALTSTACK = 0x10, /* invalid ss_flags: the alternate stack is kept */
	STOP_WAIT_MS = 10000,
	CALL_STOPS_MAX = 500, /* system calls of one function, both ends */
	KERNEL_SIGSET = 8,
	FLAGS_OFF = 0x500, /* direction and trap flag */
};

/* The head of a signal frame's extended state. */
struct software_bytes {
	uint32_t magic, extended_size;
	uint64_t features;
	uint32_t size;
};

static struct software_bytes native;
static uint64_t native_flags;

/*
 * A frame made by the kernel shows how large the state is on this machine and
 * which parts it has.
 */
static void look_at_frame(int signal, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)signal;
	(void)info;
	native_flags = uc->uc_flags;
	memcpy(&native, (char *)uc->uc_mcontext.fpregs + SW_BYTES_AT, sizeof(native));
}

static bool learn_frame(void)
{
	struct sigaction action = { .sa_sigaction = look_at_frame, .sa_flags = SA_SIGINFO }, before;

	sigaction(SIGURG, &action, &before);
	raise(SIGURG);
	sigaction(SIGURG, &before, NULL);
	return native.magic == MAGIC_1 && native.size <= REMOTE_CALL_XSTATE_MAX - 64;
}

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
	struct iovec regs = { &thread->regs, sizeof(thread->regs) };
	struct iovec xstate = { thread->xstate, sizeof(thread->xstate) };

	if (!trace(PTRACE_GETREGSET, thread, NT_PRSTATUS, (uintptr_t)&regs) ||
	    !trace(PTRACE_GETREGSET, thread, NT_X86_XSTATE, (uintptr_t)&xstate) ||
	    !trace(PTRACE_GETSIGMASK, thread, KERNEL_SIGSET, (uintptr_t)&thread->mask))
		return false;
	thread->xstate_size = xstate.iov_len;
	return true;
}

static bool set_regs(const struct remote_thread *thread, const struct user_regs_struct *to)
{
	struct iovec regs = { (void *)to, sizeof(*to) };

	return trace(PTRACE_SETREGSET, thread, NT_PRSTATUS, (uintptr_t)&regs);
}

/* Registers come last: until then the thread returns by the frame, which has them all, too. */
static bool set_state(const struct remote_thread *thread)
{
	struct iovec xstate = { (void *)thread->xstate, thread->xstate_size };

	bool whole = trace(PTRACE_SETREGSET, thread, NT_X86_XSTATE, (uintptr_t)&xstate);
	whole &= trace(PTRACE_SETSIGMASK, thread, KERNEL_SIGSET, (uintptr_t)&thread->mask);
	return set_regs(thread, &thread->regs) && whole;
}

/* The thread may only use parts of the state that a signal frame can carry. */
static bool fits_frame(const struct remote_thread *thread)
{
	uint64_t used;

	if (thread->xstate_size < native.size)
		return false;
	memcpy(&used, thread->xstate + XSTATE_HEADER_AT, sizeof(used));
	return (used & ~native.features) == 0;
}

/* Seize TID and check that it waits in a suitable call; if not, release it. */
static enum remote_call_result try_thread(struct remote_thread *thread, pid_t tid,
					  const struct safe_wait *r)
{
	int status, signal_to_pass = 0;

	thread->tid = tid;
	if (ptrace(PTRACE_SEIZE, tid, NULL, (void *)(uintptr_t)PTRACE_O_TRACESYSGOOD) != 0)
		return errno == ESRCH ? REMOTE_CALL_NO_THREAD : REMOTE_CALL_REFUSED;
	if (!trace(PTRACE_INTERRUPT, thread, 0, 0) || !await_stop(thread, &status)) {
		errno = EBUSY; /* the kernel releases it when we exit */
		return REMOTE_CALL_REFUSED;
	}
	if (is_event_stop(status) && get_state(thread) && fits_frame(thread) &&
	    safe_wait_is_unchanged(r, thread->pid, &thread->regs, thread->restorer)) {
		thread->forever = r->forever;
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
	if (!learn_frame()) {
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

/* Waits that the kernel restarts by itself only if we make no other call in between. */
static bool was_interrupted(const struct user_regs_struct *r)
{
	return safe_wait_has_timeout(r) || r->rax == (uint64_t)-EINTR;
}

/* The registers with which the wait restarts if we are killed before we restore it. */
static void put_registers(ucontext_t *uc, const struct user_regs_struct *r, bool forever)
{
	greg_t *g = uc->uc_mcontext.gregs;
	uint64_t rip = r->rip, rax = r->rax;

	if (safe_wait_restarts(r) || (forever && was_interrupted(r))) {
		rip -= SYSCALL_BYTES;
		rax = r->orig_rax;
	} else if (was_interrupted(r)) {
		rax = (uint64_t)-EINTR;
	}
	g[REG_R8] = (greg_t)r->r8;
	g[REG_R9] = (greg_t)r->r9;
	g[REG_R10] = (greg_t)r->r10;
	g[REG_R11] = (greg_t)r->r11;
	g[REG_R12] = (greg_t)r->r12;
	g[REG_R13] = (greg_t)r->r13;
	g[REG_R14] = (greg_t)r->r14;
	g[REG_R15] = (greg_t)r->r15;
	g[REG_RDI] = (greg_t)r->rdi;
	g[REG_RSI] = (greg_t)r->rsi;
	g[REG_RBP] = (greg_t)r->rbp;
	g[REG_RBX] = (greg_t)r->rbx;
	g[REG_RDX] = (greg_t)r->rdx;
	g[REG_RAX] = (greg_t)rax;
	g[REG_RCX] = (greg_t)r->rcx;
	g[REG_RSP] = (greg_t)r->rsp;
	g[REG_RIP] = (greg_t)rip;
	g[REG_EFL] = (greg_t)r->eflags;
	g[REG_CSGSFS] = (greg_t)(r->cs | r->ss << 48);
}

/*
 * Write a signal frame below TOP as the kernel does for a handler: the
 * handler's return address and the state to restore. Returns 0 if the stack has
 * no room.
 */
static uint64_t write_frame(const struct remote_thread *thread, uint64_t top)
{
	unsigned char state[REMOTE_CALL_XSTATE_MAX];
	const uint32_t magic = MAGIC_2;
	uint64_t state_at = (top - native.size - sizeof(magic)) & ~63UL;
	uint64_t uc_at = (state_at - sizeof(ucontext_t)) & ~15UL;
	uint64_t frame = uc_at - sizeof(thread->restorer);
	ucontext_t uc;

	memcpy(state, thread->xstate, native.size);
	memset(state + SW_BYTES_AT, 0, SW_BYTES);
	memcpy(state + SW_BYTES_AT, &native, sizeof(native));
	memcpy(state + native.size, &magic, sizeof(magic));
	memset(&uc, 0, sizeof(uc));
	uc.uc_flags = native_flags;
	uc.uc_stack.ss_flags = NO_ALTSTACK;
	put_registers(&uc, &thread->regs, thread->forever);
	uc.uc_mcontext.fpregs = (fpregset_t)(uintptr_t)state_at;
	memcpy(&uc.uc_sigmask, &thread->mask, KERNEL_SIGSET);
	if (!remote_write(thread->pid, state_at, state, native.size + sizeof(magic)) ||
	    !remote_write(thread->pid, uc_at, &uc, sizeof(uc)) ||
	    !remote_write(thread->pid, frame, &thread->restorer, sizeof(thread->restorer)))
		return 0;
	return frame;
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

/* Also runs when a call begins; then rax is -ENOSYS. */
static void note_result(struct remote_thread *thread, const struct user_regs_struct *now)
{
	thread->last = now->rax;
	if ((now->orig_rax == SYS_clone || now->orig_rax == SYS_clone3) && (int64_t)now->rax > 0)
		thread->created = (pid_t)now->rax;
}

enum run_result { RUN_RETURNED, RUN_FAULTED, RUN_STUCK };

/* Run until the function returns into the frame. */
static enum run_result run_to_return(struct remote_thread *thread, uint64_t frame)
{
	int signal_to_pass = 0, status;

	thread->created = 0;
	for (int i = 0; i < CALL_STOPS_MAX; i++) {
		struct user_regs_struct now;
		struct iovec regs = { &now, sizeof(now) };

		if (!trace(PTRACE_SYSCALL, thread, 0, (uint64_t)signal_to_pass) ||
		    !await_stop(thread, &status))
			return RUN_STUCK;
		signal_to_pass = 0;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			if (!trace(PTRACE_GETREGSET, thread, NT_PRSTATUS, (uintptr_t)&regs))
				return RUN_STUCK;
			if (now.orig_rax == SYS_rt_sigreturn && now.rsp == frame + 8) {
				now.orig_rax = (uint64_t)-1; /* we restore the rest, */
				now.rip = thread->restorer;  /* or sigreturn, if we get killed */
				return set_regs(thread, &now) ? RUN_RETURNED : RUN_STUCK;
			}
			note_result(thread, &now);
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
		 const uint64_t arguments[REMOTE_CALL_ARGUMENTS], uint64_t stack)
{
	uint64_t frame = write_frame(thread, stack ? stack : thread->regs.rsp - RED_ZONE);
	struct user_regs_struct call = thread->regs;
	const uint64_t nothing = 0; /* or the next search would take it for a handler's frame */
	uint64_t quiet = quiet_mask();

	if (!frame)
		return false;
	call.rip = function;
	call.rsp = frame;
	call.rdi = arguments[0];
	call.rsi = arguments[1];
	call.rdx = arguments[2];
	call.rcx = arguments[3];
	call.r8 = arguments[4];
	call.r9 = arguments[5];
	call.rax = 0;
	call.orig_rax = (uint64_t)-1;
	call.eflags &= ~(uint64_t)FLAGS_OFF;
	/*
	 * Keep this order: if we are killed in between, the thread would keep
	 * the mask and have no frame to undo it.
	 */
	if (!set_regs(thread, &call) ||
	    !trace(PTRACE_SETSIGMASK, thread, KERNEL_SIGSET, (uintptr_t)&quiet)) {
		set_state(thread);
		return false;
	}
	enum run_result run = run_to_return(thread, frame);
	if (run != RUN_STUCK && come_back(thread)) {
		remote_write(thread->pid, frame, &nothing, sizeof(nothing));
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
	if (thread->forever && thread->regs.rax == (uint64_t)-EINTR && !has_signal(thread)) {
		thread->regs.rax = thread->regs.orig_rax;
		thread->regs.rip -= SYSCALL_BYTES;
		thread->regs.orig_rax = (uint64_t)-1;
		set_regs(thread, &thread->regs);
	}
	trace(PTRACE_DETACH, thread, 0, 0);
}

#else /* target_refusal() refuses other machines before anything is touched */

enum remote_call_result remote_call_begin(struct remote_thread *thread, pid_t pid, long timeout_ms,
					  const volatile bool *stop)
{
	(void)thread, (void)pid, (void)timeout_ms, (void)stop;
	return REMOTE_CALL_NO_THREAD;
}

bool remote_call(struct remote_thread *thread, uint64_t function,
		 const uint64_t arguments[REMOTE_CALL_ARGUMENTS], uint64_t stack)
{
	(void)thread, (void)function, (void)arguments, (void)stack;
	return false;
}

bool remote_call_poke(struct remote_thread *thread, uint64_t to, const unsigned char *bytes,
		      size_t n)
{
	(void)thread, (void)to, (void)bytes, (void)n;
	return false;
}

void remote_call_end(struct remote_thread *thread)
{
	(void)thread;
}

#endif
