/* SPDX-License-Identifier: MIT */
#include "tap/boringssl.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tap/find/boringssl_find.h"
#include "tap/find_cache.h"
#include "tap/image_self.h"
#include "tap/objects.h"
#include "tap/pages.h"
#include "tap/stripped_openssl.h"
#include "tap/tap.h"

/* BoringSSL's Span<uint8_t>; as an argument it travels as its two members. */
struct bytes_span {
	const uint8_t *p;
	size_t n;
};

/* BoringSSL, ssl/internal.h: ssl_open_record_t. */
enum { OPEN_RECORD_SUCCESS = 0, OPEN_RECORD_CLOSE_NOTIFY = 3 };

static struct {
	void (*free)(void *ssl);
	int (*open_app_data)(void *ssl, struct bytes_span *out, size_t *consumed, uint8_t *alert,
			     uint8_t *in, size_t n);
	int (*write_app_data)(void *ssl, bool *needs_handshake, size_t *written, const uint8_t *in,
			      size_t n);
} original;

/* Also called by SSL_clear(): then the handle is a new connection, too. */
static void our_free(void *ssl)
{
	int saved = errno;

	if (!tap_is_inside())
		tap_closed(ssl);
	errno = saved;
	original.free(ssl);
}

static int our_open_app_data(void *ssl, struct bytes_span *out, size_t *consumed, uint8_t *alert,
			     uint8_t *in, size_t n)
{
	int result = original.open_app_data(ssl, out, consumed, alert, in, n);
	int saved = errno;

	if (!tap_is_inside()) {
		if (result == OPEN_RECORD_SUCCESS && out->n)
			tap_bytes(ssl, SIDE_SERVER, out->p, out->n);
		else if (result == OPEN_RECORD_CLOSE_NOTIFY)
			tap_ended(ssl, SIDE_SERVER);
	}
	errno = saved;
	return result;
}

static int our_write_app_data(void *ssl, bool *needs_handshake, size_t *written, const uint8_t *in,
			      size_t n)
{
	int result = original.write_app_data(ssl, needs_handshake, written, in, n);
	int saved = errno;

	if (result > 0 && *written && *written <= n && !tap_is_inside())
		tap_bytes(ssl, SIDE_CLIENT, in, *written);
	errno = saved;
	return result;
}

/* What was found at an earlier start, looked at again. */
static bool recall(const struct find_cache *cache, const struct object *o, const struct image *m,
		   struct boringssl *found)
{
	static char reason[FIND_REASON_SIZE];

	if (!find_cache_read(cache, found, reason))
		return false;
	found->table += o->bias;
	found->ssl_write += o->bias;
	return found->verdict != BORINGSSL_FOUND || boringssl_is_table(m, found->table);
}

static void remember(const struct find_cache *cache, const struct object *o,
		     const struct boringssl *found)
{
	struct boringssl kept = *found;

	kept.table -= found->table ? o->bias : 0;
	kept.ssl_write -= found->ssl_write ? o->bias : 0;
	find_cache_write(cache, &kept);
}

/* The table that holds our functions, or held them; NULL: none. */
static void **tapped;

static const char *swap(uint64_t table)
{
	void **slot = (void **)(uintptr_t)table;
	const struct patch patches[] = {
		{ &slot[BORINGSSL_FREE / 8], (void *)our_free },
		{ &slot[BORINGSSL_OPEN_APP_DATA / 8], (void *)our_open_app_data },
		{ &slot[BORINGSSL_WRITE_APP_DATA / 8], (void *)our_write_app_data },
	};

	tapped = slot;
	__builtin_memcpy(&original.free, patches[0].at, sizeof(void *));
	__builtin_memcpy(&original.open_app_data, patches[1].at, sizeof(void *));
	__builtin_memcpy(&original.write_app_data, patches[2].at, sizeof(void *));
	return pages_patch(patches, sizeof(patches) / sizeof(patches[0]));
}

static bool take_executable(const struct object *o, void *arg)
{
	if (o->name[0])
		return false;
	*(struct object *)arg = *o;
	return true;
}

/* Strings of a tls_copy stay: never freed. */
static const char *executable_path(void)
{
	char path[LIMIT_PATH];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	const char *kept;

	path[n > 0 ? n : 0] = '\0';
	kept = strdup(path);
	return kept ? kept : "";
}

static void tap(const struct boringssl *found)
{
	static struct tls_copy copy;

	copy =
	    (struct tls_copy){ .object = executable_path(), .library = "BoringSSL", .version = "" };
	copy.reason = found->verdict == BORINGSSL_FOUND ? swap(found->table) : found->reason;
	copy.tap = copy.reason ? TAP_NONE : TAP_METHOD_TABLE;
	tap_found(&copy);
}

/* Look through the whole program, which is M. False: it has another library, which is tapped. */
static bool search(const struct object *o, struct image *m, struct boringssl *found)
{
	struct image_file file;
	bool openssl;

	image_file_open(m, &file);
	boringssl_find(m, found);
	openssl =
	    found->verdict == BORINGSSL_ABSENT && stripped_openssl_start(o, m, executable_path);
	image_file_close(m);
	return !openssl;
}

void boringssl_rest(void)
{
	void **slot = tapped;
	const struct patch patches[] = {
		{ slot + BORINGSSL_FREE / 8, (void *)original.free },
		{ slot + BORINGSSL_OPEN_APP_DATA / 8, (void *)original.open_app_data },
		{ slot + BORINGSSL_WRITE_APP_DATA / 8, (void *)original.write_app_data },
	};

	if (slot && *patches[0].at == (void *)our_free)
		pages_patch(patches, sizeof(patches) / sizeof(patches[0]));
	stripped_openssl_rest();
}

void boringssl_wake(void)
{
	if (tapped && tapped[BORINGSSL_FREE / 8] != (void *)our_free)
		swap((uint64_t)(uintptr_t)tapped);
	stripped_openssl_wake();
}

/* What is remembered as absent has neither library. */
void boringssl_start(char *(*lookup)(const char *name))
{
	struct object o = { .name = NULL };
	struct find_cache cache;
	struct boringssl found;
	struct image m;

	objects_each(take_executable, &o);
	if (!o.name || (object_symbol(&o, "SSL_write") && object_symbol(&o, "SSL_CTX_new")))
		return;
	image_of_object(&o, &m);
	if (image_code_size(&m) < LIMIT_SCAN_MIN) {
		stripped_openssl_start(&o, &m, executable_path);
		return;
	}
	bool cached = find_cache_open(&cache, &o, lookup);
	bool recalled = cached && recall(&cache, &o, &m, &found);
	if (!recalled && !search(&o, &m, &found))
		return;
	if (found.verdict != BORINGSSL_ABSENT)
		tap(&found);
	if (cached && !recalled)
		remember(&cache, &o, &found);
}
