/* SPDX-License-Identifier: MIT */
/*
 * Eight threads in the tap at once, without any TLS: what ThreadSanitizer and
 * Helgrind watch (`make races`). Each exchange carries a mark in its request
 * and the same in its answer; every mark must come out once, and with its own.
 * Links tap/ but for what looks at TLS libraries.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <cJSON.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/tap/process.h"
#include "shim/tap/environ.h"
#include "shim/tap/forks.h"
#include "shim/tap/hook_guard.h"
#include "shim/tap/scan.h"
#include "shim/tap/tap.h"

enum {
	THREADS = 8,
	ROUNDS = 60,   /* connections of one thread */
	EXCHANGES = 8, /* of one connection */
	FORKS = 12,    /* while the threads are at work */
	WAKES = 400,   /* detached and attached again, likewise */
	SHARED = 4,    /* connections that all threads use, without HTTP in them */
	PIECE = 97,    /* bytes given at once, of those that come in pieces */
	MARKS = THREADS * ROUNDS * EXCHANGES,
	FORK_MARKS = FORKS * 2, /* of the child, and of the parent after it */
};

#define KEY "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"

static char folder[64];
static char path[128];
static atomic_bool ends;
static char shared[SHARED];
static pthread_barrier_t start;

/* No TLS library is looked for here. */
void scan_before_fork(void)
{
}

void scan_after_fork(void)
{
}

static void give(const void *handle, enum side side, const char *text, size_t n, size_t piece)
{
	for (size_t at = 0; at < n; at += piece)
		tap_bytes(handle, side, text + at, n - at < piece ? n - at : piece);
}

static void ask(const void *handle, int mark, size_t piece)
{
	char body[256], text[1024];
	int length = snprintf(body, sizeof(body),
			      "{\"model\":\"test/mark-%d\",\"messages\":[{\"role\":\"user\","
			      "\"content\":\"hi\"}]}",
			      mark);
	int n = snprintf(text, sizeof(text),
			 "POST /api/v1/chat/completions HTTP/1.1\r\nHost: openrouter.ai\r\n"
			 "Authorization: Bearer %s" KEY "%s\r\nContent-Type: application/json\r\n"
			 "Content-Length: %d\r\n\r\n%s",
			 mark % 2 ? "'" : "", mark % 2 ? "'" : "", length, body);

	give(handle, SIDE_CLIENT, text, (size_t)n, piece);
}

static void answer(const void *handle, int mark, size_t piece)
{
	char body[256], text[1024];
	int length = snprintf(body, sizeof(body),
			      "{\"error\":{\"message\":\"No auth, mark-%d\",\"code\":401}}", mark);
	int n = snprintf(text, sizeof(text),
			 "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n"
			 "Content-Length: %d\r\n\r\n%s",
			 length, body);

	give(handle, SIDE_SERVER, text, (size_t)n, piece);
}

static void exchange(const void *handle, int mark)
{
	size_t piece = mark % 3 ? 4096 : PIECE;

	ask(handle, mark, piece);
	answer(handle, mark, piece);
}

/* A server's connection, and one that speaks no HTTP: none of our business. */
static void use_others(const void *server, const void *foreign)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: here\r\n\r\n";
	static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

	tap_bytes(server, SIDE_SERVER, request, sizeof(request) - 1);
	tap_bytes(server, SIDE_CLIENT, reply, sizeof(reply) - 1);
	tap_handshake_done(foreign, SLICE("mail.example"), NULL);
	tap_bytes(foreign, SIDE_SERVER, "* OK ready\r\n", 12);
	tap_bytes(foreign, SIDE_CLIENT, "a LOGIN\r\n", 9);
	tap_closed(server);
	tap_closed(foreign);
}

/* Handshakes that end in nothing: one fails, one is let go of, one goes over into QUIC. */
static void use_failing(const void *handle, int turn)
{
	struct handshake h = handshake_unknown(HANDSHAKE_FAILED);

	h.alert = 40;
	tap_handshake_begun(handle, SLICE("openrouter.ai"), false);
	tap_certificate(handle, SLICE("no certificate"));
	tap_finished(handle, SIDE_SERVER);
	if (turn % 3 == 0)
		tap_handshake_failed(handle, SLICE("openrouter.ai"), &h);
	else if (turn % 3 == 1)
		tap_quic(handle, SLICE("openrouter.ai"));
	tap_closed(handle);
}

/* With no order between the threads: what a host with a fault of its own does. */
static void use_shared(int turn)
{
	const void *handle = &shared[turn % SHARED];

	switch (turn % 8) {
	case 5:
		tap_handshake_begun(handle, SLICE("openrouter.ai"), true);
		break;
	case 6:
		tap_finished(handle, turn % 2 ? SIDE_CLIENT : SIDE_SERVER);
		break;
	case 7:
		use_failing(handle, turn);
		break;
	case 0:
		tap_handshake_done(handle, SLICE("openrouter.ai"), NULL);
		break;
	case 1:
		tap_closed(handle);
		break;
	case 2:
		tap_skipped(handle, SIDE_SERVER, 10);
		break;
	default:
		tap_bytes(handle, turn % 2 ? SIDE_CLIENT : SIDE_SERVER, "\1\2\3\4", 4);
		break;
	}
}

static void *work(void *arg)
{
	int thread = (int)(intptr_t)arg;

	pthread_barrier_wait(&start);
	for (int i = 0; i < ROUNDS; i++) {
		/* Addresses come again, in other threads, too. */
		char *handle = malloc(64), *other = malloc(64), *foreign = malloc(64);

		if (i % 4 == 1)
			tap_handshake_begun(handle, SLICE("openrouter.ai"), false);
		if (i % 2)
			tap_handshake_done(handle, SLICE("openrouter.ai"), NULL);
		for (int k = 0; k < EXCHANGES; k++) {
			exchange(handle, (thread * ROUNDS + i) * EXCHANGES + k);
			use_shared(thread + i + k);
		}
		use_others(other, foreign);
		use_failing(other, thread + i);
		if (i % 3 == 0)
			tap_ended(handle, SIDE_SERVER);
		tap_closed(handle);
		free(handle);
		free(other);
		free(foreign);
	}
	return NULL;
}

/* The child tells its own exchange; HELD is the parent's, who goes on with it. */
static void fork_once(const void *held, int mark)
{
	char handle;
	int status;

	ask(held, mark + 1, PIECE);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		tap_closed(held);
		tap_handshake_done(&handle, SLICE("openrouter.ai"), NULL);
		exchange(&handle, mark);
		tap_closed(&handle);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	answer(held, mark + 1, PIECE);
}

static void begin(pthread_t *threads, void *(*run)(void *arg))
{
	assert_int_equal(pthread_barrier_init(&start, NULL, THREADS + 1), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run, (void *)(intptr_t)i), 0);
	pthread_barrier_wait(&start);
}

static void finish(pthread_t *threads)
{
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	pthread_barrier_destroy(&start);
}

/* The number behind "mark-" in OBJECT's NAME, -1 without one. */
static int mark_in(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(object, name));
	const char *mark = text ? strstr(text, "mark-") : NULL;

	return mark ? atoi(mark + 5) : -1;
}

/* Adds to TIMES how often each mark is in the log. */
static void read_log(unsigned *times, int count)
{
	FILE *log = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;

	assert_non_null(log);
	while (getline(&line, &size, log) > 0) {
		cJSON *record = cJSON_Parse(line);
		const char *kind = cJSON_GetStringValue(cJSON_GetObjectItem(record, "record"));

		assert_non_null(kind);
		assert_null(strstr(line, &KEY[9]));
		if (strcmp(kind, "exchange") == 0) {
			const cJSON *request = cJSON_GetObjectItem(record, "request");
			const cJSON *response = cJSON_GetObjectItem(record, "response");
			int mark = mark_in(cJSON_GetObjectItem(request, "body"), "model");

			assert_in_range(mark, 0, count - 1);
			assert_int_equal(mark_in(cJSON_GetObjectItem(response, "error"), "message"),
					 mark);
			times[mark]++;
		}
		cJSON_Delete(record);
	}
	free(line);
	fclose(log);
}

static void every_exchange_comes_out_once_and_unmixed(void **state)
{
	static unsigned times[MARKS + FORK_MARKS];
	pthread_t threads[THREADS];
	char held;

	(void)state;
	begin(threads, work);
	tap_handshake_done(&held, SLICE("openrouter.ai"), NULL);
	for (int i = 0; i < FORKS; i++)
		fork_once(&held, MARKS + 2 * i);
	tap_closed(&held);
	finish(threads);
	read_log(times, MARKS + FORK_MARKS);
	unlink(path);
	for (int i = 0; i < MARKS + FORK_MARKS; i++)
		if (times[i] != 1)
			fail_msg("exchange %d came out %d times", i, times[i]);
}

static void *work_until_it_ends(void *arg)
{
	int thread = (int)(intptr_t)arg;

	pthread_barrier_wait(&start);
	for (int i = 0; !atomic_load(&ends); i++) {
		char *handle = malloc(64);

		tap_handshake_done(handle, SLICE("openrouter.ai"), NULL);
		exchange(handle, thread * ROUNDS + i % ROUNDS);
		use_shared(i);
		tap_closed(handle);
		free(handle);
	}
	return NULL;
}

/* Exchanges are lost then, but none is mixed with another, and at the end all is as before. */
static void the_log_is_let_go_of_and_taken_up_under_load(void **state)
{
	static unsigned times[MARKS + 1];
	static char settings[256];
	pthread_t threads[THREADS];
	int n = snprintf(settings, sizeof(settings), "ORSHIM_LOG=%s", path) + 1;
	char handle;

	(void)state;
	begin(threads, work_until_it_ends);
	for (int i = 0; i < WAKES; i++) {
		hook_guard_disable();
		tap_disable();
		usleep((unsigned)(i % 300)); /* bytes go by unseen */
		assert_true(hook_guard_enable());
		assert_int_equal(tap_enable((struct slice){ settings, (size_t)n }), 0);
		process_report_if_untapped(process_clock());
	}
	atomic_store(&ends, true);
	finish(threads);
	tap_handshake_done(&handle, SLICE("openrouter.ai"), NULL);
	exchange(&handle, MARKS);
	tap_closed(&handle);
	read_log(times, MARKS + 1);
	assert_int_equal(times[MARKS], 1);
}

static int make_log(void **state)
{
	static char setting[256];
	static char *environment[] = { setting, NULL };
	static const struct tls_library library = { .object = "libssl.so.3",
						    .library = "OpenSSL",
						    .version = "3.0.0",
						    .tap = TAP_METHOD_TABLE };

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test-threads-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/log", folder);
	snprintf(setting, sizeof(setting), "ORSHIM_LOG=%s", path);
	environ_start(environment);
	process_start("test", NULL);
	forks_expect();
	process_add_library(&library);
	return 0;
}

static int remove_log(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_exchange_comes_out_once_and_unmixed),
		cmocka_unit_test(the_log_is_let_go_of_and_taken_up_under_load),
	};
	return cmocka_run_group_tests(tests, make_log, remove_log);
}
