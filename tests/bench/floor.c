/* SPDX-License-Identifier: MIT */
/*
 * The smallest relay of connect(2), beside which the bench measures ours: it waits with a system call
 * of its own, trusts all that it is told, and passes nothing on.
 *
 *   floor ADDRESS:PORT PROGRAM ARG…   each connect() of PROGRAM, which waits for it, goes to a socket
 *                                     of this program, once that is connected to ADDRESS:PORT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "timed.h"

enum { WAITING = 64 };

static int install(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_connect, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &program);
}

/* One question; what was held for the one before it is closed after the answer, as our relay has it. */
static void take(int listener, int pidfd, int near, const struct sockaddr_in *here,
		 const struct sockaddr_in *there)
{
	static int ends[2] = { -1, -1 };
	struct seccomp_notif question;
	struct seccomp_notif_resp answer;
	struct linger at_once = { .l_onoff = 1 };

	memset(&question, 0, sizeof(question));
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question))
		return;
	int far = socket(AF_INET, SOCK_STREAM, 0);
	int theirs = (int)syscall(SYS_pidfd_getfd, pidfd, (int)question.data.args[0], 0);
	if (connect(far, (const struct sockaddr *)there, sizeof(*there)) ||
	    connect(theirs, (const struct sockaddr *)here, sizeof(*here)))
		fail("cannot connect");
	int ours = accept4(near, NULL, NULL, SOCK_CLOEXEC);
	answer = (struct seccomp_notif_resp){ .id = question.id };
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	close(theirs);
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0) {
			setsockopt(ends[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
			close(ends[i]);
		}
	ends[0] = ours;
	ends[1] = far;
}

/* PROGRAM under the filter, whose listener is *LISTENER here. Its pid. */
static pid_t start(char **program, int *pidfd, int *listener)
{
	int pair[2], there;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		fail("no pair of sockets");
	pid_t child = fork();
	if (child == 0) {
		char taken;

		there = install();
		/* It is closed at the exec: the parent has taken it before. */
		if (there >= 0 && write(pair[1], &there, sizeof(there)) > 0 &&
		    read(pair[1], &taken, 1) == 1)
			execv(program[0], program);
		_exit(127);
	}
	close(pair[1]);
	*pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	if (read(pair[0], &there, sizeof(there)) != sizeof(there))
		fail("no filter");
	*listener = (int)syscall(SYS_pidfd_getfd, *pidfd, there, 0);
	if (*listener < 0 || write(pair[0], "", 1) != 1)
		fail("no listener");
	return child;
}

int main(int argc, char **argv)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in there = { .sin_family = AF_INET };
	socklen_t size = sizeof(here);
	char host[INET_ADDRSTRLEN];
	int status, pidfd, listener, near = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *colon = argc > 2 ? strchr(argv[1], ':') : NULL;

	if (!colon)
		fail("usage: floor ADDRESS:PORT PROGRAM ARG…");
	snprintf(host, sizeof(host), "%.*s", (int)(colon - argv[1]), argv[1]);
	inet_pton(AF_INET, host, &there.sin_addr);
	there.sin_port = htons((uint16_t)atoi(colon + 1));
	if (bind(near, (struct sockaddr *)&here, size) || listen(near, WAITING) ||
	    getsockname(near, (struct sockaddr *)&here, &size))
		fail("no server");
	pid_t child = start(argv + 2, &pidfd, &listener);
	struct pollfd one = { .fd = listener, .events = POLLIN };
	while (poll(&one, 1, -1) == 1 && one.revents & POLLIN)
		take(listener, pidfd, near, &here, &there);
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
