/* SPDX-License-Identifier: MIT */
#include "tools/redirect/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct question {
	char host[256];
	char port[8];
	int to; /* the end of the pipe where the answer goes in */
};

_Static_assert(sizeof(struct lookup_answer) <= PIPE_BUF, "an answer goes in with one write");

static void *look_up(void *arg)
{
	struct question *q = arg;
	struct addrinfo wanted = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	struct addrinfo *found = NULL;
	struct lookup_answer answer;

	memset(&answer, 0, sizeof(answer));
	if (getaddrinfo(q->host, q->port, &wanted, &found) != 0) {
		wanted.ai_flags = 0; /* loopback alone is no configured address */
		if (getaddrinfo(q->host, q->port, &wanted, &found) != 0)
			found = NULL;
	}
	for (struct addrinfo *one = found; one && answer.count < LOOKUP_MAX; one = one->ai_next) {
		if (one->ai_addrlen > sizeof(answer.address[0]))
			continue;
		answer.size[answer.count] = one->ai_addrlen;
		memcpy(&answer.address[answer.count++], one->ai_addr, one->ai_addrlen);
	}
	if (found)
		freeaddrinfo(found);
	while (write(q->to, &answer, sizeof(answer)) < 0 && errno == EINTR)
		;
	close(q->to);
	free(q);
	return NULL;
}

static bool start(struct question *q)
{
	pthread_attr_t alone;
	pthread_t thread;

	if (pthread_attr_init(&alone) != 0)
		return false;
	pthread_attr_setdetachstate(&alone, PTHREAD_CREATE_DETACHED);
	bool started = pthread_create(&thread, &alone, look_up, q) == 0;
	pthread_attr_destroy(&alone);
	return started;
}

int lookup_begin(const char *host, uint16_t port)
{
	struct question *q = calloc(1, sizeof(*q));
	size_t n = strlen(host);
	bool bracketed = n > 2 && host[0] == '[' && host[n - 1] == ']';
	int pair[2];

	if (!q || pipe2(pair, O_CLOEXEC | O_NONBLOCK) != 0) {
		free(q);
		return -1;
	}
	snprintf(q->host, sizeof(q->host), "%.*s", (int)(bracketed ? n - 2 : n), host + bracketed);
	snprintf(q->port, sizeof(q->port), "%u", port);
	q->to = pair[1];
	if (start(q))
		return pair[0];
	close(pair[0]);
	close(pair[1]);
	free(q);
	return -1;
}

bool lookup_end(int fd, struct lookup_answer *answer)
{
	return read(fd, answer, sizeof(*answer)) == (ssize_t)sizeof(*answer);
}
