/* SPDX-License-Identifier: MIT */
/*
 * The layout of struct ssl_method_st (OpenSSL ssl/ssl_local.h) in words of
 * eight bytes. Word 0 holds `int version; unsigned flags`, word 1 `mask`.
 *
 *   1.1.1, 3.0, 3.1   2 new 3 clear 4 free 5 accept 6 connect 7 read 8 peek 9 write
 *   3.2 and later     2 new 3 free 4 reset 5 init 6 clear 7 deinit 8 accept
 *                     9 connect 10 read 11 peek 12 write
 *
 * SSL_clear() calls `clear` in the first layout and `reset` in the second.
 * The version alone is never proof of a layout: see is_plausible().
 */
#include "tap/method_table.h"

#include "tap/pages.h"

struct layout {
	unsigned clear;
	unsigned free;
	unsigned accept;
	unsigned connect;
	unsigned read; /* then peek, then write */
};

enum {
	LAYOUT_WORDS = 13,      /* as many as we ever look at */
	SCAN_BYTES = 16 * 1024, /* around TLS_method()'s table: 25 of them take 5 to 6 KiB */
	TABLES_MAX = 48,
	TABLES_MIN = 10, /* the same functions in fewer is no proof */
	STRIDE_MIN = 160,
	STRIDE_MAX = 384,
	VERSION_ANY = 0x10000,      /* TLS_ANY_VERSION */
	VERSION_ANY_DTLS = 0x1FFFF, /* DTLS_ANY_VERSION */
};

static const struct layout before_3_2 = { 3, 4, 5, 6, 7 };
static const struct layout since_3_2 = { 4, 3, 8, 9, 10 };

typedef const void *(*method_fn)(void);

/* The tables of TLS_method(), TLS_client_method(), TLS_server_method() */
struct roles {
	void **any;
	void **client;
	void **server;
};

struct tables {
	void **at[TABLES_MAX];
	size_t count;
};

/* The words from the first to behind the last table that holds stubs of a set. */
static struct {
	void **low;
	void **high;
} tapped[LIMIT_TLS_LIBRARIES];

static void **table_of(const struct object *o, const char *name)
{
	method_fn method = (method_fn)object_symbol(o, name);

	return method ? (void **)method() : NULL;
}

static int version_of(void **table)
{
	return *(const int *)table;
}

static bool is_code(const struct object *o, const void *address)
{
	struct span span;
	uint32_t flags;

	return object_segment(o, (uintptr_t)address, &span, &flags) && (flags & PF_X);
}

/* Can LAYOUT_WORDS words be read there, as this object's data? */
static bool is_data(const struct object *o, void **table)
{
	struct span span;
	uint32_t flags;
	uintptr_t at = (uintptr_t)table;

	return table && at % sizeof(void *) == 0 && object_segment(o, at, &span, &flags) &&
	       span.high - at >= LAYOUT_WORDS * sizeof(void *);
}

/* Some builds (Node) export the functions themselves: their places in the table are the layout. */
static const struct layout *layout_by_functions(const struct object *o, void **any)
{
	const void *read = object_symbol(o, "ssl3_read");
	const void *peek = object_symbol(o, "ssl3_peek");
	const void *write = object_symbol(o, "ssl3_write");
	static const struct layout *const known[] = { &before_3_2, &since_3_2 };

	if (!read || !peek || !write)
		return NULL;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		void **at = any + known[i]->read;
		if (at[0] == read && at[1] == peek && at[2] == write)
			return known[i];
	}
	return NULL;
}

/* 0xMNNFFPPS: 1.1.1 is 0x101010.., 3.2.0 is 0x302000... */
static const struct layout *layout_by_version(unsigned long version)
{
	if (version >= 0x10101000UL && version < 0x10102000UL)
		return &before_3_2;
	if (version >= 0x30000000UL && version < 0x30200000UL)
		return &before_3_2;
	if (version >= 0x30200000UL && version < 0x50000000UL)
		return &since_3_2;
	return NULL;
}

static bool same_words(void **a, void **b, unsigned first, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[first + i] != b[first + i])
			return false;
	return true;
}

/*
 * TLS_method() may do both roles, TLS_client_method() and TLS_server_method()
 * one each: which functions they share, and which they refuse, proves the layout. If
 * the first is not known, the client's table is used in its place.
 */
static bool is_plausible(const struct object *o, const struct layout *l, const struct roles *r)
{
	void **any = r->any, **client = r->client, **server = r->server;

	if (!is_data(o, client) || !is_data(o, server))
		return false;
	if (!same_words(any, client, l->read, 3) || !same_words(any, server, l->read, 3) ||
	    !same_words(any, client, 2, l->accept - 2) ||
	    !same_words(any, server, 2, l->accept - 2))
		return false;
	if (any[l->connect] != client[l->connect] ||
	    (any != client && any[l->accept] != server[l->accept]) ||
	    client[l->accept] != server[l->connect] || client[l->connect] == client[l->accept] ||
	    server[l->accept] == client[l->accept] || server[l->accept] == client[l->connect])
		return false;
	for (unsigned i = 2; i < l->read + 3; i++)
		if (!is_code(o, any[i]))
			return false;
	return any[l->read] != any[l->read + 1] && any[l->read] != any[l->read + 2] &&
	       any[l->read + 1] != any[l->read + 2];
}

static bool is_version(int version)
{
	return version == VERSION_ANY || version == VERSION_ANY_DTLS ||
	       (version >= 0x0300 && version <= 0x0304) || version == 0xFEFF || version == 0xFEFD ||
	       version == 0x0100;
}

/* Every place in WHERE that has ANY's read, peek and write. False: one is no table, or there are too many. */
static bool collect(struct span where, const struct layout *l, void **any, struct tables *found)
{
	found->count = 0;
	for (uintptr_t at = where.low; where.high - at >= LAYOUT_WORDS * sizeof(void *);
	     at += sizeof(void *)) {
		void **table = (void **)at;
		if (!same_words(table, any, l->read, 3))
			continue;
		if (!is_version(version_of(table)) || found->count == TABLES_MAX)
			return false;
		found->at[found->count++] = table;
	}
	return true;
}

static bool is_array(const struct tables *found)
{
	uintptr_t stride = UINTPTR_MAX;

	for (size_t i = 1; i < found->count; i++) {
		uintptr_t gap = (uintptr_t)found->at[i] - (uintptr_t)found->at[i - 1];
		stride = gap < stride ? gap : stride;
	}
	for (size_t i = 1; i < found->count; i++)
		if (((uintptr_t)found->at[i] - (uintptr_t)found->at[0]) % stride != 0)
			return false;
	return found->count > 1 && stride >= STRIDE_MIN && stride <= STRIDE_MAX;
}

/*
 * The tables are an array around ANY. One that was linked with optimisation (LTO) has them anywhere in
 * its constants; then there must be many. KNOWN: the layout needs no further proof.
 */
static bool find_tables(const struct object *o, const struct layout *l, void **any, bool known,
			struct tables *found)
{
	uintptr_t at = (uintptr_t)any;
	struct span all, near;
	uint32_t flags;

	if (!object_segment(o, at, &all, &flags))
		return false;
	all.low = (all.low + 7) & ~7UL;
	near = all;
	if (at - all.low > SCAN_BYTES)
		near.low = at - SCAN_BYTES;
	if (all.high - at > SCAN_BYTES)
		near.high = at + SCAN_BYTES;
	if (collect(near, l, any, found) && is_array(found) &&
	    (known || found->count >= TABLES_MIN))
		return true;
	return collect(all, l, any, found) && found->count >= TABLES_MIN;
}

/*
 * Tables whose connections end elsewhere (DTLS) are left alone: their memory
 * could not be followed. Tables that only serve have no `connect` of ours.
 */
static const char *swap(const struct layout *l, void **any, const struct tables *found, size_t i)
{
	const struct method_functions *stubs = stubs_of(i);
	const struct {
		unsigned word;
		void *stub;
	} swaps[] = {
		{ l->clear, (void *)stubs->clear },     { l->free, (void *)stubs->free },
		{ l->connect, (void *)stubs->connect }, { l->read, (void *)stubs->read },
		{ l->read + 2, (void *)stubs->write },
	};
	struct patch patches[TABLES_MAX * sizeof(swaps) / sizeof(swaps[0])];
	size_t count = 0;

	for (size_t t = 0; t < found->count; t++) {
		void **table = found->at[t];
		if (table[l->free] != any[l->free] || table[l->clear] != any[l->clear])
			continue;
		for (size_t s = 0; s < sizeof(swaps) / sizeof(swaps[0]); s++)
			if (table[swaps[s].word] == any[swaps[s].word])
				patches[count++] =
				    (struct patch){ &table[swaps[s].word], swaps[s].stub };
	}
	tapped[i].low = found->at[0];
	tapped[i].high = found->at[found->count - 1] + LAYOUT_WORDS;
	return pages_patch(patches, count);
}

void method_table_forget(size_t i)
{
	tapped[i].low = tapped[i].high = NULL;
}

const char *method_table_untap(size_t i)
{
	const struct method_functions *stubs = stubs_of(i);
	const struct method_functions *originals = stubs_originals(i);
	const struct {
		void *stub;
		void *original;
	} backs[] = {
		{ (void *)stubs->clear, (void *)originals->clear },
		{ (void *)stubs->free, (void *)originals->free },
		{ (void *)stubs->connect, (void *)originals->connect },
		{ (void *)stubs->read, (void *)originals->read },
		{ (void *)stubs->write, (void *)originals->write },
	};
	struct patch patches[TABLES_MAX * sizeof(backs) / sizeof(backs[0])];
	size_t count = 0;

	for (void **word = tapped[i].low; word < tapped[i].high; word++)
		for (size_t b = 0; b < sizeof(backs) / sizeof(backs[0]); b++)
			if (*word == backs[b].stub && count < sizeof(patches) / sizeof(patches[0]))
				patches[count++] = (struct patch){ word, backs[b].original };
	return count ? pages_patch(patches, count) : NULL;
}

/* The one layout that the given tables fit in; NULL if there is none or two. */
static const struct layout *layout_by_roles(const struct object *o, const struct roles *r)
{
	bool before = is_plausible(o, &before_3_2, r);
	bool since = is_plausible(o, &since_3_2, r);

	return before == since ? NULL : before ? &before_3_2 : &since_3_2;
}

/* False: the tables are not those of functions that take any version. */
static bool read_roles(const struct method_recipe *recipe, struct roles *r)
{
	const struct object *o = recipe->object;

	if (recipe->client) {
		*r = (struct roles){ recipe->client, recipe->client, recipe->server };
		return true;
	}
	*r = (struct roles){ table_of(o, "TLS_method"), table_of(o, "TLS_client_method"),
			     table_of(o, "TLS_server_method") };
	return !is_data(o, r->any) || !is_data(o, r->client) || !is_data(o, r->server) ||
	       (version_of(r->any) == VERSION_ANY && version_of(r->client) == VERSION_ANY &&
		version_of(r->server) == VERSION_ANY);
}

const char *method_table_tap(const struct method_recipe *recipe, size_t i)
{
	static const char strange[] = "its method tables do not look as this version's should";
	const struct object *o = recipe->object;
	struct tables found;
	struct roles roles;

	if (!read_roles(recipe, &roles))
		return strange;
	void **any = roles.any;

	if (!any)
		return "it has no TLS_method()";
	if (!is_data(o, any))
		return "TLS_method() does not point into its data";
	const struct layout *l = layout_by_functions(o, any);
	bool known = l != NULL;
	if (!l)
		l = recipe->client ? layout_by_roles(o, &roles)
				   : layout_by_version(recipe->version);
	if (!l)
		return recipe->version ? "the layout of this version's method tables is not known"
				       : "its version is not known";
	if (!is_plausible(o, l, &roles))
		return strange;
	if (!find_tables(o, l, any, known, &found))
		return "too few method tables were recognised";
	const struct method_functions originals = {
		.clear = (int (*)(void *))any[l->clear],
		.free = (void (*)(void *))any[l->free],
		.connect = (int (*)(void *))any[l->connect],
		.read = (int (*)(void *, void *, size_t, size_t *))any[l->read],
		.write = (int (*)(void *, const void *, size_t, size_t *))any[l->read + 2],
	};
	stubs_set(i, &originals, &recipe->getters);
	return swap(l, any, &found, i);
}

bool method_table_is_tapped(const struct object *o, void **table)
{
	void **any = table ? table : table_of(o, "TLS_method");

	if (!is_data(o, any))
		return false;
	for (size_t i = 0; i < LIMIT_TLS_LIBRARIES; i++)
		for (unsigned word = 0; word < LAYOUT_WORDS; word++)
			if (any[word] == (void *)stubs_of(i)->read)
				return true;
	return false;
}
