/* SPDX-License-Identifier: MIT */
/*
 * The questions of a filter: a thread behind a real one calls connect(2) with
 * any descriptor, address and size, from any place in memory. Each call is
 * answered, and comes to what the same call comes to without a filter. What an
 * execve(2) names is looked at, whatever it is.
 *
 * In a network of its own that has `lo` alone, which needs a user namespace;
 * where there is none, or no such filter, nothing is tried, and stderr says so.
 *
 * The input: calls of 8 bytes and more, see read_call().
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "demands.h"
#include "tools/redirect/filter.h"
#include "tools/redirect/links.h"
#include "tools/redirect/notice.h"
#include "tools/redirect/privilege.h"

enum {
	PAGE = 4096,
	CALLS_MAX = 16,
	CALL_BYTES = 8,
	ADDRESS_MAX = 128,
	ANSWER_US = 10000000,
	OUR_PORT = 254
};

/* A call of connect(2), as the kernel gets it. */
struct
try {
	long fd, address, size;
	int error; /* what it came to */
};

static struct relay relay;
static struct source answered; /* an eventfd: the thread's call has returned */
static bool has_answer;
static int ask; /* an eventfd: there is a call for the thread */
static struct try *asked;
static char *room; /* a page, and one behind it that cannot be read */
static int servers[2];
static bool is_possible;

static bool bring_up_lo(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool done = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &lo) == 0;

	close(fd);
	return done;
}

/* Before the fuzzer has threads: then no user namespace can be had. */
static __attribute__((constructor)) void leave_the_network(void)
{
	is_possible = (unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) &&
		      bring_up_lo();
}

static int listen_at(const struct sockaddr *at, socklen_t size)
{
	int on = 1, fd = socket(at->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	demand(fd >= 0);
	setsockopt(fd, IPPROTO_IPV6, 26 /* IPV6_V6ONLY */, &on, sizeof(on));
	demand(bind(fd, at, size) == 0 && listen(fd, 64) == 0);
	return fd;
}

static struct sockaddr_in v4_of(const char *address, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, address, &a.sin_addr);
	return a;
}

static struct sockaddr_in6 v6_of(const char *address, uint16_t port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	inet_pton(AF_INET6, address, &a.sin6_addr);
	return a;
}

/* As the relay opens them. */
static void open_near(bool six)
{
	struct sockaddr_in v4 = v4_of("127.0.0.1", 0);
	struct sockaddr_in6 v6 = v6_of("::1", 0);
	struct listener *n = &relay.near[six];
	union address *a = &relay.near_address[six];
	socklen_t size = six ? sizeof(v6) : sizeof(v4);

	*n = (struct listener){ .source = { .ready = link_accept }, .relay = &relay };
	n->source.fd = listen_at(six ? (void *)&v6 : (void *)&v4, size);
	demand(getsockname(n->source.fd, &a->any, &size) == 0);
	demand(loop_watch(relay.loop, &n->source, EPOLLIN));
}

static void on_answer(struct source *s, uint32_t events)
{
	uint64_t count;

	(void)events;
	has_answer = read(s->fd, &count, sizeof(count)) == sizeof(count);
}

/* The fuzzer's own alarm would interrupt it. */
static void try_it(struct try *t)
{
	sigset_t alarm, before;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm, &before);
	t->error = syscall(SYS_connect, t->fd, t->address, t->size) == 0 ? 0 : errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* The program behind the filter: its listener is handed over in LISTENER, -1: there is none. */
static void *program(void *listener)
{
	bool lost;
	uint64_t count = 1;

	atomic_store((_Atomic int *)listener, filter_install(&lost));
	for (;;) {
		demand(write(answered.fd, &count, sizeof(count)) == sizeof(count));
		demand(read(ask, &count, sizeof(count)) == sizeof(count));
		try_it(asked);
	}
	return NULL;
}

static void await_answer(void)
{
	int64_t end = loop_clock() + ANSWER_US;

	has_answer = false;
	while (!has_answer) {
		int wait = links_tick(&relay);
		loop_turn(relay.loop, wait >= 0 && wait < 1000 ? wait : 1000);
		links_sweep(&relay);
		demand(loop_clock() < end); /* a call that nobody answers hangs a program */
	}
}

static void start_program(void)
{
	static _Atomic int listener = -1;
	pthread_t thread;

	ask = eventfd(0, EFD_CLOEXEC);
	answered = (struct source){ .fd = eventfd(0, EFD_CLOEXEC), .ready = on_answer };
	demand(loop_watch(relay.loop, &answered, EPOLLIN));
	demand(pthread_create(&thread, NULL, program, &listener) == 0);
	await_answer();
	relay.listeners[0] =
	    (struct listener){ { atomic_load(&listener), 0, notice_ready }, &relay, false, 0 };
	is_possible = relay.listeners[0].source.fd >= 0 &&
		      loop_watch(relay.loop, &relay.listeners[0].source, EPOLLIN);
}

static void make_world(void)
{
	static char variable[] = "OPENAI_BASE_URL=http://127.0.0.1:4100/v1";
	char *gateway[] = { variable, NULL };
	struct sockaddr_in v4 = v4_of("127.0.0.1", 443);
	struct sockaddr_in6 v6 = v6_of("::1", 443);
	struct slice wrong;

	signal(SIGPIPE, SIG_IGN);
	unsetenv("ORSHIM_LOG");
	setenv("ORSHIM_TEXT", "off", 1);
	relay.loop = loop_open();
	relay.proxy.source.fd = relay.base.source.fd = -1;
	for (size_t i = 0; i < LIMIT_RELAY_LISTENERS; i++)
		relay.listeners[i].source.fd = -1;
	hosts_init(&relay.hosts, "127.0.0.1:8443", &wrong);
	gateways_read(&relay.gateways, gateway);
	open_near(false);
	open_near(true);
	servers[0] = listen_at((struct sockaddr *)&v4, sizeof(v4));
	servers[1] = listen_at((struct sockaddr *)&v6, sizeof(v6));
	room = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	demand(room != MAP_FAILED && mprotect(room + PAGE, PAGE, PROT_NONE) == 0);
	start_program();
}

/* The servers take whoever has come, and leave. */
static void serve(void)
{
	int fd;

	for (int i = 0; i < 2; i++)
		while ((fd = accept4(servers[i], NULL, NULL, SOCK_CLOEXEC)) >= 0)
			close(fd);
}

static int tcp(int family, int flags)
{
	return socket(family, SOCK_STREAM | flags, 0);
}

static int listening(void)
{
	struct sockaddr_in at = v4_of("127.0.0.1", 0);

	return listen_at((struct sockaddr *)&at, sizeof(at));
}

/* To a server, before there was a filter. */
static int connected(void)
{
	struct sockaddr_in at = v4_of("127.0.0.1", 443);
	int fd = tcp(AF_INET, 0);

	demand(connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	return fd;
}

static int bound(void)
{
	struct sockaddr_in at = v4_of("127.0.0.1", 0);
	int fd = tcp(AF_INET, 0);

	demand(bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	return fd;
}

/* Any descriptor that a program may have. -1 is one that it has not. */
static int open_socket(int kind)
{
	switch (kind % 16) {
	case 0:
	case 1:
		return tcp(AF_INET, 0);
	case 2:
		return tcp(AF_INET6, 0);
	case 3:
		return tcp(AF_INET, SOCK_NONBLOCK);
	case 4:
		return tcp(AF_INET6, SOCK_NONBLOCK);
	case 5:
		return socket(AF_INET, SOCK_DGRAM, 0);
	case 6:
		return socket(AF_INET6, SOCK_DGRAM, 0);
	case 7:
		return socket(AF_UNIX, SOCK_STREAM, 0);
	case 8:
		return socket(AF_INET, SOCK_STREAM, 262 /* IPPROTO_MPTCP */);
	case 9:
		return listening();
	case 10:
		return connected();
	case 11:
		return bound();
	case 12:
		return eventfd(0, 0);
	case 13:
		return open("/dev/null", O_RDONLY);
	case 14:
		return socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	default:
		return -1;
	}
}

/* A call of the input: how it is made, and the address. */
struct call_bytes {
	uint8_t socket, place, size, family, port, host;
	struct slice rest; /* of the address */
};

/* The address, at most ADDRESS_MAX bytes; its size. */
static size_t write_address(const struct call_bytes *c, char *out)
{
	static const uint16_t ports[] = { 443, 443, 443, 8443, 4100, 4000, 22, 53, 0, 80, 1 };
	static const char *const v4[] = { "127.0.0.1", "127.0.0.1", "127.0.0.2",      "0.0.0.0",
					  "224.0.0.1", "10.0.0.1",  "255.255.255.255" };
	static const char *const v6[] = { "::1", "::1",     "::ffff:127.0.0.1",
					  "::",  "fe80::1", "2001:db8::1" };
	uint16_t port = ports[c->port % (sizeof(ports) / sizeof(ports[0]))];
	struct sockaddr_in a4 = v4_of(v4[c->host % (sizeof(v4) / sizeof(v4[0]))], port);
	struct sockaddr_in6 a6 = v6_of(v6[c->host % (sizeof(v6) / sizeof(v6[0]))], port);

	if (c->port == OUR_PORT)
		a4.sin_port = a6.sin6_port = relay.near_address[0].v4.sin_port;
	memset(out, 0, ADDRESS_MAX);
	memcpy(out, c->rest.p, c->rest.n < ADDRESS_MAX ? c->rest.n : ADDRESS_MAX);
	switch (c->family % 5) {
	case 0:
	case 1:
		memcpy(out, &a4, sizeof(a4));
		return sizeof(a4);
	case 2:
		memcpy(out, &a6, sizeof(a6));
		return sizeof(a6);
	case 3: /* the rest has the family, too, but for AF_UNIX: there are files */
		out[0] = out[0] == AF_UNIX ? AF_UNSPEC : out[0];
		return c->rest.n < ADDRESS_MAX ? c->rest.n : ADDRESS_MAX;
	default:
		return sizeof(sa_family_t);
	}
}

/* Where the address lies: up to an unreadable page, across its border, or nowhere. */
static long place_address(const struct call_bytes *c, const char *address, size_t n)
{
	char *at = room + PAGE - n;

	switch (c->place % 8) {
	case 0:
		at = room + PAGE - n / 2; /* half of it cannot be read */
		n /= 2;
		break;
	case 1:
		return 0;
	case 2:
		return (long)(room + PAGE);
	case 3:
		return -PAGE; /* the kernel's */
	case 4:
		at = room + 1;
		break;
	}
	memcpy(at, address, n);
	return (long)at;
}

static long size_of(const struct call_bytes *c, size_t n)
{
	static const long sizes[] = {
		0,  1,   2,   8,   15, 16,         24,           27,           28,
		29, 110, 128, 129, -1, 0x7fffffff, -0x80000000L, 0x100000010L, 0x100000000L
	};

	return c->size < 200 ? (long)n
			     : sizes[(c->size - 200u) % (sizeof(sizes) / sizeof(sizes[0]))];
}

/* What became of a call that goes on: the error, at last. */
static int settled(int fd, int error)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t size = sizeof(error);
	int value = 0;

	if (error != EINPROGRESS)
		return error;
	int64_t end = loop_clock() + ANSWER_US;
	while (poll(&p, 1, 0) == 0) {
		demand(loop_clock() < end);
		links_tick(&relay);
		loop_turn(relay.loop, 1);
		links_sweep(&relay);
	}
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &size) == 0 ? value : errno;
}

static void until_no_link_is_left(void)
{
	int64_t end = loop_clock() + ANSWER_US;

	while (relay.links) {
		serve();
		loop_turn(relay.loop, 1);
		links_sweep(&relay);
		demand(loop_clock() < end);
	}
	demand(relay.link_count == 0);
}

static void connect_both_ways(const struct call_bytes *c)
{
	char address[ADDRESS_MAX];
	size_t n = write_address(c, address);
	int bare = open_socket(c->socket), watched = open_socket(c->socket);
	long high = c->socket & 128 ? 0x100000000L : 0; /* the kernel looks at 32 bits alone */
	struct try without = { high | bare, place_address(c, address, n), size_of(c, n), 0 };
	struct try with = without;
	uint64_t one = 1;

	try_it(&without);
	int before = settled(bare, without.error);
	close(bare);
	with.fd = high | watched;
	asked = &with;
	demand(write(ask, &one, sizeof(one)) == sizeof(one));
	await_answer();
	int now = settled(watched, with.error);
	close(watched);
	if (before != now &&
	    c->port != OUR_PORT) { /* whoever comes there is reset, sooner or later */
		fprintf(stderr, "without a filter: %d (%s), with one: %d (%s)\n", before,
			strerror(before), now, strerror(now));
		abort();
	}
	until_no_link_is_left();
	serve();
}

/* A program's name that execve() or execveat() is given. */
static void look_at_exec(const struct call_bytes *c)
{
	struct seccomp_data data = { .nr = c->family & 1 ? SYS_execve : SYS_execveat };
	struct slice name = slice_sub(c->rest, 0, PAGE / 2);
	uint64_t at;

	if (slice_has(name, SLICE("dev"))) /* what opening a device does is not for a test */
		return;
	memset(room, 0, PAGE);
	at = (uint64_t)place_address(c, name.p, name.n);
	data.args[0] = data.nr == SYS_execve ? at : (uint64_t)(int64_t)(int8_t)c->port;
	data.args[1] = at;
	relay.privilege_told = true; /* as far as it is silent */
	privilege_look(&relay, (int)getpid(), &data);
	relay.privilege_told = false;
	privilege_look(&relay, c->host & 1 ? (int)getpid() : c->size, &data);
}

static bool read_call(struct slice *rest, struct call_bytes *c)
{
	const uint8_t *p = (const uint8_t *)rest->p;

	if (rest->n < CALL_BYTES)
		return false;
	*c = (struct call_bytes){ p[0], p[1], p[2], p[3], p[4], p[5], slice_sub(*rest, 7, p[6]) };
	*rest = slice_from(*rest, 7 + c->rest.n);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct slice rest = { (const char *)bytes, n };
	struct call_bytes c;

	if (is_possible && !room)
		make_world();
	if (!is_possible && !room) {
		fprintf(stderr, "no network of its own or no filter: nothing was tried\n");
		room = (char *)-1;
	}
	for (int i = 0; is_possible && i < CALLS_MAX && read_call(&rest, &c); i++)
		if (c.place >= 240)
			look_at_exec(&c);
		else
			connect_both_ways(&c);
	return 0;
}
