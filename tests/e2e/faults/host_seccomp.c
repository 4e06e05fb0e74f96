/* SPDX-License-Identifier: MIT */
/*
 * Opening a file is the end of this process, from before its request on. The
 * filter is installed as the kernel's pages and libseccomp do: "prctl" by
 * prctl(2) alone, "seccomp" by seccomp(2) after PR_SET_NO_NEW_PRIVS.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "../tap/host.h"

#define KILL_IF(number)                                      \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), \
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

static void lock_in(int by_seccomp)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		KILL_IF(SYS_open),
		KILL_IF(SYS_openat),
		KILL_IF(SYS_openat2),
		KILL_IF(SYS_creat),
		KILL_IF(SYS_process_vm_readv),
		KILL_IF(SYS_flock),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(rules) / sizeof(rules[0]), rules };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		fail("no_new_privs");
	if (by_seccomp ? syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0
		       : prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0)
		fail("the filter");
}

int main(int argc, char **argv)
{
	const struct tls t = LINKED;
	SSL *ssl = handshake(&t, t.context(t.client_method()), tcp_connect(argv[1]));

	lock_in(argc > 2 && strcmp(argv[2], "seccomp") == 0);
	for (int i = 0; i < 3; i++)
		ask(&t, ssl, "locked in");
	SSL_free(ssl);
	return 0;
}
