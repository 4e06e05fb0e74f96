/* SPDX-License-Identifier: MIT */
/*
 * TLS libraries that export nothing, in real files: the system's libssl and
 * an add-on of Node, as they lie on the disk and as they lie in a process;
 * and what is remembered of them, damaged in every way.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/tap/loader.c"
#include "shim/tap/objects.c"
#include "shim/tap/image_of_process.c"
#include "shim/tap/find_cache.c"
#include "shim/tap/embedded_tls.c"
#include "tools/program/elf.h"

static char folder[64]; /* where the cache is */

static char *settings(const char *name)
{
	return strcmp(name, "XDG_CACHE_HOME") == 0 ? folder : NULL;
}

static char *no_settings(const char *name)
{
	(void)name;
	return NULL;
}

static bool take_named(const struct object *o, void *arg)
{
	struct object *wanted = arg;

	if (!strstr(o->name, wanted->name))
		return false;
	*wanted = *o;
	return true;
}

/* The loaded object whose file name holds NAME. */
static struct object loaded(const char *name)
{
	struct object o = { .name = name };

	objects_each(take_named, &o);
	assert_non_null(o.phdr);
	return o;
}

/* libssl as it is in this process; skips the test if there is none. */
static struct object libssl(void)
{
	if (!dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL))
		skip();
	return loaded("libssl.so.3");
}

static void look_into_file(const char *path, struct find *found)
{
	const char *why;
	struct image m;
	struct elf e;

	assert_true(elf_open(&e, path, &why));
	elf_image(&e, &m);
	find_tls(&m, found);
	elf_close(&e);
}

static void openssl_is_found_in_its_file(void **state)
{
	struct object o = libssl();
	struct find found;

	(void)state;
	look_into_file(o.name, &found);
	assert_int_equal(found.library, FIND_OPENSSL);
	assert_null(found.reason);
}

/* Tables of one version and both roles: OpenSSL's own functions lead to all of them. */
static bool leads_to(const struct object *o, const char *const names[], uint64_t table)
{
	for (size_t i = 0; names[i]; i++) {
		const void *(*method)(void) = (const void *(*)(void))object_symbol(o, names[i]);

		if (method && (uint64_t)(uintptr_t)method() == table)
			return true;
	}
	return false;
}

static void openssl_is_found_in_a_process(void **state)
{
	static const char *const clients[] = { "TLS_client_method", "TLSv1_client_method",
					       "TLSv1_1_client_method", "TLSv1_2_client_method",
					       NULL };
	static const char *const servers[] = { "TLS_server_method", "TLSv1_server_method",
					       "TLSv1_1_server_method", "TLSv1_2_server_method",
					       NULL };
	struct object o = libssl();
	struct find found;

	(void)state;
	assert_true(embedded_tls_is_possible(&o));
	embedded_tls_find(&o, no_settings, &found);
	assert_int_equal(found.library, FIND_OPENSSL);
	assert_true(leads_to(&o, clients, found.at[0]));
	assert_true(leads_to(&o, servers, found.at[1]));
}

/* The same bytes with the versions in its tables changed: nothing is believed. */
static void altered_tables_are_not_found(void **state)
{
	struct object o = libssl();
	struct image m;
	struct find found;
	unsigned char *copy;

	(void)state;
	image_of_object(&o, &m);
	find_tls(&m, &found);
	for (size_t i = 0; i < m.count; i++) {
		struct image_segment *s = &m.segments[i];

		if (s->as_file)
			continue;
		copy = malloc(s->size);
		assert_non_null(copy);
		memcpy(copy, s->bytes, s->size);
		for (size_t at = 0; at + 8 <= s->size; at += 8)
			if (read_u32(copy + at) >= 0x301 && read_u32(copy + at) <= 0x10000)
				copy[at + 1] ^= 0x40, copy[at + 2] = 0;
		s->bytes = copy;
	}
	assert_false(find_holds(&m, &found));
	find_tls(&m, &found);
	assert_int_equal(found.library, FIND_NOTHING);
	for (size_t i = 0; i < m.count; i++)
		if (!m.segments[i].as_file)
			free((void *)(uintptr_t)m.segments[i].bytes);
}

static void libraries_without_tls_have_none(void **state)
{
	struct object o = loaded("libc.so");
	struct find found;

	(void)state;
	assert_false(embedded_tls_is_possible(&o));
	look_into_file(o.name, &found);
	assert_int_equal(found.library, FIND_NOTHING);
	libssl();
	o = loaded("libcrypto.so");
	assert_false(embedded_tls_is_possible(&o));
	look_into_file(o.name, &found);
	assert_int_equal(found.library, FIND_NOTHING);
}

static void boringssl_is_found_in_an_add_on(void **state)
{
	const char *home = getenv("HOME");
	const char *cache = getenv("XDG_CACHE_HOME");
	struct find found;
	char path[1024];

	(void)state;
	snprintf(path, sizeof(path),
		 "%s%s/orshim/binding-linux-x64-gnu-3.1.0/wreq-js.linux-x64-gnu.node",
		 cache  ? cache
		 : home ? home
			: "",
		 cache ? "" : "/.cache");
	if (access(path, R_OK) < 0)
		skip(); /* scripts/fetch-clients.sh small */
	look_into_file(path, &found);
	assert_int_equal(found.library, FIND_BORINGSSL);
	assert_null(found.reason);
	assert_int_equal(found.at[0],
			 0x78d6a0); /* its kTLSProtocolMethod: it has debugging symbols */
}

static void write_entry(const struct find_cache *c, const char *text, mode_t mode)
{
	FILE *f = fopen(c->path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(c->path, mode), 0);
}

static void assert_remembered(const struct find_cache *c, const struct object *o,
			      const struct find *found)
{
	char reason[FIND_REASON_SIZE];
	struct find kept;
	struct stat st;

	assert_int_equal(stat(c->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(find_cache_read(c, &kept, reason));
	assert_int_equal(kept.library, found->library);
	assert_int_equal(kept.at[0] + o->bias, found->at[0]);
	assert_int_equal(kept.at[1] + o->bias, found->at[1]);
}

static void damaged_entries_are_not_believed(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
	} entries[] = {
		{ "", 0600 },
		{ "\377\376garbage", 0600 },
		{ "orshim-find 2 2 0 0 \n", 0600 }, /* of an older shim */
		{ "orshim-find 4 2 0 0 \n", 0600 }, /* of a later one */
		{ "orshim-find 3 7 0 0 \n", 0600 }, /* no such library */
		{ "orshim-find 3 -1 0 0 \n", 0600 },
		{ "orshim-find 3 2 1000 2000 ", 0600 },   /* torn */
		{ "orshim-find 3 2 1000 2000 \n", 0600 }, /* no tables there */
		{ "orshim-find 3 1 1000 2000 \n", 0600 },
		{ "orshim-find 3 2 ffffffffffffffff ffffffffffffffff \n", 0600 },
		{ "orshim-find 3 2 7 fffffffffffffff8 \n", 0600 },
		{ "orshim-find 3 1 1000 0 \033[31mred\n", 0600 },
		{ "orshim-find 3 0 0 0 \n", 0644 }, /* not private */
		{ "orshim-find 3 0 0 0 \n", 0660 },
	};
	struct object o = libssl();
	struct find_cache c;
	struct find first, again;

	(void)state;
	assert_true(find_cache_open(&c, &o, settings));
	embedded_tls_find(&o, settings, &first);
	assert_int_equal(first.library, FIND_OPENSSL);
	assert_remembered(&c, &o, &first);
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		write_entry(&c, entries[i].text, entries[i].mode);
		embedded_tls_find(&o, settings, &again);
		assert_int_equal(again.library, FIND_OPENSSL);
		assert_int_equal(again.at[0], first.at[0]);
		assert_int_equal(again.at[1], first.at[1]);
		assert_remembered(&c, &o, &first);
	}
}

static void a_link_and_a_folder_are_not_believed(void **state)
{
	struct object o = libssl();
	struct find_cache c;
	struct find found;
	char other[sizeof(c.path) + 8];

	(void)state;
	assert_true(find_cache_open(&c, &o, settings));
	snprintf(other, sizeof(other), "%s.other", c.path);
	write_entry(&c, "orshim-find 3 0 0 0 \n", 0600);
	assert_int_equal(rename(c.path, other), 0);
	assert_int_equal(symlink(other, c.path), 0);
	embedded_tls_find(&o, settings, &found);
	assert_int_equal(found.library, FIND_OPENSSL);
	assert_remembered(&c, &o, &found);
	assert_int_equal(unlink(c.path) | unlink(other), 0);
	assert_int_equal(mkdir(c.path, 0700), 0);
	embedded_tls_find(&o, settings, &found);
	assert_int_equal(found.library, FIND_OPENSSL);
	assert_int_equal(rmdir(c.path), 0);
}

/* What was remembered saves the search: nothing else could give these answers. */
static void remembered_answers_are_used(void **state)
{
	struct object o = libssl();
	struct find_cache c;
	struct find found;

	(void)state;
	assert_true(find_cache_open(&c, &o, settings));
	write_entry(&c, "orshim-find 3 0 0 0 \n", 0600);
	embedded_tls_find(&o, settings, &found);
	assert_int_equal(found.library, FIND_NOTHING);
	write_entry(&c, "orshim-find 3 1 1000 0 it is too old\n", 0600);
	embedded_tls_find(&o, settings, &found);
	assert_int_equal(found.library, FIND_BORINGSSL);
	assert_string_equal(found.reason, "it is too old");
	free((void *)(uintptr_t)found.reason);
	assert_int_equal(unlink(c.path), 0);
}

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/orshim-embedded.XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openssl_is_found_in_its_file),
		cmocka_unit_test(openssl_is_found_in_a_process),
		cmocka_unit_test(altered_tables_are_not_found),
		cmocka_unit_test(libraries_without_tls_have_none),
		cmocka_unit_test(boringssl_is_found_in_an_add_on),
		cmocka_unit_test(damaged_entries_are_not_believed),
		cmocka_unit_test(a_link_and_a_folder_are_not_believed),
		cmocka_unit_test(remembered_answers_are_used),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
