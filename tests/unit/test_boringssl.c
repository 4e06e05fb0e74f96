/* SPDX-License-Identifier: MIT */
/*
 * The finder on programs that are written here, byte by byte: what a compiler
 * leaves behind of BoringSSL, for x86-64 and arm64, and what must make the
 * finder refuse. Real programs: tests/e2e/bun.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "tap/find/boringssl_find.h"

enum {
	TEXT = 0x1000000, /* addresses */
	DATA = 0x200000,
	TEXT_SIZE = 0x401000,
	DATA_SIZE = 0x4000,
	PACKET_FILE = 0x235,
	LIBRARY_FILE = 0x278,
	TABLE = 0x1000,
	OPEN = 0x300100, /* functions: offsets into TEXT */
	WRITE = 0x300300,
	OTHER = 0x300c00,
	SSL_WRITE = 0x301000,
	CALLER = 0x302000,
};

enum flaw {
	NO_FLAW,
	RELATIVE,    /* position-independent code: lea */
	SHORT_ERROR, /* the linker dropped the unused argument */
	NO_BORINGSSL,
	NO_BAD_LENGTH, /* before 2023 */
	TWO_BAD_LENGTH,
	NO_UNINITIALIZED,
	OTHER_LIBRARY, /* the same reason, raised for another library */
	NO_CALLER,
	NO_TABLE_CALL,
	TWO_TABLES,
	SHORT_TABLE,
	SWAPPED_OPEN, /* slot +0x40 raises no error of s3_pkt.cc */
	CHECKED_CALL, /* clang CFI in SSL_write */
	CHECKED_SLOT, /* clang CFI jump table */
};

struct program {
	unsigned char *text;
	unsigned char *data;
	struct image image;
	struct image_file file;
	enum flaw flaw;
};

static size_t put(unsigned char *p, const void *bytes, size_t n)
{
	memcpy(p, bytes, n);
	return n;
}

static size_t put32(unsigned char *p, uint32_t v)
{
	return put(p, &v, 4);
}

static size_t mov_x86(unsigned char *p, int reg, uint32_t v)
{
	p[0] = (unsigned char)(0xb8 | reg);
	return 1 + put32(p + 1, v);
}

/* ERR_put_error(library, 0, reason, file, line) at offset AT. */
static void raise_x86(struct program *g, size_t at, uint32_t file, uint32_t library,
		      uint32_t reason)
{
	const bool dropped = g->flaw == SHORT_ERROR;
	const int reg = dropped ? 2 : 1;
	unsigned char *p = g->text + at;

	if (g->flaw == RELATIVE) {
		p += put(p, (unsigned char[]){ 0x48, 0x8d, (unsigned char)(5 | reg << 3) }, 3);
		p += put32(p, DATA + file - (TEXT + (uint32_t)at + 7));
	} else {
		p += mov_x86(p, reg, DATA + file);
	}
	p += mov_x86(p, 7, library);
	if (!dropped)
		p += put(p, "\x31\xf6", 2);
	p += mov_x86(p, dropped ? 6 : 2, reason);
	put(p, "\xe8\x00\x00\x10\x00", 5); /* far off */
}

static void raise_arm64(struct program *g, size_t at, uint32_t file, uint32_t library,
			uint32_t reason)
{
	const uint32_t target = DATA + file;
	const int32_t pages = (int32_t)(target >> 12) - (int32_t)((TEXT + at) >> 12);
	unsigned char *p = g->text + at;

	p += put32(p, 0x90000003 | ((uint32_t)pages & 3) << 29 |
			  ((uint32_t)pages >> 2 & 0x7ffff) << 5);
	p += put32(p, 0x91000063 | (target & 0xfff) << 10);
	p += put32(p, 0x52800000 | library << 5);
	p += put32(p, 0x2a1f03e1);
	p += put32(p, 0x52800002 | reason << 5);
	put32(p, 0x94004000); /* far off */
}

static void raise(struct program *g, size_t at, uint32_t file, uint32_t library, uint32_t reason)
{
	if (g->image.machine == EM_X86_64)
		raise_x86(g, at, file, library, reason);
	else
		raise_arm64(g, at, file, library, reason);
}

static void call(struct program *g, size_t from, size_t to)
{
	const uint32_t distance = (uint32_t)to - (uint32_t)from;

	if (g->image.machine == EM_X86_64) {
		g->text[from] = 0xe8;
		put32(g->text + from + 1, distance - 5);
	} else {
		put32(g->text + from, 0x94000000 | (distance / 4 & 0x3ffffff));
	}
}

static void put_table(struct program *g, size_t at, int pointers)
{
	for (int i = 0; i <= pointers; i++) {
		uint64_t to = TEXT + OTHER + 16 * (uint64_t)i;

		if (i == 8)
			to = TEXT + (g->flaw == SWAPPED_OPEN ? OTHER : OPEN);
		if (i == 9)
			to = TEXT + WRITE;
		put(g->data + at + 8 * i, &(uint64_t){ i ? to : 0 }, 8);
	}
}

static void put_ssl_write(struct program *g)
{
	const bool x86 = g->image.machine == EM_X86_64;
	unsigned char *body = g->text + SSL_WRITE + 0x20;

	if (g->flaw != NO_TABLE_CALL && x86)
		put(body, "\xff\x50\x48", 3);
	else if (g->flaw != NO_TABLE_CALL)
		put(body, &(uint64_t){ 0xd63f0100f9402508 }, 8); /* ldr x8, [x8, #0x48]; blr x8 */
	if (g->flaw == CHECKED_CALL)
		put(body + 16, x86 ? "\x67\x0f\xb9\x40\x02" : "\x40\xa0\x2a\xd4", x86 ? 5 : 4);
	if (g->flaw != NO_UNINITIALIZED)
		raise(g, SSL_WRITE + 0x60, LIBRARY_FILE, 16, 226);
	if (g->flaw != NO_BAD_LENGTH)
		raise(g, SSL_WRITE + 0xa0, LIBRARY_FILE, g->flaw == OTHER_LIBRARY ? 15 : 16, 111);
	if (g->flaw == TWO_BAD_LENGTH)
		raise(g, OTHER, LIBRARY_FILE, 16, 111);
	if (g->flaw != NO_CALLER)
		call(g, CALLER, SSL_WRITE);
	call(g, CALLER + 8, SSL_WRITE + 0x200);
}

static void build(struct program *g, uint16_t machine, enum flaw flaw)
{
	*g = (struct program){ .flaw = flaw };
	g->text = malloc(TEXT_SIZE);
	g->data = calloc(1, DATA_SIZE);
	assert_non_null(g->text);
	assert_non_null(g->data);
	memset(g->text, 0xcc, TEXT_SIZE);
	g->image.machine = machine;
	g->image.fixed = flaw != RELATIVE;
	g->image.count = 2;
	g->image.segments[0] = (struct image_segment){
		.address = DATA, .bytes = g->data, .size = DATA_SIZE, .flags = PF_R
	};
	g->image.segments[1] = (struct image_segment){
		.address = TEXT, .bytes = g->text, .size = TEXT_SIZE, .flags = PF_R | PF_X
	};
	if (flaw != NO_BORINGSSL)
		strcpy((char *)g->data + PACKET_FILE, "../vendor/boringssl/ssl/s3_pkt.cc");
	strcpy((char *)g->data + LIBRARY_FILE, "../vendor/boringssl/ssl/ssl_lib.cc");
	raise(g, OPEN + 0x80, PACKET_FILE, 16, 150);
	raise(g, WRITE + 0x24, PACKET_FILE, 16, 100);
	if (flaw == CHECKED_SLOT && machine == EM_X86_64)
		put(g->text + WRITE, "\xe9\x10\x00\x00\x00\xcc\xcc\xcc", 8);
	else if (flaw == CHECKED_SLOT)
		put32(g->text + WRITE, 0x14000004);
	put_ssl_write(g);
	put_table(g, TABLE, flaw == SHORT_TABLE ? 17 : 20);
	if (flaw == TWO_TABLES)
		put_table(g, TABLE + 0x800, 20);
}

/* The same bytes as a file, which is then read piece by piece. */
static void put_into_file(struct program *g)
{
	struct image_segment *s = g->image.segments;

	g->file.fd = memfd_create("program", MFD_CLOEXEC);
	g->file.piece = malloc(LIMIT_PIECE);
	assert_non_null(g->file.piece);
	for (size_t i = 0; i < g->image.count; i++) {
		s[i].as_file = true;
		s[i].offset = i ? s[i - 1].offset + s[i - 1].size : 0;
		assert_int_equal(pwrite(g->file.fd, s[i].bytes, s[i].size, (off_t)s[i].offset),
				 s[i].size);
	}
	g->image.file = &g->file;
}

static void release(struct program *g)
{
	if (g->image.file) {
		close(g->file.fd);
		free(g->file.piece);
	}
	free(g->text);
	free(g->data);
}

static const struct {
	enum flaw flaw;
	enum boringssl_verdict verdict;
	const char *reason; /* part of it */
	bool x86_only;
} cases[] = {
	{ NO_FLAW, BORINGSSL_FOUND, NULL, false },
	{ RELATIVE, BORINGSSL_FOUND, NULL, true },
	{ SHORT_ERROR, BORINGSSL_FOUND, NULL, true },
	{ NO_BORINGSSL, BORINGSSL_ABSENT, NULL, false },
	{ NO_BAD_LENGTH, BORINGSSL_REFUSED, "not recognised", false },
	{ OTHER_LIBRARY, BORINGSSL_REFUSED, "not recognised", false },
	{ TWO_BAD_LENGTH, BORINGSSL_REFUSED, "two functions", false },
	{ NO_UNINITIALIZED, BORINGSSL_REFUSED, "lacks", false },
	{ NO_CALLER, BORINGSSL_REFUSED, "nothing calls", false },
	{ NO_TABLE_CALL, BORINGSSL_REFUSED, "calls no table", false },
	{ TWO_TABLES, BORINGSSL_REFUSED, "two tables", false },
	{ SHORT_TABLE, BORINGSSL_REFUSED, "table was not recognised", false },
	{ SWAPPED_OPEN, BORINGSSL_REFUSED, "table was not recognised", false },
	{ CHECKED_CALL, BORINGSSL_REFUSED, "CFI", false },
	{ CHECKED_SLOT, BORINGSSL_REFUSED, "CFI", false },
};

static void check(uint16_t machine, bool file)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct boringssl found;
		struct program g;

		if (cases[i].x86_only && machine != EM_X86_64)
			continue;
		build(&g, machine, cases[i].flaw);
		if (file)
			put_into_file(&g);
		boringssl_find(&g.image, &found);
		if (found.verdict != cases[i].verdict)
			print_error("flaw %d: %s\n", cases[i].flaw,
				    found.reason ? found.reason : "-");
		assert_int_equal(found.verdict, cases[i].verdict);
		if (cases[i].verdict == BORINGSSL_FOUND) {
			assert_int_equal(found.table, DATA + TABLE);
			assert_int_equal(found.ssl_write, TEXT + SSL_WRITE);
			assert_true(boringssl_is_table(&g.image, found.table));
			assert_false(boringssl_is_table(&g.image, found.table + 8));
		}
		if (cases[i].reason) {
			assert_non_null(found.reason);
			assert_non_null(strstr(found.reason, cases[i].reason));
		}
		release(&g);
	}
}

static void x86_64_table_is_found_only_when_unique_and_confirmed(void **state)
{
	(void)state;
	check(EM_X86_64, false);
	check(EM_X86_64, true);
}

static void arm64_table_is_found_only_when_unique_and_confirmed(void **state)
{
	(void)state;
	check(EM_AARCH64, false);
	check(EM_AARCH64, true);
}

static void other_machines_are_left_alone(void **state)
{
	struct boringssl found;
	struct program g;

	(void)state;
	build(&g, EM_X86_64, NO_FLAW);
	g.image.machine = EM_RISCV;
	boringssl_find(&g.image, &found);
	assert_int_equal(found.verdict, BORINGSSL_ABSENT);
	release(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x86_64_table_is_found_only_when_unique_and_confirmed),
		cmocka_unit_test(arm64_table_is_found_only_when_unique_and_confirmed),
		cmocka_unit_test(other_machines_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
