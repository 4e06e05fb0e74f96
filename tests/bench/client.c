/* SPDX-License-Identifier: MIT */
/*
 * The bench's client, started by run.py, bare and preloaded. Prints nanoseconds
 * of processor time and of wall time for one operation, and after them:
 *
 *   client good|bad|bulk|large|upload COUNT PORT
 *                 wall time's median and 99th percentile, the most memory held
 *   client pair COUNT CERT KEY      client and server in one process, no socket
 *   client exec COUNT PROGRAM ARG…  start PROGRAM with LD_PRELOAD from
 *                 BENCH_PRELOAD; the most memory that one of them held
 *
 *   client fresh COUNT PORT
 *                 from connect() to the first byte of the answer, on a new connection each time;
 *                 wall time's median and 99th percentile
 *   client connect COUNT PORT       connect() alone; the same numbers
 *   client calls COUNT -            getppid(), which does next to nothing
 *
 *   client memory|idle COUNT PORT   bytes only: of the process, of a connection
 *   client short COUNT PORT         COUNT connections one after another, of four kinds; a line with
 *                 how many there were, private and allocated bytes: after a hundredth, a tenth, all
 *
 * PORT is one of this machine's, or ADDRESS:PORT.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <malloc.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "timed.h"

enum { BODY = 2048, UPLOAD = 5 << 20, CONNECTIONS = 1000, BUFFER = 64 * 1024 };

extern char **environ;

static char request[UPLOAD + 1024];
static char buffer[BUFFER];

/* The request with BODY_SIZE bytes of body and the header lines MORE; its size. */
static size_t compose(const char *quote, const char *more, size_t body_size)
{
	static const char first[] =
	    "{\"model\":\"openai/gpt-4o-mini\",\"messages\":[{\"role\":\"user\",\"content\":\"";
	static const char last[] = "\"}]}";
	size_t head = (size_t)snprintf(
	    request, sizeof(request),
	    "POST /api/v1/chat/completions HTTP/1.1\r\nhost: openrouter.ai\r\n"
	    "content-type: application/json\r\nuser-agent: bench/1\r\naccept: */*\r\n"
	    "authorization: Bearer %ssk-or-v1-"
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdee%s\r\n"
	    "%scontent-length: %zu\r\n\r\n",
	    quote, quote, more, body_size);
	char *body = request + head;

	memset(body, 'a', body_size);
	memcpy(body, first, sizeof(first) - 1);
	memcpy(body + body_size - (sizeof(last) - 1), last, sizeof(last) - 1);
	return head + body_size;
}

/* A connected socket; *TOOK gets the seconds that connect() took, if it is not NULL. */
static int dial(const char *place, double *took)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const char *colon = strchr(place, ':');
	char host[INET_ADDRSTRLEN];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (colon) {
		snprintf(host, sizeof(host), "%.*s", (int)(colon - place), place);
		inet_pton(AF_INET, host, &address.sin_addr);
	}
	address.sin_port = htons((uint16_t)atoi(colon ? colon + 1 : place));
	double start = seconds(CLOCK_MONOTONIC);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		fail("cannot connect");
	if (took)
		*took = seconds(CLOCK_MONOTONIC) - start;
	return fd;
}

static SSL *reach(SSL_CTX *context, const char *place)
{
	int fd = dial(place, NULL);
	int one = 1;
	SSL *ssl = SSL_new(context);

	if (!ssl)
		fail("no memory");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	SSL_set_fd(ssl, fd);
	SSL_set_tlsext_host_name(ssl, "openrouter.ai");
	if (SSL_connect(ssl) != 1)
		fail("TLS handshake failed");
	return ssl;
}

/* No port is left waiting: there are 28,000. */
static void close_at_once(int fd)
{
	struct linger at_once = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
}

/* Send the request of SIZE bytes and read its whole answer. */
static void exchange(SSL *ssl, size_t size)
{
	size_t have = 0, wanted = 0;

	if (SSL_write(ssl, request, (int)size) != (int)size)
		fail("cannot write");
	while (!wanted || have < wanted) {
		int n = SSL_read(ssl, buffer, sizeof(buffer) - 1);

		if (n <= 0)
			fail("cannot read");
		have += (size_t)n;
		if (!wanted) {
			const char *end, *length;

			buffer[n] = '\0';
			end = strstr(buffer, "\r\n\r\n");
			length = strstr(buffer, "content-length: ");
			if (!end || !length)
				fail("unexpected answer");
			wanted = (size_t)(end + 4 - buffer) + strtoull(length + 16, NULL, 10);
		}
	}
}

/* What the line of FILE that FORMAT fits says in KiB, in bytes. */
static long memory_line(const char *path, const char *format)
{
	FILE *file = fopen(path, "r");
	char line[256];
	long kib = 0;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, format, &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib * 1024;
}

/* Memory of this process that no file holds, in bytes. A library just built is dirty, too. */
static long private_bytes(void)
{
	return memory_line("/proc/self/smaps_rollup", "Anonymous: %ld");
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* CPU and wall time of one, the median and 99th percentile of EACH, in nanoseconds; most memory. */
static void report(double cpu, double wall, double *each, long count)
{
	qsort(each, (size_t)count, sizeof(*each), compare);
	printf("%.1f %.1f %.1f %.1f %ld\n", cpu * 1e9 / (double)count, wall * 1e9 / (double)count,
	       each[count / 2] * 1e9, each[count * 99 / 100] * 1e9,
	       memory_line("/proc/self/status", "VmHWM: %ld"));
}

static double *room_for(long count)
{
	double *each = malloc((size_t)count * sizeof(*each));

	if (!each)
		fail("no memory");
	return each;
}

static void requests(SSL_CTX *context, const char *port, long count, const char *quote,
		     const char *more, size_t body_size)
{
	SSL *ssl = reach(context, port);
	size_t size = compose(quote, more, body_size);
	double *each = room_for(count);
	double cpu, wall;

	if (!*more && body_size == BODY)
		for (int i = 0; i < 50; i++)
			exchange(ssl, size);
	cpu = spent();
	wall = seconds(CLOCK_MONOTONIC);
	for (long i = 0; i < count; i++) {
		each[i] = -seconds(CLOCK_MONOTONIC);
		exchange(ssl, size);
		each[i] += seconds(CLOCK_MONOTONIC);
	}
	report(spent() - cpu, seconds(CLOCK_MONOTONIC) - wall, each, count);
	free(each);
}

/* The answers are shorter than what one read takes. */
static void fresh(SSL_CTX *context, const char *port, long count)
{
	size_t size = compose("", "", BODY);
	double *each = room_for(count);
	double cpu = spent(), wall = seconds(CLOCK_MONOTONIC);

	for (long i = 0; i < count; i++) {
		each[i] = -seconds(CLOCK_MONOTONIC);
		SSL *ssl = reach(context, port);
		exchange(ssl, size);
		each[i] += seconds(CLOCK_MONOTONIC);
		int fd = SSL_get_fd(ssl);
		SSL_shutdown(ssl);
		SSL_free(ssl);
		close_at_once(fd);
	}
	report(spent() - cpu, seconds(CLOCK_MONOTONIC) - wall, each, count);
	free(each);
}

static void connects(const char *port, long count)
{
	double *each = room_for(count);
	double cpu = spent(), wall = seconds(CLOCK_MONOTONIC);

	for (long i = 0; i < count; i++)
		close_at_once(dial(port, &each[i]));
	report(spent() - cpu, seconds(CLOCK_MONOTONIC) - wall, each, count);
	free(each);
}

static void call(void *nothing)
{
	(void)nothing;
	syscall(SYS_getppid);
}

static void memory(SSL_CTX *context, const char *port, long count, bool asks)
{
	static SSL *open[CONNECTIONS];
	long before = private_bytes(), after;
	size_t size = compose("", "", BODY);

	for (long i = 0; i < count; i++) {
		open[i] = reach(context, port);
		if (asks)
			exchange(open[i], size);
	}
	after = private_bytes();
	printf("%ld %ld\n", before, (after - before) / count);
}

/* The request of the Nth short connection; its size. */
static size_t compose_nth(long n)
{
	size_t size = compose(n % 2 ? "" : "\"", "", BODY);
	char digits[17];

	snprintf(digits, sizeof(digits), "%016lx", n);
	if (n % 4 == 2)
		memcpy(strstr(request, "0123456789abcdef"), digits, 16);
	else if (n % 4 == 3) {
		memcpy(strstr(request, "openrouter.ai"), "www.other.net", 13);
		memcpy(strstr(request, "/completions"), "/none-of-it!", 12);
	}
	return size;
}

/*
 * One after another, each with one request, of four kinds in turn: one key is refused again and
 * again, one is accepted, one is new and refused; and what goes to no API.
 */
static void short_ones(SSL_CTX *context, const char *port, long count)
{
	for (long i = 1; i <= count; i++) {
		SSL *ssl = reach(context, port);
		int fd = SSL_get_fd(ssl);

		exchange(ssl, compose_nth(i));
		SSL_shutdown(ssl);
		SSL_free(ssl);
		close_at_once(fd);
		if (i == count / 100 || i == count / 10 || i == count) {
			struct mallinfo2 heap = mallinfo2();

			printf("%ld %ld %zu\n", i, private_bytes(), heap.uordblks + heap.hblkhd);
		}
	}
}

static void shake(SSL *client, SSL *server)
{
	for (int i = 0; i < 20; i++) {
		int a = SSL_do_handshake(client);
		int b = SSL_do_handshake(server);

		if (a == 1 && b == 1)
			return;
	}
	fail("handshake in memory failed");
}

/* A write and the read of it. */
static void say(SSL *from, SSL *to)
{
	char data[64] = "\x01\x02 no HTTP";

	if (SSL_write(from, data, sizeof(data)) != sizeof(data) ||
	    SSL_read(to, data, sizeof(data)) != sizeof(data))
		fail("the pair broke");
}

static void say_there(void *ends)
{
	SSL **pair = ends;

	say(pair[0], pair[1]);
}

static void pairs(SSL_CTX *context, long count, const char *cert, const char *key)
{
	SSL_CTX *other = SSL_CTX_new(TLS_server_method());
	SSL *client = SSL_new(context), *server;
	BIO *left, *right;

	if (SSL_CTX_use_certificate_file(other, cert, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_use_PrivateKey_file(other, key, SSL_FILETYPE_PEM) != 1 ||
	    BIO_new_bio_pair(&left, 0, &right, 0) != 1)
		fail("cannot set up the pair");
	server = SSL_new(other);
	SSL_set_bio(client, left, left);
	SSL_set_bio(server, right, right);
	SSL_set_connect_state(client);
	SSL_set_accept_state(server);
	shake(client, server);
	/* Both ways once, as any protocol does: then it is known that this is none of ours. */
	say(client, server);
	say(server, client);
	SSL *ends[2] = { client, server };
	time_calls(count, say_there, ends);
}

static void execs(long count, char **argv)
{
	char *preload = getenv("BENCH_PRELOAD");
	posix_spawn_file_actions_t quiet;
	struct rusage used;
	double wall, cpu;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	/* Only the started programs carry the library. */
	if (preload)
		setenv("LD_PRELOAD", preload, 1);
	wall = seconds(CLOCK_MONOTONIC);
	for (long i = 0; i < count; i++) {
		pid_t pid;
		int status;

		if (posix_spawn(&pid, argv[0], &quiet, NULL, argv, environ) ||
		    waitpid(pid, &status, 0) != pid || status)
			fail("cannot start the program");
	}
	wall = seconds(CLOCK_MONOTONIC) - wall;
	getrusage(RUSAGE_CHILDREN, &used);
	cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	      (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
	printf("%.1f %.1f %ld\n", cpu * 1e9 / (double)count, wall * 1e9 / (double)count,
	       used.ru_maxrss * 1024);
}

int main(int argc, char **argv)
{
	SSL_CTX *context;
	const char *mode = argc > 3 ? argv[1] : "";
	long count = argc > 3 ? atol(argv[2]) : 0;

	if (count <= 0)
		fail("usage: client MODE COUNT PORT|…");
	if (!strcmp(mode, "exec")) {
		execs(count, argv + 3);
		return 0;
	}
	if (!strcmp(mode, "calls")) {
		time_calls(count, call, NULL);
		return 0;
	}
	context = SSL_CTX_new(TLS_client_method());
	if (!context)
		fail("no TLS");
	if (!strcmp(mode, "good"))
		requests(context, argv[3], count, "", "", BODY);
	else if (!strcmp(mode, "bad"))
		requests(context, argv[3], count, "\"", "", BODY);
	else if (!strcmp(mode, "fresh"))
		fresh(context, argv[3], count);
	else if (!strcmp(mode, "connect"))
		connects(argv[3], count);
	else if (!strcmp(mode, "bulk"))
		requests(context, argv[3], count, "", "x-bench-bytes: 1073741824\r\n", BODY);
	else if (!strcmp(mode, "large"))
		requests(context, argv[3], count, "", "x-bench-bytes: 5242880\r\n", BODY);
	else if (!strcmp(mode, "upload"))
		requests(context, argv[3], count, "", "", UPLOAD);
	else if (!strcmp(mode, "memory") && count <= CONNECTIONS)
		memory(context, argv[3], count, true);
	else if (!strcmp(mode, "idle") && count <= CONNECTIONS)
		memory(context, argv[3], count, false);
	else if (!strcmp(mode, "short"))
		short_ones(context, argv[3], count);
	else if (!strcmp(mode, "pair") && argc == 5)
		pairs(context, count, argv[3], argv[4]);
	else
		fail("unknown mode");
	SSL_CTX_free(context);
	return 0;
}
