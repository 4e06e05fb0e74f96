/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shim/tap/environ.c"
#include "shim/tap/own_pid.c"

static bool has(const char *entry)
{
	struct slice now;
	struct slice one;

	environ_now(&now);
	while (slice_cut(&now, '\0', &one))
		if (slice_equal(one, slice_of(entry)))
			return true;
	return false;
}

static void changes_are_seen(void **state)
{
	(void)state;
	setenv("TAP_TEST", "one", 1);
	assert_true(has("TAP_TEST=one"));
	setenv("TAP_TEST", "two", 1);
	assert_true(has("TAP_TEST=two"));
	assert_false(has("TAP_TEST=one"));
	unsetenv("TAP_TEST");
	assert_false(has("TAP_TEST=two"));
}

static void long_values_are_whole(void **state)
{
	enum { LONG = 20000 };
	char *text = calloc(1, LONG + 16);

	(void)state;
	memset(text, 'x', LONG);
	memcpy(text, "TAP_LONG=", 9);
	putenv(text);
	assert_true(has(text));
	unsetenv("TAP_LONG");
	free(text);
}

/* What is too long for its use is said where it is used, and nothing behind it is lost. */
static void settings_are_kept_however_long(void **state)
{
	enum { LONG = 120 * 1024 };
	char *text = calloc(1, LONG + 1);
	char next[] = "ORSHIM_LOG=after";
	char *initial[] = { text, next, NULL };

	(void)state;
	memset(text, 'x', LONG);
	memcpy(text, "ORSHIM_HOSTS=", 13);
	environ_start(initial);
	assert_int_equal(strlen(environ_setting("ORSHIM_HOSTS")), LONG - 13);
	assert_string_equal(environ_setting("ORSHIM_LOG"), "after");
	free(settings.p);
	settings.p = NULL;
	settings.n = 0;
	initial_block = (struct slice){ NULL, 0 };
	free(text);
}

static void a_wrong_pointer_does_no_harm(void **state)
{
	char *wrong[] = { strdup("TAP_FIRST=1"), (char *)64, strdup("TAP_LAST=2"), NULL };
	char **kept = environ;

	(void)state;
	environ = wrong;
	assert_true(has("TAP_FIRST=1"));
	assert_true(has("TAP_LAST=2"));
	environ = kept;
	free(wrong[0]);
	free(wrong[2]);
}

static void without_a_readable_array_the_initial_one_counts(void **state)
{
	static char text[] = "TAP_AT_START=1\0TAP_THEN=2";
	char *initial[] = { text, text + 15, NULL };
	char **kept = environ;
	struct slice before = initial_block;

	(void)state;
	environ_start(initial);
	environ = (char **)64;
	assert_true(has("TAP_AT_START=1"));
	assert_true(has("TAP_THEN=2"));
	environ = NULL;
	assert_true(has("TAP_THEN=2"));
	environ = kept;
	initial_block = before;
}

static void settings_outlive_the_environment(void **state)
{
	char text[] = "ORSHIM_DEBUG=1\0OTHER=2\0ORSHIM_DEBUGGER=3";
	char *initial[] = { text, text + 15, text + 23, NULL };

	(void)state;
	environ_start(initial);
	memset(text, 'z', sizeof(text) - 1);
	assert_string_equal(environ_setting("ORSHIM_DEBUG"), "1");
	assert_string_equal(environ_setting("ORSHIM_DEBUGGER"), "3");
	assert_null(environ_setting("ORSHIM_LOG"));
	assert_null(environ_setting("OTHER"));
}

static int over;

static void *change(void *unused)
{
	char value[3000];

	for (unsigned i = 0; !__atomic_load_n(&over, __ATOMIC_RELAXED); i++) {
		char name[32];
		snprintf(name, sizeof(name), "TAP_RACE_%u", i % 300);
		memset(value, 'v', sizeof(value) - 1);
		value[i % sizeof(value)] = '\0';
		setenv(name, value, 1);
		if (i % 3 == 0)
			unsetenv(name);
		if (i % 1000 == 0)
			clearenv();
	}
	return unused;
}

static void a_thread_that_changes_it_does_no_harm(void **state)
{
	pthread_t thread;
	struct slice now;

	(void)state;
	pthread_create(&thread, NULL, change, NULL);
	for (int i = 0; i < 2000; i++) {
		environ_now(&now);
		assert_non_null(now.p);
	}
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_are_seen),
		cmocka_unit_test(long_values_are_whole),
		cmocka_unit_test(settings_are_kept_however_long),
		cmocka_unit_test(a_wrong_pointer_does_no_harm),
		cmocka_unit_test(without_a_readable_array_the_initial_one_counts),
		cmocka_unit_test(settings_outlive_the_environment),
		cmocka_unit_test(a_thread_that_changes_it_does_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
