/* SPDX-License-Identifier: MIT */
/*
 * confine [--no-ptrace] PROGRAM ARGS...: runs it as the default profile of container
 * engines would (moby/profiles seccomp/default_linux.go): pidfd_getfd, unshare, mount,
 * setns, bpf and io_uring fail with EPERM. --no-ptrace: so do ptrace and process_vm_*,
 * as that profile has it on kernels before 4.8, and hardened ones today.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REFUSE(nr) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), \
		   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

enum { WITH_PTRACE = 3 }; /* the first refusals */

int main(int argc, char **argv)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		REFUSE(SYS_ptrace),
		REFUSE(SYS_process_vm_readv),
		REFUSE(SYS_process_vm_writev),
		REFUSE(SYS_pidfd_getfd),
		REFUSE(SYS_unshare),
		REFUSE(SYS_mount),
		REFUSE(SYS_setns),
		REFUSE(SYS_bpf),
		REFUSE(SYS_io_uring_setup),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	if (argc > 1 && strcmp(argv[1], "--no-ptrace") == 0) {
		argv++;
		argc--;
	} else {
		for (int i = 1; i <= 2 * WITH_PTRACE; i += 2)
			code[i].k = (unsigned)-1; /* no system call has this number */
	}
	if (argc < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
		return 125;
	execvp(argv[1], argv + 1);
	return 127;
}
