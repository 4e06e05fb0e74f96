/* SPDX-License-Identifier: MIT */
/*
 * connect_again ADDRESS [few]: what connect(2) says in sequences of calls, one line for each call.
 * ADDRESS is one of this machine's that is no loopback one; the servers are this program's own. On
 * standard error: "redirected", once for each connection whose peer is not who was asked for. With
 * "few" only sequences of one descriptor that is not used once its connection is over.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAITING = 64, NONBLOCKING = SOCK_STREAM | SOCK_NONBLOCK, BLOCKING = SOCK_STREAM };

static const char *address;
static struct sockaddr_in server, other, nobody, none = { .sin_family = AF_UNSPEC };

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void say(const char *what, int result)
{
	int error = errno;

	printf("  %s: %d %s\n", what, result, result < 0 ? strerrorname_np(error) : "");
	fflush(stdout);
}

static void begin(const char *what)
{
	printf("%s\n", what);
	fflush(stdout);
}

static int open_socket(int type)
{
	int fd = socket(AF_INET, type, 0);

	if (fd < 0)
		fail("socket");
	return fd;
}

/* A server at HOST, port PORT or, with 0, any; *AT gets where, seen by ADDRESS. */
static int listen_at(const char *host, in_port_t port, int waiting, struct sockaddr_in *at)
{
	int fd = open_socket(BLOCKING), on = 1;
	socklen_t size = sizeof(*at);

	*at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port };
	inet_pton(AF_INET, host, &at->sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)at, size) || listen(fd, waiting) ||
	    getsockname(fd, (struct sockaddr *)at, &size))
		fail("listen");
	inet_pton(AF_INET, address, &at->sin_addr);
	return fd;
}

/* Is FD connected to somebody who was not asked for? */
static void look(int fd, const struct sockaddr_in *to)
{
	struct sockaddr_in peer;
	socklen_t size = sizeof(peer);

	if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && peer.sin_family == AF_INET &&
	    peer.sin_addr.s_addr != to->sin_addr.s_addr)
		fprintf(stderr, "redirected\n");
}

static int to(int fd, const struct sockaddr_in *at)
{
	return connect(fd, (const struct sockaddr *)at, sizeof(*at));
}

static void try(const char *what, int fd, const struct sockaddr_in *at)
{
	int result = to(fd, at);

	say(what, result);
	if (result == 0)
		look(fd, at);
}

static void wait_for(int fd, short events)
{
	struct pollfd one = { .fd = fd, .events = events };

	if (poll(&one, 1, 30000) != 1)
		fail("poll");
}

static void say_error(int fd)
{
	int error = 0;
	socklen_t size = sizeof(error);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	printf("  SO_ERROR: %s\n", strerrorname_np(error));
}

static void again(void)
{
	struct sockaddr_in loopback = server;
	int fd = open_socket(BLOCKING);

	begin("a socket that waits");
	loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	try("first", fd, &server);
	try("again", fd, &server);
	try("to another port", fd, &other);
	try("to this machine", fd, &loopback);
	try("to where nobody is", fd, &nobody);
	close(fd);
	fd = open_socket(BLOCKING);
	try("the same number, a new socket", fd, &server);
	close(fd);

	begin("a socket that does not wait");
	fd = open_socket(NONBLOCKING);
	try("first", fd, &server);
	wait_for(fd, POLLOUT);
	try("once it is connected", fd, &server);
	try("again", fd, &other);
	close(fd);
	fd = open_socket(NONBLOCKING);
	try("first", fd, &server);
	wait_for(fd, POLLOUT);
	say_error(fd);
	fcntl(fd, F_SETFL, 0);
	try("it waits now", fd, &server);
	try("again", fd, &server);
	close(fd);
}

static void dissolve(void)
{
	int fd = open_socket(BLOCKING);

	begin("dissolved");
	try("a new socket", fd, &none);
	try("first", fd, &server);
	try("dissolve", fd, &none);
	try("dissolve again", fd, &none);
	try("to another port", fd, &other);
	try("again", fd, &other);
	close(fd);
	fd = open_socket(NONBLOCKING);
	try("first", fd, &server);
	try("dissolve", fd, &none);
	try("to another port", fd, &other);
	wait_for(fd, POLLOUT);
	try("once it is connected", fd, &other);
	close(fd);
}

/* Connected to a server of its own, whose end is closed; with a reset, or after ours. */
static void ended(const char *what, bool reset, int how)
{
	struct linger at_once = { .l_onoff = 1 };
	struct sockaddr_in at;
	int listener = listen_at(address, 0, WAITING, &at), fd = open_socket(BLOCKING);

	begin(what);
	try("first", fd, &at);
	int theirs = accept(listener, NULL, NULL);
	if (how >= 0)
		say("shutdown", shutdown(fd, how));
	try("again", fd, &at);
	if (reset)
		setsockopt(theirs, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(theirs);
	wait_for(fd, POLLIN);
	try("the server has closed", fd, &at);
	try("dissolve", fd, &none);
	try("to another port", fd, &other);
	close(listener);
	close(fd);
}

static void refused(int type, bool reads_error)
{
	struct sockaddr_in at;
	int listener = listen_at(address, 0, WAITING, &at), fd = open_socket(type);

	begin(type == BLOCKING ? "refused"
	      : reads_error    ? "refused later, the error is read"
			       : "refused later");
	close(listener);
	for (int i = 0; i < 2; i++) {
		try("refused", fd, &at);
		if (type == BLOCKING)
			continue;
		wait_for(fd, POLLOUT);
		if (reads_error)
			say_error(fd);
		else
			try("again", fd, &at);
	}
	if (type == NONBLOCKING) {
		try("refused", fd, &at);
		wait_for(fd, POLLOUT);
	}
	listener = listen_at(address, at.sin_port, WAITING, &at);
	try("somebody listens", fd, &at);
	if (type == NONBLOCKING)
		try("somebody listens, again", fd, &at);
	wait_for(fd, POLLOUT);
	try("again", fd, &at);
	close(listener);
	close(fd);
}

static void *try_in_thread(void *fd)
{
	try("in another thread", *(int *)fd, &server);
	return NULL;
}

static void shared(void)
{
	int fd = open_socket(BLOCKING), copy = dup(fd), status;
	pthread_t thread;

	begin("two descriptors");
	try("first", fd, &server);
	try("its copy", copy, &server);
	close(fd);
	try("its copy alone", copy, &other);
	close(copy);

	begin("two processes and threads");
	for (int by_child = 0; by_child < 2; by_child++) {
		fd = open_socket(BLOCKING);
		if (!by_child)
			try("parent", fd, &server);
		if (fork() == 0) {
			try("child", fd, &server);
			_exit(0);
		}
		wait(&status);
		try("parent", fd, &server);
		if (pthread_create(&thread, NULL, try_in_thread, &fd) == 0)
			pthread_join(thread, NULL);
		close(fd);
	}
}

static void other_kinds(void)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = server.sin_port };
	struct sockaddr_in mine = { .sin_family = AF_INET, .sin_addr = server.sin_addr };
	int fd = socket(AF_INET6, SOCK_STREAM, 0), at;

	begin("other addresses and sockets");
	memcpy(six.sin6_addr.s6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
	memcpy(six.sin6_addr.s6_addr + 12, &server.sin_addr, 4);
	try("IPv4's address, IPv6's socket", fd, &server);
	say("mapped", connect(fd, (struct sockaddr *)&six, sizeof(six)));
	say("again", connect(fd, (struct sockaddr *)&six, sizeof(six)));
	close(fd);
	fd = open_socket(BLOCKING);
	say("IPv6's address, IPv4's socket", connect(fd, (struct sockaddr *)&six, sizeof(six)));
	say("no address", connect(fd, NULL, sizeof(server)));
	say("a short one", connect(fd, (struct sockaddr *)&server, 7));
	say("bind", bind(fd, (struct sockaddr *)&mine, sizeof(mine)));
	try("bound to an address", fd, &server);
	say("again with a short one", connect(fd, (struct sockaddr *)&server, 7));
	say("again with none", connect(fd, NULL, sizeof(server)));
	close(fd);
	try("closed", fd, &server);
	try("no socket", STDOUT_FILENO, &server);
	at = listen_at(address, 0, 1, &mine);
	try("who listens", at, &server);
	close(at);
	fd = open_socket(SOCK_DGRAM);
	try("UDP", fd, &server);
	try("UDP, again", fd, &other);
	close(fd);
}

/* A server that takes no one more, until somebody is accepted; nobody is asked about loopback. */
static int full(struct sockaddr_in *at)
{
	int listener = listen_at("0.0.0.0", 0, 0, at);
	struct sockaddr_in here = *at;

	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to(open_socket(NONBLOCKING), &here);
	to(open_socket(NONBLOCKING), &here);
	return listener;
}

static void make_room(int listener)
{
	for (int i = 0; i < 2; i++)
		if (accept(listener, NULL, NULL) < 0)
			fail("accept");
}

static void on_alarm(int number)
{
	(void)number;
}

static void pending(void)
{
	struct itimerval soon = { .it_value = { .tv_usec = 300000 } };
	struct sigaction action = { .sa_handler = on_alarm };
	struct sockaddr_in at;
	int listener = full(&at), fd = open_socket(NONBLOCKING);

	begin("a server that takes long, a socket that does not wait");
	try("first", fd, &at);
	try("again", fd, &at);
	try("to another port", fd, &other);
	try("dissolve", fd, &none);
	try("to another port", fd, &other);
	close(fd);

	begin("a server that takes long, a socket that waits for a time");
	fd = open_socket(BLOCKING);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &soon.it_value, sizeof(soon.it_value));
	try("first", fd, &at);
	try("again", fd, &at);
	close(fd);

	begin("a server that takes long, a signal");
	fd = open_socket(BLOCKING);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	try("first", fd, &at);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	try("it does not wait now", fd, &at);
	make_room(listener);
	wait_for(fd, POLLOUT);
	try("once it is connected", fd, &at);
	try("again", fd, &at);
	close(fd);
	close(listener);
}

struct caller {
	int fd, result;
	const struct sockaddr_in *at;
	_Atomic int tid;
};

static void *call(void *argument)
{
	struct caller *c = argument;

	c->tid = (int)syscall(SYS_gettid);
	c->result = to(c->fd, c->at) ? errno : 0;
	return NULL;
}

/* Until C waits for its connect(). */
static void wait_until_waiting(const struct caller *c)
{
	char path[64], line[512];

	do {
		while (!c->tid)
			;
		snprintf(path, sizeof(path), "/proc/self/task/%d/stat", c->tid);
		FILE *stat = fopen(path, "r");
		if (!stat || !fgets(line, sizeof(line), stat))
			fail("stat");
		fclose(stat);
	} while (strrchr(line, ')')[2] != 'S');
}

static void at_a_time(void)
{
	struct sockaddr_in at, here = server;
	int listener = full(&at), fd = open_socket(BLOCKING);
	struct caller callers[3] = { { .fd = fd, .at = &at },
				     { .fd = fd, .at = &at },
				     { .fd = dup(fd), .at = &other } };
	pthread_t threads[3];
	int last = open_socket(BLOCKING);

	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	begin("three threads at a time");
	for (int i = 0; i < 3; i++) {
		if (pthread_create(&threads[i], NULL, call, &callers[i]))
			fail("thread");
		wait_until_waiting(&callers[i]);
	}
	/* Calls are taken in turn: once this one is answered, those before it were taken. */
	to(last, &here);
	close(last);
	make_room(listener);
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		printf("  %s\n",
		       callers[i].result ? strerrorname_np(callers[i].result) : "connected");
	}
	try("again", fd, &at);
	close(fd);
	close(callers[2].fd);
	close(listener);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	address = argv[1];
	signal(SIGPIPE, SIG_IGN);
	listen_at(address, 0, WAITING, &server);
	listen_at(address, 0, WAITING, &other);
	close(listen_at(address, 0, WAITING, &nobody));
	again();
	dissolve();
	refused(BLOCKING, false);
	if (argc > 2)
		return 0;
	ended("the server closes", false, -1);
	ended("we close one way", false, SHUT_WR);
	ended("we close both ways", false, SHUT_RDWR);
	ended("the server resets", true, -1);
	refused(NONBLOCKING, true);
	refused(NONBLOCKING, false);
	shared();
	other_kinds();
	pending();
	at_a_time();
	return 0;
}
