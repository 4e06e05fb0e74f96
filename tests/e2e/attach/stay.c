/* SPDX-License-Identifier: MIT */
/*
 * stay HOW: a process that must not be attached to, or that makes it hard.
 * Says "ready", then stays until its standard input is closed, and then says
 * "whole" if what it checks is whole.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Who opens or maps anything is killed: what an attach would come to. */
static void confine(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#if defined(__x86_64__)
/*
 * A wait in poll(2) or, without a limit, in ppoll(2), with values in registers that calls may change:
 * all must come back.
 */
static int wait_with_registers(long call, long timeout_ms)
{
	struct pollfd input = { STDIN_FILENO, POLLIN, 0 };
	unsigned long wide[4] = { 1, 2, 3, 4 }, wide_after[4] = { 0 };
	unsigned long narrow = 0x1122334455667788, narrow_after = 0;
	long result, limit = call == SYS_poll ? timeout_ms : 0;
	int avx = __builtin_cpu_supports("avx");

again:
	if (avx)
		__asm__ volatile("vmovdqu %[w], %%ymm9\n\tmov %[n], %%r12\n\tmov $0x37, "
				 "%%r8\n\txor %%r10, %%r10\n\t"
				 "syscall\n\tvmovdqu %%ymm9, %[wa]\n\tmov %%r12, %[na]"
				 : "=a"(result), [wa] "=m"(wide_after), [na] "=m"(narrow_after)
				 : [w] "m"(wide), [n] "m"(narrow), "a"(call), "D"(&input), "S"(1L),
				   "d"(limit)
				 : "rcx", "r11", "r8", "r10", "r12", "memory", "xmm9");
	else
		result = syscall(call, &input, 1, limit, NULL, 0);
	if (timeout_ms < 0 && (result == -EINTR || (result == -1 && errno == EINTR)))
		goto again; /* who was killed with it in hand may leave that */
	return result == 1 &&
	       (!avx || (memcmp(wide, wide_after, sizeof(wide)) == 0 && narrow == narrow_after));
}
#elif defined(__aarch64__)
#define SYS_poll SYS_ppoll /* the only one there */

/* As above; x7 is the one that ptrace(2) itself uses. */
static int wait_with_registers(long call, long timeout_ms)
{
	struct pollfd input = { STDIN_FILENO, POLLIN, 0 };
	struct timespec limit = { timeout_ms / 1000, 0 };
	unsigned long wide[2] = { 1, 2 }, wide_after[2] = { 0 };
	const unsigned long narrow = 0x1122334455667788;
	unsigned long seventh = 0, twelfth = 0;
	long result;

	do {
		register long x0 __asm__("x0") = (long)&input;
		register long x1 __asm__("x1") = 1;
		register long x2 __asm__("x2") = timeout_ms < 0 ? 0 : (long)&limit;
		register long x3 __asm__("x3") = 0;
		register long x4 __asm__("x4") = 0;
		register long x8 __asm__("x8") = call;

		__asm__ volatile("ldr q9, %[w]\n\tmov x7, %[n]\n\tmov x12, %[n]\n\tsvc #0\n\t"
				 "str q9, %[wa]\n\tmov %[s], x7\n\tmov %[t], x12"
				 : "+r"(x0), [wa] "=m"(wide_after), [s] "=&r"(seventh),
				   [t] "=&r"(twelfth)
				 : [w] "m"(wide), [n] "r"(narrow), "r"(x1), "r"(x2), "r"(x3),
				   "r"(x4), "r"(x8)
				 : "x7", "x12", "v9", "memory");
		result = x0;
	} while (timeout_ms < 0 && result == -EINTR); /* who was killed may leave that */
	return result == 1 && memcmp(wide, wide_after, sizeof(wide)) == 0 && seventh == narrow &&
	       twelfth == narrow;
}
#else
static int wait_with_registers(long call, long timeout_ms)
{
	return call != 0 && timeout_ms != 0;
}
#define SYS_poll SYS_ppoll
#endif

/* A limited wait must last as long as it was to, whatever comes in between. */
static int wait_two_seconds(const char *how)
{
	double start = now();
	int result = 0;

	if (strcmp(how, "sleep") == 0)
		result = nanosleep(&(struct timespec){ 2, 0 }, NULL);
	else
		result = poll(NULL, 0, 2000);
	return result == 0 && now() - start >= 2.0;
}

/* Without a limit of time not even epoll_wait(2), which says so for any stop, may say EINTR. */
static int wait_on_epoll(void)
{
	int fd = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN };

	epoll_ctl(fd, EPOLL_CTL_ADD, STDIN_FILENO, &event);
	return epoll_wait(fd, &event, 1, -1) == 1;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	volatile int forever = 1;
	int whole = 1, strict = strcmp(how, "strict") == 0;
	char c;

	if (strcmp(how, "seccomp") == 0)
		confine();
	if (strcmp(how, "shut") == 0)
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (strcmp(how, "zombie") == 0) {
		pid_t child = fork();
		if (child == 0)
			_exit(0);
		waitid(P_PID, (id_t)child, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
		printf("%d ", (int)child);
	}
	puts("ready"); /* into stdio's buffer, which asks for more than writing */
	if (strict)
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
	fflush(stdout);
	while (strcmp(how, "busy") == 0 && forever)
		;
	if (strcmp(how, "registers") == 0)
		whole = wait_with_registers(SYS_poll, 600000);
	else if (strcmp(how, "for-ever") == 0)
		whole = wait_with_registers(SYS_ppoll, -1);
	else if (strcmp(how, "restarted") == 0) /* by restart_syscall(2), once it was stopped */
		whole = wait_with_registers(SYS_poll, -1);
	else if (strcmp(how, "sleep") == 0 || strcmp(how, "poll") == 0)
		whole = wait_two_seconds(how);
	else if (strcmp(how, "epoll") == 0)
		whole = wait_on_epoll();
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	puts(whole ? "whole" : "damaged");
	fflush(stdout);
	if (strict)
		syscall(SYS_exit, 0); /* of what else exit(3) does, nothing is allowed */
	return 0;
}
