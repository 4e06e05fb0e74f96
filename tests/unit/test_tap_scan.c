/* SPDX-License-Identifier: MIT */
/*
 * What is looked at when threads meet: one that looks for TLS libraries is
 * held where a step of the test wants it, while others fork, connect or load.
 * The loader and the libraries are the test's own.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Waddress" /* base/glibc.h asks whether there are any */
#define dlopen test_dlopen
#define dlclose test_dlclose
#define dlsym test_dlsym
#include "shim/tap/loader.c"
#include "shim/tap/own_lock.c"
#include "shim/tap/own_pid.c"
#include "shim/tap/libraries.c"
#include "shim/tap/scan.c"

enum { OBJECTS = 4, STUB_MARK = 0x57AB };

/* What is loaded: an object's span begins at its bias, and its tables are a word. */
static struct {
	const char *name;
	bool exports;
	bool hides;
	int table;
	int place;    /* of the stubs in it */
	int searches; /* times that it was looked into */
} loaded[OBJECTS];
static atomic_int loaded_count;
static struct object objects[OBJECTS];

/* Where a thread is held, and whether one is there. */
enum held_place { NOWHERE, AT_LOADER, IN_SEARCH, BEFORE_TAP, AFTER_TAP, IN_FOUND };
static atomic_int hold_at, held_at;
static int told, lost;

static void pass(enum held_place here)
{
	if (atomic_load(&hold_at) != (int)here)
		return;
	atomic_store(&held_at, here);
	while (atomic_load(&hold_at) == (int)here)
		sched_yield();
	atomic_store(&held_at, NOWHERE);
}

static int index_of(const struct object *o)
{
	return (int)(o->bias >> 12) - 1;
}

static void load(const char *name, bool exports, bool hides)
{
	int i = atomic_load(&loaded_count);

	loaded[i].name = name;
	loaded[i].exports = exports;
	loaded[i].hides = hides;
	objects[i] = (struct object){ .bias = (uintptr_t)(i + 1) << 12, .name = name };
	atomic_store(&loaded_count, i + 1);
}

unsigned long long objects_changes(void)
{
	return (unsigned long long)atomic_load(&loaded_count);
}

void objects_each(bool (*visit)(const struct object *o, void *arg), void *arg)
{
	for (int i = 0; i < atomic_load(&loaded_count); i++)
		if (visit(&objects[i], arg))
			return;
}

struct span object_span(const struct object *o)
{
	return (struct span){ o->bias, o->bias + 0x1000 };
}

void *object_symbol(const struct object *o, const char *name)
{
	return loaded[index_of(o)].exports && strncmp(name, "SSL_", 4) == 0 ? &loaded : NULL;
}

bool object_imports(const struct object *o, const char *name)
{
	return (void)o, (void)name, false;
}

void *test_dlopen(const char *name, int flags)
{
	(void)flags;
	pass(AT_LOADER);
	return (void *)name;
}

void *test_dlsym(void *handle, const char *name)
{
	return (void)handle, (void)name, NULL;
}

int test_dlclose(void *handle)
{
	return (void)handle, 0;
}

bool embedded_tls_is_possible(const struct object *o)
{
	return loaded[index_of(o)].hides;
}

void embedded_tls_find(const struct object *o, char *(*lookup)(const char *), struct find *found)
{
	(void)lookup;
	pass(IN_SEARCH);
	loaded[index_of(o)].searches++;
	*found = (struct find){ .library = FIND_BORINGSSL, .at = { o->bias, 0 } };
}

const char *boringssl_tap(uint64_t table, size_t i)
{
	int *word = &loaded[(table >> 12) - 1].table;

	pass(BEFORE_TAP);
	assert_int_equal(*word, 0); /* a stub would become its own original */
	*word = STUB_MARK;
	loaded[(table >> 12) - 1].place = (int)i;
	pass(AFTER_TAP);
	return NULL;
}

void boringssl_untap(uint64_t table, size_t i)
{
	if (boringssl_is_tapped(table, i))
		loaded[(table >> 12) - 1].table = 0;
}

bool boringssl_is_tapped(uint64_t table, size_t i)
{
	return loaded[(table >> 12) - 1].table == STUB_MARK &&
	       loaded[(table >> 12) - 1].place == (int)i;
}

const char *method_table_tap(const struct method_recipe *recipe, size_t i)
{
	return boringssl_tap(recipe->object->bias, i);
}

static const char *describe(const struct tls_object *l, char version[TLS_VERSION_SIZE],
			    void *getters)
{
	(void)l, (void)version, (void)getters;
	return "OpenSSL";
}

static const char *tap_method_tables(const struct tls_object *l, size_t i)
{
	return boringssl_tap(l->object->bias, i);
}

const struct tls_driver openssl_driver = { describe, tap_method_tables };
const struct tls_driver gnutls_driver = { describe, NULL };

void method_table_forget(size_t i)
{
	(void)i;
}

const char *method_table_untap(size_t i)
{
	for (int k = 0; k < OBJECTS; k++)
		if (loaded[k].exports)
			boringssl_untap((uint64_t)(k + 1) << 12, i);
	return NULL;
}

bool method_table_is_tapped(const struct object *o, void **table)
{
	(void)table;
	return loaded[index_of(o)].table == STUB_MARK;
}

void caller_forget_all(void)
{
}

char *environ_setting(const char *name)
{
	return (void)name, NULL;
}

void hook_guard_block_signals(void)
{
}

void process_debug_library(const struct tls_library *library)
{
	(void)library;
}

void process_add_library(const struct tls_library *library)
{
	assert_non_null(library->object);
	pass(IN_FOUND);
	told++;
}

void process_remove_library(const char *object)
{
	(void)object;
	lost++;
}

static void *connects(void *arg)
{
	(void)arg;
	scan_objects();
	scan_embedded(true);
	return NULL;
}

/* A thread that connects, held at PLACE. */
static pthread_t held(enum held_place place)
{
	pthread_t thread;

	atomic_store(&hold_at, place);
	assert_int_equal(pthread_create(&thread, NULL, connects, NULL), 0);
	while (atomic_load(&held_at) != (int)place)
		sched_yield();
	return thread;
}

static void go_on(pthread_t thread)
{
	atomic_store(&hold_at, NOWHERE);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static bool all_is_tapped(void)
{
	int count = atomic_load(&loaded_count);

	for (int i = 0; i < count; i++)
		if (loaded[i].table != STUB_MARK || !libraries_is_tapped((void *)objects[i].bias))
			return false;
	return atomic_load(&library_count) == (unsigned)count &&
	       atomic_load(&tapped_count) == (unsigned)count;
}

/* The locks of two threads that fork at once, as their handlers take and give them. */
static struct {
	atomic_int step;
	bool first_ends_first;
} forks;

static void wait_for_step(int step)
{
	while (atomic_load(&forks.step) < step)
		sched_yield();
}

static void *forks_too(void *arg)
{
	(void)arg;
	wait_for_step(1);
	scan_before_fork(); /* in vain */
	atomic_store(&forks.step, 2);
	if (forks.first_ends_first)
		wait_for_step(3);
	scan_after_fork();
	atomic_store(&forks.step, 4);
	return NULL;
}

static void two_forks_at_once(bool first_ends_first)
{
	pthread_t other;

	atomic_store(&forks.step, 0);
	forks.first_ends_first = first_ends_first;
	assert_int_equal(pthread_create(&other, NULL, forks_too, NULL), 0);
	scan_before_fork();
	atomic_store(&forks.step, 1);
	wait_for_step(first_ends_first ? 2 : 4);
	scan_after_fork();
	if (first_ends_first)
		atomic_store(&forks.step, 3);
	assert_int_equal(pthread_join(other, NULL), 0);
}

static void who_took_the_lock_lets_go_of_it(void **state)
{
	(void)state;
	for (int order = 0; order < 2; order++) {
		two_forks_at_once(order);
		load(order ? "hidden" : "libssl", !order, order);
		connects(NULL);
		assert_true(all_is_tapped());
	}
	assert_int_equal(told, 2);
	assert_true(scan_disable()); /* detaching does not hang either */
	assert_int_equal(loaded[0].table, 0);
	assert_true(scan_enable());
	assert_true(all_is_tapped());
}

/* Forks, without handlers, while a thread is held at PLACE; the child has to see all. */
static void fork_while(enum held_place place, bool exports)
{
	pthread_t thread;
	int status;

	load("first", exports, !exports);
	thread = held(place);
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		atomic_store(&hold_at, NOWHERE);
		load("second", true, false);
		load("third", false, true);
		connects(NULL);
		_exit(all_is_tapped() && told == 3 && lost == 0 && scan_disable() ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	go_on(thread);
	assert_true(all_is_tapped());
}

static void a_child_finishes_what_a_thread_of_its_parent_began(void **state)
{
	fork_while(*(enum held_place *)*state, true);
}

static void the_same_with_a_hidden_one(void **state)
{
	fork_while(*(enum held_place *)*state, false);
}

/* It cannot wait for who waits for the loader, and has but this one connect(). */
static void what_was_loaded_meanwhile_is_looked_at_by_who_had_the_lock(void **state)
{
	pthread_t thread;

	(void)state;
	load("first", false, true);
	thread = held(AT_LOADER);
	load("second", true, false);
	load("third", false, true);
	connects(NULL);
	assert_int_equal(loaded[1].table, 0);
	go_on(thread);
	assert_true(all_is_tapped());
	assert_int_equal(loaded[2].searches, 1);
}

/* Who looks at exports alone looks into the others, too, when somebody gave up on them. */
static void a_search_that_was_given_up_is_taken_over(void **state)
{
	(void)state;
	load("first", true, false);
	atomic_store(&missed, true);
	load("second", false, true);
	scan_objects();
	assert_true(all_is_tapped());
	assert_false(atomic_load(&missed));
}

static void *lets_go_later(void *arg)
{
	static const struct timespec later = { 0, 20000000 };

	(void)arg;
	nanosleep(&later, NULL);
	atomic_store(&hold_at, NOWHERE);
	return NULL;
}

static void a_connection_waits_for_the_search_of_another_thread(void **state)
{
	pthread_t thread, other;

	(void)state;
	load("first", false, true);
	thread = held(IN_SEARCH);
	assert_int_equal(pthread_create(&other, NULL, lets_go_later, NULL), 0);
	connects(NULL);
	assert_true(all_is_tapped());
	assert_int_equal(loaded[0].searches, 1);
	go_on(thread);
	assert_int_equal(pthread_join(other, NULL), 0);
}

/* The names of libraries live as long as the process; here many processes' worth of them do. */
static int forget_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < LIMIT_TLS_LIBRARIES; i++) {
		const char *names[] = { libraries[i].info.version, libraries[i].info.object };
		for (size_t n = 0; n < 2; n++)
			free((char *)names[n]);
		libraries[i].info.version = libraries[i].info.object = NULL;
	}
	return 0;
}

static int begin_anew(void **state)
{
	forget_names(state);
	memset(loaded, 0, sizeof(loaded));
	memset(libraries, 0, sizeof(libraries));
	memset(searched, 0, sizeof(searched));
	for (size_t i = 0; i < LIMIT_TLS_LIBRARIES; i++)
		libraries_clear(i);
	searched_count = 0;
	told = lost = 0;
	atomic_store(&loaded_count, 0);
	atomic_store(&scanned_at, 0);
	atomic_store(&searched_at, 0);
	libraries_recount();
	return 0;
}

int main(void)
{
	static enum held_place at[] = { AT_LOADER, IN_SEARCH, BEFORE_TAP, AFTER_TAP, IN_FOUND };
#define ANEW(test) cmocka_unit_test_setup(test, begin_anew)
#define ANEW_AT(test, i)                                     \
	{                                                    \
#test " " #i, test, begin_anew, NULL, &at[i] \
	}
	const struct CMUnitTest tests[] = {
		ANEW(who_took_the_lock_lets_go_of_it),
		ANEW_AT(a_child_finishes_what_a_thread_of_its_parent_began, 0),
		ANEW_AT(a_child_finishes_what_a_thread_of_its_parent_began, 2),
		ANEW_AT(a_child_finishes_what_a_thread_of_its_parent_began, 3),
		ANEW_AT(a_child_finishes_what_a_thread_of_its_parent_began, 4),
		ANEW_AT(the_same_with_a_hidden_one, 0),
		ANEW_AT(the_same_with_a_hidden_one, 1),
		ANEW_AT(the_same_with_a_hidden_one, 2),
		ANEW_AT(the_same_with_a_hidden_one, 3),
		ANEW_AT(the_same_with_a_hidden_one, 4),
		ANEW(what_was_loaded_meanwhile_is_looked_at_by_who_had_the_lock),
		ANEW(a_search_that_was_given_up_is_taken_over),
		ANEW(a_connection_waits_for_the_search_of_another_thread),
	};
	return cmocka_run_group_tests(tests, NULL, forget_names);
}
