/* SPDX-License-Identifier: MIT */
#include "tools/redirect/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/slice.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* Linux 5.19 */
#endif

#if defined(__x86_64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define OWN_ARCHITECTURE 0
#endif

/* Those that ask are the last rows but two. */
#define BEGIN(last)                                                               \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),  \
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCHITECTURE, 0, (last) + 1), \
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define ASK(call, to_ask) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, to_ask, 0)
#define END                                           \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW), \
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)

static const struct sock_filter asks_connect[] = { BEGIN(1), ASK(SYS_connect, 1), END };

/* Where no_new_privs is ours to answer for (privilege.h). */
static const struct sock_filter asks_exec[] = { BEGIN(3), ASK(SYS_connect, 3), ASK(SYS_execve, 2),
						ASK(SYS_execveat, 1), END };

static int install_with(unsigned long flags, bool exec)
{
	struct sock_fprog program = { sizeof(asks_connect) / sizeof(asks_connect[0]),
				      (struct sock_filter *)asks_connect };

	if (exec)
		program = (struct sock_fprog){ sizeof(asks_exec) / sizeof(asks_exec[0]),
					       (struct sock_filter *)asks_exec };
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

/* With this flag only a deadly signal ends a question that was taken: Go sends itself many. */
static int install(bool exec)
{
	const unsigned long listen = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	int fd = install_with(listen | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, exec);

	return fd < 0 && errno == EINVAL ? install_with(listen, exec) : fd;
}

int filter_install(bool *lost_privilege)
{
	int fd = install(false);

	*lost_privilege = false;
	if (fd >= 0 || errno != EACCES)
		return fd;
	*lost_privilege = true;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return install(true);
}

bool filter_is_listener(int fd)
{
	char path[64], name[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(path, name, sizeof(name));
	return n > 0 && slice_equal((struct slice){ name, (size_t)n },
				    SLICE("anon_inode:seccomp notify"));
}
