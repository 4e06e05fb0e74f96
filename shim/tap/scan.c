/* SPDX-License-Identifier: MIT */
#include "tap/scan.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/early.h"
#include "tap/caller.h"
#include "tap/method_table.h"
#include "tap/passage.h"
#include "tap/tap.h"

struct copy {
	struct span span;     /* {0, 0}: this place is free */
	struct tls_copy told; /* strings are ours and stay: a record may hold them */
	char version[32];
	bool seen; /* in the scan that is going on */
};

struct candidates {
	struct object at[LIMIT_COPIES];
	size_t count;
};

/*
 * Guarded by `lock`, which is only ever tried: a constructor that runs inside
 * dlopen() holds the loader's lock, and a scan needs that one while it holds
 * ours.
 */
static pthread_mutex_t lock EARLY = PTHREAD_MUTEX_INITIALIZER;
static struct copy copies[LIMIT_COPIES];
static bool locked_for_fork;

/* Read without the lock by wrappers; {0, 0} when not tapped by tables. */
static struct {
	_Atomic uintptr_t low;
	_Atomic uintptr_t high;
} tapped[LIMIT_COPIES];
static atomic_uint found_count EARLY;
static atomic_uint found_tapped; /* in whatever way */
static bool late;

static bool collect(const struct object *o, void *arg)
{
	struct candidates *c = arg;

	if (object_symbol(o, "SSL_write") && object_symbol(o, "SSL_CTX_new"))
		c->at[c->count++] = *o;
	return c->count == LIMIT_COPIES;
}

/* NAME in O itself or, when that is a library, in what it depends on. */
static void *find_near(const struct object *o, void *handle, const char *name)
{
	void *own = object_symbol(o, name);

	if (own || !handle)
		return own;
	own = dlsym(handle, name);
	if (!own)
		dlerror(); /* leaves the host no message of ours */
	return own;
}

/* 0xMNNFFPPS; before 3.0 FF is the third number and PP a letter. */
static void spell_version(unsigned long v, char *out, size_t size)
{
	unsigned patch = (unsigned)(v >> 4 & 0xff);

	if (v >> 28 >= 3)
		snprintf(out, size, "%lu.%lu.%u", v >> 28, v >> 20 & 0xff, patch);
	else
		snprintf(out, size, "%lu.%lu.%lu%c", v >> 28, v >> 20 & 0xff, v >> 12 & 0xff,
			 patch > 0 && patch <= 26 ? (char)('a' + patch - 1) : '\0');
}

static const char *library_of(const struct object *o, void *handle, unsigned long version)
{
	if (find_near(o, handle, "awslc_api_version_num"))
		return "AWS-LC";
	if (find_near(o, handle, "BORINGSSL_self_test"))
		return "BoringSSL";
	if (version >> 28 == 2)
		return "LibreSSL";
	return version ? "OpenSSL" : "unknown";
}

static const char *path_of(const struct object *o)
{
	char path[LIMIT_PATH];
	ssize_t n;

	if (o->name[0])
		return strdup(o->name);
	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	return strdup(path);
}

/*
 * Programs call their own functions directly, and come before us in every
 * search. Loaded late we are in nobody's search.
 */
static bool may_be_interposed(const struct object *o)
{
	return o->name[0] != '\0' && !late;
}

static const char *no_table(const struct object *o)
{
	return o->name[0] && late ? "only its exported functions could be tapped, and for that the "
				    "shim must be there from the start: orshim run"
				  : "only OpenSSL's method tables are known";
}

static struct method_recipe recipe_of(const struct object *o, void *handle)
{
	unsigned long (*number)(void) =
	    (unsigned long (*)(void))find_near(o, handle, "OpenSSL_version_num");

	return (struct method_recipe){
		.object = o,
		.servername =
		    (const char *(*)(const void *, int))object_symbol(o, "SSL_get_servername"),
		.version = number ? number() : 0,
	};
}

/* Keeps O loaded until dlclose(); NULL for the executable. */
static void *hold(const struct object *o)
{
	void *handle = o->name[0] ? dlopen(o->name, RTLD_LAZY | RTLD_NOLOAD) : NULL;

	if (o->name[0] && !handle)
		dlerror(); /* leaves the host no message of ours */
	return handle;
}

static void take_in(const struct object *o, size_t i)
{
	struct copy *c = &copies[i];
	void *handle = hold(o);
	struct method_recipe recipe = recipe_of(o, handle);
	const char *library = library_of(o, handle, recipe.version);

	*c = (struct copy){ .span = object_span(o), .seen = true };
	spell_version(recipe.version, c->version, sizeof(c->version));
	const char *version = strdup(recipe.version ? c->version : "");
	const char *object = path_of(o);
	const char *reason =
	    strcmp(library, "OpenSSL") != 0 ? no_table(o) : method_table_tap(&recipe, i);
	if (!reason) {
		atomic_store(&tapped[i].high, c->span.high);
		atomic_store(&tapped[i].low, c->span.low);
	}
	c->told = (struct tls_copy){ .object = object ? object : "",
				     .library = library,
				     .version = version ? version : "",
				     .tap = !reason                ? TAP_METHOD_TABLE
					    : may_be_interposed(o) ? TAP_INTERPOSED
								   : TAP_NONE,
				     .reason = reason };
	atomic_fetch_add(&found_count, 1);
	atomic_fetch_add(&found_tapped, c->told.tap != TAP_NONE);
	if (handle)
		dlclose(handle);
	tap_found(&c->told);
}

static void let_go(size_t i)
{
	atomic_store(&tapped[i].low, 0);
	atomic_store(&tapped[i].high, 0);
	atomic_fetch_sub(&found_count, 1);
	atomic_fetch_sub(&found_tapped, copies[i].told.tap != TAP_NONE);
	tap_lost(&copies[i].told);
	copies[i] = (struct copy){ 0 };
}

/* The copy that O is; unloaded and loaded again at the same place, it has lost our stubs. */
static bool is_known(const struct object *o)
{
	uintptr_t low = object_span(o).low;

	for (size_t i = 0; i < LIMIT_COPIES; i++)
		if (copies[i].span.high && copies[i].span.low == low) {
			copies[i].seen =
			    copies[i].told.tap != TAP_METHOD_TABLE || method_table_is_tapped(o);
			return copies[i].seen;
		}
	return false;
}

static void take_in_all(const struct candidates *found)
{
	bool known[LIMIT_COPIES] = { false };

	if (!found->count && !atomic_load(&found_count))
		return;
	for (size_t i = 0; i < LIMIT_COPIES; i++)
		copies[i].seen = false;
	for (size_t i = 0; i < found->count; i++)
		known[i] = is_known(&found->at[i]);
	for (size_t i = 0; i < LIMIT_COPIES; i++)
		if (copies[i].span.high && !copies[i].seen)
			let_go(i);
	for (size_t i = 0; i < found->count; i++)
		for (size_t place = 0; !known[i] && place < LIMIT_COPIES; place++)
			if (!copies[place].span.high) {
				take_in(&found->at[i], place);
				known[i] = true;
			}
}

static bool jumps(const struct object *o, void *arg)
{
	(void)arg;
	if (!object_wanted_version(o, "siglongjmp") && !object_wanted_version(o, "longjmp") &&
	    !object_wanted_version(o, "__longjmp_chk"))
		return false;
	passage_expect_jumps();
	return true;
}

void scan_for_jumps(void)
{
	objects_each(jumps, NULL);
}

void scan_objects(void)
{
	struct candidates found;

	while (objects_changed()) {
		if (pthread_mutex_trylock(&lock) != 0)
			return;
		found.count = 0;
		objects_each(collect, &found);
		take_in_all(&found);
		if (atomic_load(&found_count))
			scan_for_jumps();
		caller_forget_all();
		pthread_mutex_unlock(&lock);
	}
}

/* VISIT each copy that is tapped by its tables and still there, with its place. */
static void each_by_table(void (*visit)(const struct object *o, size_t i, void *handle))
{
	struct candidates found = { .count = 0 };

	objects_each(collect, &found);
	for (size_t k = 0; k < found.count; k++)
		for (size_t i = 0; i < LIMIT_COPIES; i++)
			if (copies[i].span.high && copies[i].told.tap == TAP_METHOD_TABLE &&
			    copies[i].span.low == object_span(&found.at[k]).low) {
				void *handle = hold(&found.at[k]);
				visit(&found.at[k], i, handle);
				if (handle)
					dlclose(handle);
			}
}

static void rest_one(const struct object *o, size_t i, void *handle)
{
	(void)handle;
	if (method_table_is_tapped(o))
		method_table_untap(i);
}

/* What does not succeed is found to be unknown by the scan that follows. */
static void wake_one(const struct object *o, size_t i, void *handle)
{
	struct method_recipe recipe = recipe_of(o, handle);

	if (!method_table_is_tapped(o))
		method_table_tap(&recipe, i);
}

void scan_rest(void)
{
	pthread_mutex_lock(&lock);
	each_by_table(rest_one);
	pthread_mutex_unlock(&lock);
}

void scan_wake(void)
{
	pthread_mutex_lock(&lock);
	each_by_table(wake_one);
	pthread_mutex_unlock(&lock);
	scan_objects();
}

void scan_come_late(void)
{
	late = true;
}

bool scan_is_tapped(const void *function)
{
	uintptr_t at = (uintptr_t)function;

	for (size_t i = 0; i < LIMIT_COPIES; i++) {
		uintptr_t low = atomic_load(&tapped[i].low);
		if (low && at >= low && at < atomic_load(&tapped[i].high))
			return true;
	}
	return false;
}

bool scan_is_blind(void)
{
	return atomic_load(&found_count) > 0 && atomic_load(&found_tapped) == 0;
}

bool scan_is_tapped_anywhere(void)
{
	return atomic_load(&found_tapped) > 0;
}

void scan_before_fork(void)
{
	locked_for_fork = pthread_mutex_trylock(&lock) == 0;
}

void scan_after_fork_in_parent(void)
{
	if (locked_for_fork)
		pthread_mutex_unlock(&lock);
}

/* Another thread was scanning: it is not here any more. */
void scan_after_fork_in_child(void)
{
	static const pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;

	lock = fresh;
}
