/* SPDX-License-Identifier: MIT */
/*
 * plain PORT: a program without a TLS library that we know. Threads connect
 * all the time, while another one forks; each child connects as well.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, FORKS = 400 };

static struct sockaddr_in to = { .sin_family = AF_INET };
static atomic_int over;

/* It is in progress and comes to nothing: nobody listens. */
static void connect_once(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	connect(fd, (struct sockaddr *)&to, sizeof(to));
	close(fd);
}

static void *connect_always(void *arg)
{
	while (!atomic_load(&over))
		connect_once();
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];

	to.sin_port = htons((unsigned short)atoi(argc > 1 ? argv[1] : "0"));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	connect_once();
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, connect_always, NULL);
	for (int i = 0; i < FORKS; i++) {
		pid_t child = fork();

		if (child == 0) {
			alarm(20); /* hangs: its status tells */
			connect_once();
			_exit(0);
		}
		int status = -1;
		if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
			fprintf(stderr, "child %d: status %d\n", i, status);
			_exit(1);
		}
	}
	atomic_store(&over, 1);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
