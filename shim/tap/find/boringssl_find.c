/* SPDX-License-Identifier: MIT */
#include "tap/find/boringssl_find.h"

#include <string.h>

#include "tap/find/xref.h"

enum {
	TEXT_PACKET = 0,
	TEXT_LIBRARY = 1,

	LIBRARY_SSL = 16,           /* ERR_LIB_SSL */
	REASON_BAD_LENGTH = 111,    /* SSL_R_BAD_LENGTH */
	REASON_UNINITIALIZED = 226, /* SSL_R_UNINITIALIZED */

	ERROR_REACH =
	    0x800, /* from the start of a function of s3_pkt.cc to its first error: gcc inlines */
	ENTRY_REACH = 0x1000, /* from the start of SSL_write to its error */
	LOADS_MAX = 12,       /* instructions that load the arguments of an error */
};

/* The argument registers of one error call: known constants, -1 otherwise. */
struct loads {
	int64_t value[32];
};

/* x86-64: follow register loads from P; stops at any other instruction. */
static void loads_x86(const unsigned char *p, const unsigned char *end, struct loads *l)
{
	for (int i = 0; i < LOADS_MAX && end - p >= 8; i++) {
		bool high = p[0] == 0x41 || p[0] == 0x45;
		const unsigned char *op = p + high;
		int low = op[1] & 7;

		if ((op[0] & 0xf8) == 0xb8 && p[0] != 0x45) { /* mov r32, imm32 */
			l->value[(op[0] & 7) | high << 3] = read_u32(op + 1);
			p = op + 5;
		} else if ((op[0] == 0x31 || op[0] == 0x33) && op[1] >= 0xc0 &&
			   (op[1] >> 3 & 7) == low) { /* xor r, r */
			l->value[low | high << 3] = 0;
			p = op + 2;
		} else if ((p[0] & 0xfb) == 0x48 && p[1] == 0x8d && (p[2] & 0xc7) == 0x05) {
			p += 7; /* lea r64, [rip + disp32] */
		} else if ((p[0] & 0xf8) == 0x48 && (p[1] == 0x89 || p[1] == 0x8b) &&
			   p[2] >= 0xc0) {
			p += 3; /* mov r64, r64 */
		} else {
			return;
		}
	}
}

/* arm64: movz, and moves that change nothing we ask for, up to the branch. */
static void loads_arm64(const unsigned char *p, const unsigned char *end, struct loads *l)
{
	for (int i = 0; i < LOADS_MAX && end - p >= 4; i++, p += 4) {
		uint32_t word = read_u32(p);

		if ((word & 0x7fe00000) == 0x52800000) /* movz, shift 0 */
			l->value[word & 31] = word >> 5 & 0xffff;
		else if ((word & 0x7fe0ffe0) == 0x2a0003e0 && (word >> 16 & 31) == 31)
			l->value[word & 31] = 0;            /* mov r, wzr */
		else if ((word & 0x7c000000) == 0x14000000) /* b, bl */
			return;
	}
}

/*
 * The reason of the error raised at R, -1 if it raises none of library SSL.
 * ERR_put_error(library, unused, reason, file, line); where the linker knew
 * the whole program, it may have dropped `unused`: then all arguments move up by
 * one register, which shows in the register of the file's name.
 */
static int64_t reason_at(const struct image *m, const struct xref *r)
{
	static const int x86[] = { 7, 6, 2, 1 }; /* rdi rsi rdx rcx */
	const unsigned char *p = image_at(m, r->after, 64);
	struct loads l;

	if (!p)
		return -1;
	memset(&l, 0xff, sizeof(l));
	if (m->machine == EM_X86_64) {
		loads_x86(p, p + 64, &l);
		for (int file = 2; file <= 3; file++)
			if (r->reg == x86[file] && l.value[7] == LIBRARY_SSL)
				return l.value[x86[file - 1]];
		return -1;
	}
	loads_arm64(p, p + 64, &l);
	if ((r->reg == 2 || r->reg == 3) && l.value[0] == LIBRARY_SSL)
		return l.value[r->reg - 1];
	return -1;
}

/* A call through [register + 0x48] in low <= a < high. */
static bool calls_slot(const struct image *m, uint64_t low, uint64_t high)
{
	const unsigned char *p = image_at(m, low, high - low);

	for (size_t i = 0; p && m->machine == EM_X86_64 && i + 40 <= high - low; i++) {
		/* call [r + disp8], or mov r, [r + disp8] and a call of r soon after */
		if (p[i] == 0xff && (p[i + 1] & 0xf8) == 0x50 &&
		    p[i + 2] == BORINGSSL_WRITE_APP_DATA)
			return true;
		if (p[i] == 0x8b && p[i + 1] >> 6 == 1 && p[i + 2] == BORINGSSL_WRITE_APP_DATA)
			for (size_t k = i + 3; k < i + 35; k++)
				if (p[k] == 0xff && (p[k + 1] & 0xf8) == 0xd0)
					return true;
	}
	for (size_t i = 0; p && m->machine == EM_AARCH64 && i + 44 <= high - low; i += 4) {
		uint32_t word = read_u32(p + i);

		if ((word & 0xfffffc00) != (0xf9400000 | BORINGSSL_WRITE_APP_DATA / 8 << 10))
			continue;
		for (size_t k = i + 4; k < i + 44; k += 4)
			if (read_u32(p + k) == (0xd63f0000 | (word & 31) << 5))
				return true;
	}
	return false;
}

/* Is clang's control-flow check in low <= a < high? Its trap: ud1l 2(%eax), %eax; brk 0x5502. */
static bool checks_calls(const struct image *m, uint64_t low, uint64_t high)
{
	const unsigned char *p = image_at(m, low, high - low);
	const size_t step = m->machine == EM_X86_64 ? 1 : 4;

	for (size_t i = 0; p && i + 5 <= high - low; i += step) {
		if (m->machine == EM_X86_64 && memcmp(p + i, "\x67\x0f\xb9\x40\x02", 5) == 0)
			return true;
		if (m->machine == EM_AARCH64 && read_u32(p + i) == 0xd42aa040)
			return true;
	}
	return false;
}

/* A function that is nothing but a jump: an entry of clang's table of checked targets. */
static bool is_thunk(const struct image *m, uint64_t function)
{
	const unsigned char *p = image_at(m, function, 8);

	if (!p)
		return false;
	if (m->machine == EM_X86_64)
		return p[0] == 0xe9 && p[5] == 0xcc && p[6] == 0xcc;
	return read_u32(p) >> 26 == 5;
}

/* The target of the thunk; FUNCTION itself if it is not a thunk. */
static uint64_t behind_thunk(const struct image *m, uint64_t function)
{
	const unsigned char *p = image_at(m, function, 8);

	if (!p || !is_thunk(m, function))
		return function;
	if (m->machine == EM_X86_64)
		return function + 5 + (uint64_t)(int64_t)(int32_t)read_u32(p + 1);
	return function + (uint64_t)((int64_t)(int32_t)(read_u32(p) << 6) >> 4);
}

static const char checked[] = "the program checks its indirect calls (clang CFI)";

/* The error that only SSL_write raises. */
static bool is_bad_length(const struct image *m, const struct xref *r)
{
	return r->text == TEXT_LIBRARY && reason_at(m, r) == REASON_BAD_LENGTH;
}

/* SSL_write by its errors; NULL, or what is missing. */
static const char *find_ssl_write(const struct image *m, const struct xrefs *refs)
{
	const uint64_t low = refs->low, high = refs->high;
	bool initialised = false;

	if (!refs->site)
		return "SSL_write was not recognised: older or changed BoringSSL";
	for (size_t i = 0; i < refs->count; i++)
		if (refs->list[i].at != refs->site && is_bad_length(m, &refs->list[i]))
			return "two functions raise SSL_write's error";
	if (low == refs->site - ENTRY_REACH)
		return "nothing calls what looks like SSL_write";
	for (size_t i = 0; i < refs->count; i++) {
		const struct xref *r = &refs->list[i];

		initialised |= r->text == TEXT_LIBRARY && r->at >= low && r->at < high &&
			       reason_at(m, r) == REASON_UNINITIALIZED;
	}
	if (!initialised)
		return "what looks like SSL_write lacks one of its errors";
	if (checks_calls(m, low, high))
		return checked;
	return calls_slot(m, low, high) ? NULL : "what looks like SSL_write calls no table";
}

/* Does FUNCTION raise an error of s3_pkt.cc soon? */
static bool raises(const struct image *m, const struct xrefs *refs, uint64_t function)
{
	uint64_t start = behind_thunk(m, function);

	for (size_t i = 0; i < refs->count; i++)
		if (refs->list[i].text == TEXT_PACKET && refs->list[i].at >= start &&
		    refs->list[i].at - start < ERROR_REACH)
			return true;
	return false;
}

static bool looks_like_table(const struct image *m, const unsigned char *p)
{
	if (read_u64(p) != 0)
		return false;
	for (size_t slot = 8; slot < BORINGSSL_TABLE_END; slot += 8)
		if (!image_is_code(m, read_u64(p + slot)))
			return false;
	return true;
}

bool boringssl_is_table(const struct image *m, uint64_t table)
{
	const unsigned char *p = image_at(m, table, BORINGSSL_TABLE_END);

	return p && table % 8 == 0 && looks_like_table(m, p);
}

/* How many tables are in S besides COUNT: 2 is as good as any more. The last one is in *TABLE. */
static int tables_in(const struct image *m, const struct image_segment *s, const struct xrefs *refs,
		     int count, uint64_t *table)
{
	size_t at = (size_t)(-s->address & 7);
	size_t n;

	while (count < 2 && at + BORINGSSL_TABLE_END <= s->size) {
		const unsigned char *p = image_piece(m, s, at, &n);
		size_t i = 0;

		for (; i + BORINGSSL_TABLE_END <= n; i += 8) {
			if (read_u64(p + i) != 0) /* as nearly everywhere */
				continue;
			if (!looks_like_table(m, p + i) ||
			    !raises(m, refs, read_u64(p + i + BORINGSSL_WRITE_APP_DATA)) ||
			    !raises(m, refs, read_u64(p + i + BORINGSSL_OPEN_APP_DATA)))
				continue;
			count++;
			*table = s->address + at + i;
		}
		at += i;
	}
	return count;
}

/*
 * Find the one table. Returns NULL, or the reason why there is none. The table is
 * constant data. Data that the program writes to, often hundreds of megabytes of
 * scripts, is searched only if no table is found among the constants, because not
 * all linkers keep the two apart.
 */
static const char *find_table(const struct image *m, const struct xrefs *refs, uint64_t *table)
{
	int count = 0;

	for (uint32_t written = 0; written <= PF_W && count == 0; written += PF_W)
		for (size_t i = 0; i < m->count; i++)
			if (!(m->segments[i].flags & PF_X) &&
			    (m->segments[i].flags & PF_W) == written)
				count = tables_in(m, &m->segments[i], refs, count, table);
	if (count > 1)
		return "two tables look like BoringSSL's";
	return count ? NULL : "BoringSSL's table was not recognised";
}

/* Fills TEXTS; false if this is not BoringSSL. Files were .c until 2017, .cc since. */
static bool find_texts(const struct image *m, uint64_t texts[2])
{
	texts[TEXT_PACKET] = xref_find_text(m, "ssl/s3_pkt.cc", 5);
	if (!texts[TEXT_PACKET])
		return false;
	texts[TEXT_LIBRARY] = xref_find_text(m, "ssl/ssl_lib.cc", 10);
	return texts[TEXT_LIBRARY] != 0;
}

void boringssl_find(const struct image *m, struct boringssl *found)
{
	struct xrefs refs = { .is_site = is_bad_length, .reach = ENTRY_REACH };
	uint64_t texts[2];

	*found = (struct boringssl){ .verdict = BORINGSSL_ABSENT };
	if ((m->machine != EM_X86_64 && m->machine != EM_AARCH64) || !find_texts(m, texts))
		return;
	found->verdict = BORINGSSL_REFUSED;
	xref_find_references(m, texts, &refs);
	if (refs.overflow)
		found->reason = "more than one BoringSSL";
	else
		found->reason = find_ssl_write(m, &refs);
	if (found->reason)
		return;
	found->ssl_write = refs.low;
	found->reason = find_table(m, &refs, &found->table);
	if (found->reason)
		return;
	if (is_thunk(m, image_word(m, found->table + BORINGSSL_WRITE_APP_DATA)))
		found->reason = checked;
	else
		found->verdict = BORINGSSL_FOUND;
}
