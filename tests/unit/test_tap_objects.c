/* SPDX-License-Identifier: MIT */
/* Every answer is compared with the loader's own. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "shim/tap/loader.c"
#include "shim/tap/objects.c"

/* Not static and not hidden would be exported: this one is not. */
static int here;

static bool is_named(const struct object *o, void *arg)
{
	struct object *found = arg;

	if (!strstr(o->name, found->name))
		return false;
	*found = *o;
	return true;
}

static struct object object_named(const char *part)
{
	struct object o = { .name = part };

	objects_each(is_named, &o);
	assert_ptr_not_equal(o.name, part);
	return o;
}

static void symbols_are_those_of_the_loader(void **state)
{
	static const char *const names[] = { "cmocka_unit_test_none",
					     "_cmocka_run_group_tests",
					     "_assert_true",
					     "mock_assert",
					     "_fail",
					     "SSL_write" };
	struct object o = object_named("libcmocka");
	void *handle = dlopen(o.name, RTLD_LAZY | RTLD_NOLOAD);

	(void)state;
	assert_non_null(handle);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_ptr_equal(object_symbol(&o, names[i]), dlsym(handle, names[i]));
	assert_non_null(object_symbol(&o, "_assert_true"));
	dlclose(handle);
}

#if defined(__aarch64__)
#define VDSO_CLOCK "__kernel_clock_gettime"
#else
#define VDSO_CLOCK "__vdso_clock_gettime"
#endif

/* The kernel's object has the old hash table too, or alone, and is not relocated. */
static void the_kernel_s_object_is_read_as_well(void **state)
{
	struct object o = object_named("vdso");
	struct symbols s;
	struct span span;
	uint32_t flags;

	(void)state;
	void *clock = object_symbol(&o, VDSO_CLOCK);
	assert_true(object_segment(&o, (uintptr_t)clock, &span, &flags));
	assert_true(read_symbols(&o, &s));
	if (s.sysv_hash)
		assert_ptr_equal(look_up_sysv(&o, &s, VDSO_CLOCK), clock);
	if (s.gnu_hash)
		assert_ptr_equal(look_up_gnu(&o, &s, VDSO_CLOCK), clock);
}

static void functions_chosen_at_run_time_are_not_given(void **state)
{
	struct object libc = object_named("libc.so");

	(void)state;
	assert_null(object_symbol(&libc, "memcpy"));
	assert_ptr_equal(object_symbol(&libc, "getenv"), dlsym(RTLD_DEFAULT, "getenv"));
	assert_null(object_symbol(&libc, ""));
	assert_null(object_symbol(&libc, "no such name"));
}

static void an_importer_says_which_version_it_wants(void **state)
{
	struct object o = object_named("libcmocka");
	const char *version = object_wanted_version(&o, "free");

	(void)state;
	assert_non_null(version);
	assert_memory_equal(version, "GLIBC_2.", 8);
	assert_null(object_wanted_version(&o, "_fail"));
	assert_null(object_wanted_version(&o, "no such name"));
}

static void an_executable_without_exports_says_it_too(void **state)
{
	struct object self;

	(void)state;
	assert_true(objects_at(&here, &self));
	assert_non_null(object_wanted_version(&self, "__libc_start_main"));
}

static void addresses_belong_to_their_object(void **state)
{
	struct object o;
	struct span span = { 0 };
	uint32_t flags = 0;

	(void)state;
	assert_true(objects_at(&here, &o));
	assert_string_equal(o.name, "");
	assert_true(object_segment(&o, (uintptr_t)&here, &span, &flags));
	assert_true(flags & PF_W);
	assert_true(object_segment(&o, (uintptr_t)addresses_belong_to_their_object, &span, &flags));
	assert_true(flags & PF_X);
	assert_true(object_span(&o).low <= span.low && span.high <= object_span(&o).high);
	assert_false(objects_at((void *)16, &o));
	assert_true(objects_is_ours(&here));
	assert_false(objects_is_ours(dlsym(RTLD_DEFAULT, "getenv")));
}

static void a_new_library_is_noticed_once(void **state)
{
	(void)state;
	unsigned long long before = objects_changes();
	assert_int_equal(objects_changes(), before);
	void *handle = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		skip();
	assert_true(objects_changes() > before);
	struct object o = object_named("libssl");
	assert_ptr_equal(object_symbol(&o, "TLS_method"), dlsym(handle, "TLS_method"));
	assert_null(object_symbol(&o, "OpenSSL_version_num"));
	dlclose(handle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(symbols_are_those_of_the_loader),
		cmocka_unit_test(the_kernel_s_object_is_read_as_well),
		cmocka_unit_test(functions_chosen_at_run_time_are_not_given),
		cmocka_unit_test(an_importer_says_which_version_it_wants),
		cmocka_unit_test(an_executable_without_exports_says_it_too),
		cmocka_unit_test(addresses_belong_to_their_object),
		cmocka_unit_test(a_new_library_is_noticed_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
