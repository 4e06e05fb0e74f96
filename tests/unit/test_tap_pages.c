/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shim/tap/loader.c"
#include "shim/tap/objects.c"
#include "shim/tap/sections.c"
#include "shim/tap/pages.c"

static const int constant = 1; /* some linkers put it beside code */
static void *variable;

static int protection_of(const void *address)
{
	struct mapping m;

	return find_mapping((uintptr_t)address, &m) ? m.protection : -1;
}

static void protections_are_read(void **state)
{
	void *read_only = mmap(NULL, 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_int_equal(protection_of(&variable), PROT_READ | PROT_WRITE);
	assert_int_equal(protection_of(read_only), PROT_READ);
	assert_int_equal(protection_of((void *)protections_are_read), PROT_READ | PROT_EXEC);
	assert_int_equal(protection_of((void *)16), -1);
}

static void words_change_and_protection_does_not(void **state)
{
	static const int protections[] = { PROT_READ, PROT_READ | PROT_WRITE };
	size_t n = 3 * (size_t)sysconf(_SC_PAGESIZE);

	(void)state;
	for (size_t i = 0; i < sizeof(protections) / sizeof(protections[0]); i++) {
		void **words =
		    mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		void **last = words + n / sizeof(void *) - 1;
		const struct patch patches[] = { { last, &variable }, { words + 1, words } };
		mprotect(words, n, protections[i]);
		assert_null(pages_patch(patches, 2));
		assert_ptr_equal(words[1], words);
		assert_ptr_equal(*last, &variable);
		assert_null(words[0]);
		assert_int_equal(protection_of(words), protections[i]);
		assert_int_equal(protection_of(last), protections[i]);
		munmap(words, n);
	}
}

static void code_is_never_written(void **state)
{
	void **words = (void **)((uintptr_t)code_is_never_written & ~7UL);
	const struct patch patch = { words, NULL };
	void *before = *words;

	(void)state;
	assert_non_null(pages_patch(&patch, 1));
	assert_ptr_equal(*words, before);
	assert_int_equal(protection_of(words), PROT_READ | PROT_EXEC);
}

static void executable_memory_of_no_file_is_never_written(void **state)
{
	void **words = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct patch patch = { words, words };

	(void)state;
	assert_non_null(pages_patch(&patch, 1));
	assert_null(*words);
	munmap(words, 4096);
}

static void nothing_happens_across_mappings(void **state)
{
	char *words = mmap(NULL, 3 * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct patch patches[] = { { (void **)words, words },
					 { (void **)(words + 2 * 4096), words } };

	(void)state;
	munmap(words + 4096, 4096);
	assert_non_null(pages_patch(patches, 2));
	assert_null(*(void **)words);
	assert_non_null(pages_patch(patches, 0));
}

static void sections_tell_constants_from_code(void **state)
{
	struct object o;
	uintptr_t page = (uintptr_t)&constant & ~4095UL;
	uintptr_t code = (uintptr_t)find_mapping & ~4095UL;

	(void)state;
	assert_true(objects_at(&constant, &o));
	assert_false(sections_are_data(&o, (struct span){ code, code + 4096 }));
	assert_false(sections_are_data(&o, (struct span){ 0, UINTPTR_MAX }));
	o.name = "/nonexistent";
	assert_false(sections_are_data(&o, (struct span){ page, page + 4096 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(protections_are_read),
		cmocka_unit_test(words_change_and_protection_does_not),
		cmocka_unit_test(code_is_never_written),
		cmocka_unit_test(executable_memory_of_no_file_is_never_written),
		cmocka_unit_test(nothing_happens_across_mappings),
		cmocka_unit_test(sections_tell_constants_from_code),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
