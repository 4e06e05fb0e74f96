/* SPDX-License-Identifier: MIT */
#if defined(__x86_64__)
#include "tools/attach/registers.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>

#include "tools/attach/remote.h"

/* Kernel's arch/x86/include/uapi/asm/sigcontext.h and ucontext.h. */
enum {
	SW_BYTES_AT = 464, /* in the legacy part of the state */
	SW_BYTES = 48,
	XSTATE_HEADER_AT = 512,
	MAGIC_1 = 0x46505853,
	MAGIC_2 = 0x46505845,
	RED_ZONE = 128,
	NO_ALTSTACK = 0x10, /* invalid ss_flags: the alternate stack is kept */
	KERNEL_SIGSET = 8,
	FLAGS_OFF = 0x500,         /* direction and trap flag */
	SYSCALL_BYTES = 2,         /* of `syscall` */
	STACK_SEARCHED = 64 * 1024 /* bytes of stack searched for a handler's frame */
};

/* include/linux/errno.h: values that the kernel does not pass to user space. */
enum { ERESTARTSYS = 512, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK = 516 };

/* The head of a signal frame's extended state. */
struct software_bytes {
	uint32_t magic, extended_size;
	uint64_t features;
	uint32_t size;
};

static struct software_bytes native;
static uint64_t native_flags;

/* mov $__NR_rt_sigreturn, %rax; syscall. */
static const unsigned char restorer_code[] = { 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05 };

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

bool registers_learn(void)
{
	struct sigaction action = { .sa_sigaction = look_at_frame, .sa_flags = SA_SIGINFO }, before;

	sigaction(SIGURG, &action, &before);
	raise(SIGURG);
	sigaction(SIGURG, &before, NULL);
	return native.magic == MAGIC_1 && native.size <= REGISTERS_EXTENDED_MAX - 64;
}

uint64_t registers_restorer(pid_t pid, uint64_t libc)
{
	return remote_code(pid, libc, restorer_code, sizeof(restorer_code));
}

static bool get(pid_t tid, int set, void *to, size_t *size)
{
	struct iovec io = { to, *size };
	bool done = ptrace(PTRACE_GETREGSET, tid, (void *)(uintptr_t)set, &io) == 0;

	*size = io.iov_len;
	return done;
}

static bool put(pid_t tid, int set, const void *from, size_t size)
{
	struct iovec io = { (void *)from, size };

	return ptrace(PTRACE_SETREGSET, tid, (void *)(uintptr_t)set, &io) == 0;
}

bool registers_read(pid_t tid, struct registers *r)
{
	size_t size = sizeof(r->general);

	r->extended_size = sizeof(r->extended);
	return get(tid, NT_PRSTATUS, &r->general, &size) &&
	       get(tid, NT_X86_XSTATE, r->extended, &r->extended_size);
}

bool registers_set_extended(pid_t tid, const struct registers *r)
{
	return put(tid, NT_X86_XSTATE, r->extended, r->extended_size);
}

bool registers_set_general(pid_t tid, const struct registers *r)
{
	return put(tid, NT_PRSTATUS, &r->general, sizeof(r->general));
}

/* The thread may only use parts of the state that a signal frame can carry. */
bool registers_fit_frame(pid_t tid, const struct registers *r)
{
	uint64_t used;

	(void)tid;
	if (r->extended_size < native.size)
		return false;
	memcpy(&used, r->extended + XSTATE_HEADER_AT, sizeof(used));
	return (used & ~native.features) == 0;
}

/* Is the stack from RSP on free of the address to which only signal handlers return? */
static bool is_in_no_handler(pid_t pid, uint64_t rsp, uint64_t restorer)
{
	uint64_t words[512];

	for (uint64_t at = rsp; at < rsp + STACK_SEARCHED; at += sizeof(words)) {
		if (!remote_read(pid, at, words, sizeof(words)))
			return true; /* the stack's end */
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (words[i] == restorer)
				return false;
	}
	return true;
}

bool registers_adopt_wait(struct registers *r, pid_t pid, struct safe_wait *w, uint64_t restorer)
{
	static const unsigned char instruction[SYSCALL_BYTES] = { 0x0f, 0x05 };
	unsigned char found[SYSCALL_BYTES];

	return (long)r->general.orig_rax == w->call &&
	       remote_read(pid, r->general.rip - SYSCALL_BYTES, found, sizeof(found)) &&
	       memcmp(found, instruction, sizeof(found)) == 0 &&
	       is_in_no_handler(pid, r->general.rsp & ~7UL, restorer);
}

bool registers_were_interrupted(const struct registers *r)
{
	return r->general.rax == (uint64_t)-EINTR;
}

void registers_resume(struct registers *r, const struct safe_wait *w)
{
	(void)w;
	r->general.rax = r->general.orig_rax;
	r->general.rip -= SYSCALL_BYTES;
	r->general.orig_rax = (uint64_t)-1;
}

uint64_t registers_stack(const struct registers *r)
{
	return r->general.rsp - RED_ZONE;
}

/* Would the kernel restart the call as it was made? */
static bool restarts(const struct user_regs_struct *r)
{
	int64_t result = -(int64_t)r->rax;

	return result == ERESTARTSYS || result == ERESTARTNOINTR || result == ERESTARTNOHAND;
}

/* Waits that the kernel restarts by itself only if we make no other call in between. */
static bool was_interrupted(const struct user_regs_struct *r)
{
	return -(int64_t)r->rax == ERESTART_RESTARTBLOCK || r->rax == (uint64_t)-EINTR;
}

/* The registers with which the wait restarts if we are killed before we restore it. */
static void put_registers(ucontext_t *uc, const struct user_regs_struct *r, bool forever)
{
	greg_t *g = uc->uc_mcontext.gregs;
	uint64_t rip = r->rip, rax = r->rax;

	if (restarts(r) || (forever && was_interrupted(r))) {
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

uint64_t registers_write_frame(const struct registers *r, pid_t pid, const struct safe_wait *w,
			       uint64_t mask, uint64_t restorer, uint64_t top)
{
	unsigned char state[REGISTERS_EXTENDED_MAX];
	const uint32_t magic = MAGIC_2;
	uint64_t state_at = (top - native.size - sizeof(magic)) & ~63UL;
	uint64_t uc_at = (state_at - sizeof(ucontext_t)) & ~15UL;
	uint64_t frame = uc_at - sizeof(restorer);
	ucontext_t uc;

	memcpy(state, r->extended, native.size);
	memset(state + SW_BYTES_AT, 0, SW_BYTES);
	memcpy(state + SW_BYTES_AT, &native, sizeof(native));
	memcpy(state + native.size, &magic, sizeof(magic));
	memset(&uc, 0, sizeof(uc));
	uc.uc_flags = native_flags;
	uc.uc_stack.ss_flags = NO_ALTSTACK;
	put_registers(&uc, &r->general, w->forever);
	uc.uc_mcontext.fpregs = (fpregset_t)(uintptr_t)state_at;
	memcpy(&uc.uc_sigmask, &mask, KERNEL_SIGSET);
	if (!remote_write(pid, state_at, state, native.size + sizeof(magic)) ||
	    !remote_write(pid, uc_at, &uc, sizeof(uc)) ||
	    !remote_write(pid, frame, &restorer, sizeof(restorer)))
		return 0;
	return frame;
}

void registers_spoil_frame(pid_t pid, uint64_t frame)
{
	remote_write(pid, frame, &(uint64_t){ 0 }, sizeof(uint64_t));
}

bool registers_call(pid_t tid, const struct registers *r, uint64_t function,
		    const uint64_t arguments[REGISTERS_ARGUMENTS], uint64_t frame,
		    uint64_t restorer)
{
	struct user_regs_struct call = r->general;

	(void)restorer; /* the frame begins with it */
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
	return put(tid, NT_PRSTATUS, &call, sizeof(call));
}

bool registers_look_at_stop(pid_t tid, uint64_t frame, uint64_t restorer, struct call_stop *stop)
{
	struct user_regs_struct now;
	size_t size = sizeof(now);

	memset(stop, 0, sizeof(*stop));
	if (!get(tid, NT_PRSTATUS, &now, &size))
		return false;
	stop->returned = now.orig_rax == SYS_rt_sigreturn && now.rsp == frame + sizeof(restorer);
	if (stop->returned) {
		now.orig_rax = (uint64_t)-1; /* our caller restores the rest, */
		now.rip = restorer;          /* or sigreturn, if we get killed */
		return put(tid, NT_PRSTATUS, &now, size);
	}
	stop->is_result = true; /* on the way in it is -ENOSYS */
	stop->result = (int64_t)now.rax;
	stop->is_clone = now.orig_rax == SYS_clone || now.orig_rax == SYS_clone3;
	return true;
}

#endif
