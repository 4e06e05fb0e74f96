/* SPDX-License-Identifier: MIT */
#if defined(__aarch64__)
#include "tools/attach/registers.h"

#include <asm/sigcontext.h>
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <ucontext.h>

#include "tools/attach/remote.h"

/* Newer than the headers of some systems: Linux 6.3 and 6.13, include/uapi/linux/elf.h. */
enum { REGSET_ZA = 0x40c, REGSET_GCS = 0x410, ZA_HEADER = 16 /* bytes: all, when it is off */ };

enum {
	NUMBER = 8,    /* x8: the number of a system call */
	DIRECTION = 7, /* x7, in a stop at a system call only: 0 on the way in, 1 on the way out */
	LINK = 30,
	NO_ALTSTACK = 0x10, /* invalid ss_flags: the alternate stack is kept */
	KERNEL_SIGSET = 8,
	RED_ZONE = 128, /* the ABI has none; some code generators do */
	SVC_BYTES = 4,
	STACK_SEARCHED = 64 * 1024, /* bytes of stack searched for a handler's frame */
};
static const uint32_t svc = 0xd4000001;
static const uint64_t flags_off = 3u << 10 | 1u << 21; /* BTYPE, single step */

/* Linux, struct rt_sigframe of arm64: what lies at the stack's end while a handler runs. */
struct frame {
	siginfo_t info;
	ucontext_t context;
};

/* mov x8, #__NR_rt_sigreturn; svc #0. */
static const uint32_t restorer_code[] = { 0xd2801168, 0xd4000001 };

bool registers_learn(void)
{
	return true; /* the parts that we write are the same everywhere */
}

/* The kernel's own, in the vDSO: glibc and musl name none. */
uint64_t registers_restorer(pid_t pid, uint64_t libc)
{
	Elf64_auxv_t entry;
	char path[64];
	uint64_t vdso = 0;

	(void)libc;
	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)pid);
	FILE *f = fopen(path, "re");
	while (f && !vdso && fread(&entry, sizeof(entry), 1, f) == 1)
		if (entry.a_type == AT_SYSINFO_EHDR)
			vdso = entry.a_un.a_val;
	if (f)
		fclose(f);
	return vdso ? remote_code(pid, vdso, restorer_code, sizeof(restorer_code)) : 0;
}

/* Returns the number of bytes read; 0: none. */
static size_t get(pid_t tid, int set, void *to, size_t size)
{
	struct iovec io = { to, size };

	return ptrace(PTRACE_GETREGSET, tid, (void *)(uintptr_t)set, &io) == 0 ? io.iov_len : 0;
}

static bool put(pid_t tid, int set, const void *from, size_t size)
{
	struct iovec io = { (void *)from, size };

	return ptrace(PTRACE_SETREGSET, tid, (void *)(uintptr_t)set, &io) == 0;
}

bool registers_read(pid_t tid, struct registers *r)
{
	r->extended_size = sizeof(struct user_fpsimd_struct);
	return get(tid, NT_PRSTATUS, &r->general, sizeof(r->general)) == sizeof(r->general) &&
	       get(tid, NT_PRFPREG, r->extended, r->extended_size) == r->extended_size;
}

/* A system call keeps of the vector registers what this has: the rest of SVE's need not come back. */
bool registers_set_extended(pid_t tid, const struct registers *r)
{
	return put(tid, NT_PRFPREG, r->extended, r->extended_size);
}

bool registers_set_general(pid_t tid, const struct registers *r)
{
	return put(tid, NT_PRSTATUS, &r->general, sizeof(r->general));
}

/* SME's array is on, or calls are checked by a guarded control stack: no frame of ours returns. */
bool registers_fit_frame(pid_t tid, const struct registers *r)
{
	unsigned char array[ZA_HEADER + 1];
	uint64_t guarded[3] = { 0 };

	(void)r;
	return get(tid, REGSET_ZA, array, sizeof(array)) <= ZA_HEADER &&
	       (get(tid, REGSET_GCS, guarded, sizeof(guarded)) == 0 || !(guarded[0] & 1));
}

/* Does a signal frame's first record lie on the stack from SP on? Nothing else looks like it. */
static bool is_in_no_handler(pid_t pid, uint64_t sp)
{
	const struct _aarch64_ctx record = { FPSIMD_MAGIC, sizeof(struct fpsimd_context) };
	struct _aarch64_ctx words[512];

	for (uint64_t at = sp & ~7UL; at < sp + STACK_SEARCHED; at += sizeof(words)) {
		if (!remote_read(pid, at, words, sizeof(words)))
			return true; /* the stack's end */
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (memcmp(&words[i], &record, sizeof(record)) == 0)
				return false;
	}
	return true;
}

static bool is_svc(pid_t pid, uint64_t at)
{
	uint32_t found;

	return remote_read(pid, at, &found, sizeof(found)) && found == svc;
}

/* Where the kernel goes on with the rest of the time, by restart_syscall(2). */
static bool has_rest(const struct safe_wait *w)
{
	return w->call == SYS_nanosleep || w->call == SYS_restart_syscall ||
	       (w->call == SYS_clock_nanosleep && !(w->arguments[1] & TIMER_ABSTIME));
}

/*
 * Before such a stop the kernel has set the registers already: the thread is
 * at the instruction that makes the call again, with all arguments; or behind
 * it with EINTR, and the first argument is known from before alone. If it goes
 * on from another stop, then with the number that the kernel would have put in
 * at the end.
 */
bool registers_adopt_wait(struct registers *r, pid_t pid, struct safe_wait *w, uint64_t restorer)
{
	bool again = is_svc(pid, r->general.pc);

	(void)restorer;
	if ((long)r->general.regs[NUMBER] != w->call ||
	    (!again && !is_svc(pid, r->general.pc - SVC_BYTES)) ||
	    !is_in_no_handler(pid, r->general.sp))
		return false;
	if (again)
		memcpy(w->arguments, r->general.regs, sizeof(w->arguments));
	else if (memcmp(&w->arguments[1], &r->general.regs[1],
			sizeof(w->arguments) - sizeof(w->arguments[0])) != 0)
		return false;
	if (!safe_wait_judge(pid, w))
		return false;
	if (again && has_rest(w))
		r->general.regs[NUMBER] = SYS_restart_syscall;
	return true;
}

bool registers_were_interrupted(const struct registers *r)
{
	return r->general.regs[0] == (uint64_t)-EINTR;
}

void registers_resume(struct registers *r, const struct safe_wait *w)
{
	r->general.regs[0] = w->arguments[0];
	r->general.pc -= SVC_BYTES;
}

uint64_t registers_stack(const struct registers *r)
{
	return r->general.sp - RED_ZONE;
}

/* The registers with which the wait restarts if we are killed before we restore it. */
static void put_registers(mcontext_t *to, const struct registers *from, const struct safe_wait *w)
{
	struct registers r = *from;

	if (registers_were_interrupted(&r) && w->forever) {
		registers_resume(&r, w);
	} else if (r.general.regs[NUMBER] == SYS_restart_syscall) { /* sigreturn drops the rest */
		r.general.regs[0] = (uint64_t)-EINTR;
		r.general.pc += SVC_BYTES;
	}
	memcpy(to->regs, r.general.regs, sizeof(to->regs));
	to->sp = r.general.sp;
	to->pc = r.general.pc;
	to->pstate = r.general.pstate;
}

uint64_t registers_write_frame(const struct registers *r, pid_t pid, const struct safe_wait *w,
			       uint64_t mask, uint64_t restorer, uint64_t top)
{
	struct fpsimd_context vectors = { .head = { FPSIMD_MAGIC, sizeof(vectors) } };
	struct user_fpsimd_struct from;
	uint64_t frame = (top - sizeof(struct frame)) & ~15UL;
	struct frame f;

	(void)restorer;           /* it comes in a register */
	memset(&f, 0, sizeof(f)); /* also the record that ends the list */
	memcpy(&from, r->extended, sizeof(from));
	memcpy(vectors.vregs, from.vregs, sizeof(vectors.vregs));
	vectors.fpsr = from.fpsr;
	vectors.fpcr = from.fpcr;
	f.context.uc_stack.ss_flags = NO_ALTSTACK;
	memcpy(&f.context.uc_sigmask, &mask, KERNEL_SIGSET);
	put_registers(&f.context.uc_mcontext, r, w);
	memcpy(f.context.uc_mcontext.__reserved, &vectors, sizeof(vectors));
	return remote_write(pid, frame, &f, sizeof(f)) ? frame : 0;
}

void registers_spoil_frame(pid_t pid, uint64_t frame)
{
	uint64_t at = frame + offsetof(struct frame, context.uc_mcontext.__reserved);

	remote_write(pid, at, &(uint64_t){ 0 }, sizeof(uint64_t));
}

bool registers_call(pid_t tid, const struct registers *r, uint64_t function,
		    const uint64_t arguments[REGISTERS_ARGUMENTS], uint64_t frame,
		    uint64_t restorer)
{
	struct user_regs_struct call = r->general;

	memcpy(call.regs, arguments, REGISTERS_ARGUMENTS * sizeof(arguments[0]));
	call.regs[LINK] = restorer;
	call.sp = frame;
	call.pc = function;
	call.pstate &= ~flags_off;
	return put(tid, NT_PRSTATUS, &call, sizeof(call));
}

bool registers_look_at_stop(pid_t tid, uint64_t frame, uint64_t restorer, struct call_stop *stop)
{
	const int no_call = -1;
	struct user_regs_struct now;

	memset(stop, 0, sizeof(*stop));
	if (get(tid, NT_PRSTATUS, &now, sizeof(now)) != sizeof(now))
		return false;
	stop->returned = now.regs[NUMBER] == SYS_rt_sigreturn && now.sp == frame;
	if (stop->returned) { /* our caller restores the rest, or sigreturn, if we get killed */
		now.pc = restorer;
		return put(tid, NT_ARM_SYSTEM_CALL, &no_call, sizeof(no_call)) &&
		       put(tid, NT_PRSTATUS, &now, sizeof(now));
	}
	stop->is_result = now.regs[DIRECTION] == 1;
	stop->result = (int64_t)now.regs[0];
	stop->is_clone = now.regs[NUMBER] == SYS_clone || now.regs[NUMBER] == SYS_clone3;
	return true;
}

#endif
