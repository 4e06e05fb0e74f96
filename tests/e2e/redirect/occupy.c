/* SPDX-License-Identifier: MIT */
/*
 * occupy HOW PROGRAM ARGS...: runs it where seccomp is not to be had.
 *   busy    a filter with a listener is there, so that a second one fails with EBUSY
 *   denied  seccomp(2) fails with EPERM, as in a strict sandbox
 *   absent  seccomp(2) fails with ENOSYS, as on an old kernel
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int error = argc > 1 && strcmp(argv[1], "denied") == 0 ? EPERM : ENOSYS;
	int busy = argc > 1 && strcmp(argv[1], "busy") == 0;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
		BPF_STMT(BPF_RET | BPF_K,
			 busy ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | (unsigned)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	if (argc < 3 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return 125;
	long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			  busy ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0, &program);
	/* The listener stays open beyond the exec: without one a second filter would be allowed. */
	if (fd < 0 || (busy && dup2((int)fd, 900) != 900))
		return 125;
	execvp(argv[2], argv + 2);
	return 127;
}
