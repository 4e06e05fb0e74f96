/* SPDX-License-Identifier: MIT */
/*
 * pairs_plain tcp|pipe COUNT: a write and the read of it, both ends in one process, of bytes that
 * are no HTTP: on a TCP connection by send() and recv(), on a pipe by write() and read().
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "timed.h"

enum { SIZE = 64 };

static char data[SIZE] = "\x01\x02 no HTTP";

static void by_tcp(void *argument)
{
	const int *ends = argument;

	if (send(ends[1], data, SIZE, 0) != SIZE || recv(ends[0], data, SIZE, MSG_WAITALL) != SIZE)
		fail("the connection broke");
}

static void by_pipe(void *argument)
{
	const int *ends = argument;

	if (write(ends[1], data, SIZE) != SIZE || read(ends[0], data, SIZE) != SIZE)
		fail("the pipe broke");
}

static void connect_both(int ends[2])
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	ends[1] = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&address, &size) ||
	    connect(ends[1], (struct sockaddr *)&address, size) ||
	    (ends[0] = accept(listener, NULL, NULL)) < 0)
		fail("cannot connect");
	setsockopt(ends[1], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	close(listener);
}

int main(int argc, char **argv)
{
	int ends[2];
	int tcp = argc == 3 && !strcmp(argv[1], "tcp");

	if (argc != 3 || atol(argv[2]) <= 0)
		fail("usage: pairs_plain tcp|pipe COUNT");
	if (tcp)
		connect_both(ends);
	else if (pipe(ends))
		fail("no pipe");
	/* Once before: then it is known that this is none of ours. */
	(tcp ? by_tcp : by_pipe)(ends);
	time_calls(atol(argv[2]), tcp ? by_tcp : by_pipe, ends);
	return 0;
}
