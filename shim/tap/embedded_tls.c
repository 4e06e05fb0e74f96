/* SPDX-License-Identifier: MIT */
#include "tap/embedded_tls.h"

#include <string.h>

#include "tap/find_cache.h"
#include "tap/image_of_process.h"

static size_t code_size(const struct object *o)
{
	size_t size = 0;

	for (size_t i = 0; i < o->phdr_count; i++)
		if (o->phdr[i].p_type == PT_LOAD && o->phdr[i].p_flags & PF_X)
			size += o->phdr[i].p_filesz;
	return size;
}

/*
 * OpenSSL (crypto/threads_pthread.c) and BoringSSL (crypto/thread_pthread.cc)
 * lock by pthread_rwlock_t, which few others do: about a dozen of the libraries that a
 * desktop loads. Or O embeds libssl alone and imports from a shared libcrypto. A shared
 * libcrypto itself, which every program with a shared libssl loads, embeds nothing. The
 * TLS in an add-on of Node's may lock in another way.
 */
bool embedded_tls_is_possible(const struct object *o)
{
	struct span span = object_span(o);

	return code_size(o) >= LIMIT_EMBEDDED_MIN && span.high - span.low <= LIMIT_EMBEDDED_MAX &&
	       (find_is_addon(o->name) || object_imports(o, "pthread_rwlock_rdlock") ||
		object_imports(o, "OPENSSL_init_crypto")) &&
	       !object_symbol(o, "OPENSSL_init_crypto");
}

/* From the file's addresses to those of this process, or back. */
static void move(struct find *found, uintptr_t by)
{
	for (int i = 0; i < 2; i++)
		found->at[i] += found->at[i] ? by : 0;
}

/* A cached result of an earlier start, checked again. */
static bool recall(const struct find_cache *cache, const struct object *o, const struct image *m,
		   struct find *found)
{
	char reason[FIND_REASON_SIZE];

	if (!find_cache_read(cache, found, reason))
		return false;
	move(found, o->bias);
	if (found->reason)
		found->reason = strdup(reason);
	return find_holds(m, found);
}

void embedded_tls_find(const struct object *o, char *(*lookup)(const char *), struct find *found)
{
	struct find_cache cache;
	struct image_file file;
	struct image m;
	bool cached = find_cache_open(&cache, o, lookup);

	image_of_object(o, &m);
	if (cached && recall(&cache, o, &m, found))
		return;
	image_file_open(&m, o, &file);
	find_tls(&m, found);
	if (found->library == FIND_NOTHING && find_is_addon(o->name))
		find_rustls(&m, found);
	image_file_close(&m);
	if (!cached)
		return;
	struct find kept = *found;
	move(&kept, -o->bias);
	find_cache_write(&cache, &kept);
}
