/* SPDX-License-Identifier: MIT */
/*
 * Processes that libc's fork() has not made, each with an exchange: by
 * clone(2) as fork(2) does it, and with the memory shared but not the
 * descriptors; and between them the parent's own.
 */
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../tap/host.h"

static const struct tls t = LINKED;
static SSL *connections[6];

static int in_child(void *arg)
{
	ask(&t, arg, "child");
	fflush(stdout);
	return 0;
}

static void wait_for(int child)
{
	int status = -1;

	waitpid(child, &status, __WALL);
	printf("status %d\n", status);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	enum { STACK = 1 << 20 };
	SSL_CTX *context = t.context(t.client_method());
	char *stack = malloc(STACK);

	(void)argc;
	for (int i = 0; i < 6; i++)
		connections[i] = handshake(&t, context, tcp_connect(argv[1]));
	for (int i = 0; i < 6; i += 3) {
		long child = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
		if (child == 0) {
			in_child(connections[i]);
			_exit(0);
		}
		wait_for((int)child);
		ask(&t, connections[i + 1], "parent");
		fflush(stdout);
		wait_for(clone(in_child, stack + STACK, CLONE_VM | SIGCHLD, connections[i + 2]));
	}
	return 0;
}
