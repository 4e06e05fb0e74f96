/* SPDX-License-Identifier: MIT */
/*
 * All of our work is done on the stack of whatever thread of the host calls.
 * Every capture, and bodies that are nested as deep as is followed, must stay
 * within what threads of 64 KiB can spare.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <glob.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "base/limits.h"
#include "tools/capture/playback.h"

enum { STACK = 1 << 20, PAINT = 0xA5, FRAMES_MAX = 14 << 10, FILE_MAX_SIZE = 64 << 20 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FRAMES_ARE_OURS 0 /* sanitizers make them larger */
#else
#define FRAMES_ARE_OURS 1
#endif

static unsigned char *stack;

static void *play(void *arg)
{
	struct playback_options options = { .tool = "test" };
	struct playback played;

	if (playback_run(&played, arg, &options) != 0)
		abort();
	playback_release(&played);
	return NULL;
}

static void *nothing(void *unused)
{
	return unused;
}

/* What of libc is called at the deepest places: a number of JSON is read and written. */
static void *number(void *unused)
{
	char text[64];

	snprintf(text, sizeof(text), "%1.17g %lld", strtod("1234.5678", NULL), 1LL);
	return unused;
}

struct painted {
	void *(*body)(void *);
	void *arg;
	size_t unused;
};

/* Counted before the thread ends: some libcs give the pages below back then. */
static void *count_unused(void *arg)
{
	struct painted *p = arg;

	p->body(p->arg);
	while (p->unused < STACK && stack[p->unused] == PAINT)
		p->unused++;
	return NULL;
}

static size_t depth_of(void *(*body)(void *), void *arg)
{
	struct painted painted = { body, arg, 0 };
	pthread_attr_t attr;
	pthread_t thread;

	memset(stack, PAINT, STACK);
	pthread_attr_init(&attr);
	assert_int_equal(pthread_attr_setstack(&attr, stack, STACK), 0);
	assert_int_equal(pthread_create(&thread, &attr, count_unused, &painted), 0);
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attr);
	return STACK - painted.unused;
}

/* Our own frames, and what this libc takes below them: musl's strtod() has 8 KiB of digits. */
static size_t most_allowed(void)
{
	return FRAMES_MAX + depth_of(number, NULL) - depth_of(nothing, NULL);
}

/* Bytes of stack that playing TEXT takes, above what a thread takes by itself. */
static size_t depth_of_text(struct slice text)
{
	struct capture_fault fault;
	struct capture c;

	capture_init(&c);
	assert_int_equal(capture_parse(&c, text, &fault), 0);
	play(&c); /* whose symbols are bound then */
	size_t depth = depth_of(play, &c) - depth_of(nothing, NULL);
	capture_release(&c);
	return depth;
}

static void expect_shallow(const char *name, struct slice text)
{
	size_t depth = depth_of_text(text);

	print_message("%6zu bytes of stack: %s\n", depth, name);
	if (FRAMES_ARE_OURS && depth > most_allowed())
		fail_msg("%s takes %zu bytes of stack", name, depth);
}

static void captures_are_shallow(void **state)
{
	size_t most = 0, i_most = 0;
	struct buf text;
	glob_t found;

	(void)state;
	assert_int_equal(glob("tests/captures/*/*.cap", 0, NULL, &found), 0);
	assert_true(found.gl_pathc > 100);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		FILE *f = fopen(found.gl_pathv[i], "r");
		char piece[16384];
		size_t n;
		buf_init(&text, FILE_MAX_SIZE);
		while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
			assert_int_equal(buf_add(&text, piece, n), 0);
		fclose(f);
		size_t depth = depth_of_text(buf_slice(&text));
		if (depth > most) {
			most = depth;
			i_most = i;
		}
		buf_release(&text);
	}
	print_message("%6zu bytes of stack: %s, the most of %zu captures\n", most,
		      found.gl_pathv[i_most], found.gl_pathc);
	if (FRAMES_ARE_OURS)
		assert_in_range(most, 1, most_allowed());
	globfree(&found);
}

static void repeat(struct buf *out, const char *text, int times)
{
	for (int i = 0; i < times; i++)
		assert_int_equal(buf_add(out, text, strlen(text)), 0);
}

/* DEPTH levels of OPEN … CLOSE in a request and in the error that answers it. */
static void nested(const char *name, const char *open, const char *close, int depth)
{
	struct buf body, text;

	buf_init(&body, FILE_MAX_SIZE);
	buf_init(&text, FILE_MAX_SIZE);
	repeat(&body, open, depth);
	repeat(&body, "1", 1);
	repeat(&body, close, depth);
	assert_int_equal(
	    buf_addf(&text,
		     "> POST /api/v1/chat/completions HTTP/1.1\n> Host: openrouter.ai\n"
		     "> Authorization: Bearer sk-or-v1-x\n> Content-Type: application/json\n"
		     "> Content-Length: %zu\n>\n>- %.*s\n"
		     "< HTTP/1.1 400 Bad\n< Content-Type: application/json\n"
		     "< Content-Length: %zu\n<\n<- %.*s\n",
		     body.n, (int)body.n, body.p, body.n, (int)body.n, body.p),
	    0);
	expect_shallow(name, buf_slice(&text));
	buf_release(&body);
	buf_release(&text);
}

static void nested_bodies_are_shallow(void **state)
{
	(void)state;
	nested("arrays", "[", "]", LIMIT_JSON_DEPTH - 1);
	nested("objects", "{\"error\":", "}", LIMIT_JSON_DEPTH - 1);
	nested("messages", "{\"messages\":[{\"role\":\"user\",\"content\":", "}]}",
	       LIMIT_JSON_DEPTH / 3);
	nested("deeper than is followed", "{\"a\":[", "]}", LIMIT_JSON_DEPTH * 4);
}

static int map_stack(void **state)
{
	(void)state;
	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return stack == MAP_FAILED ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(captures_are_shallow),
		cmocka_unit_test(nested_bodies_are_shallow),
	};
	return cmocka_run_group_tests(tests, map_stack, NULL);
}
