/* SPDX-License-Identifier: MIT */
#include "tap/find/find.h"

#include <string.h>

#include "base/slice.h"
#include "tap/find/boringssl_find.h"
#include "tap/find/stripped_openssl_find.h"

static const char rustls_reason[] =
    "rustls is compiled into it and has no functions to tap: orshim relay gives a base URL";

bool find_is_addon(const char *path)
{
	return slice_ends(slice_of(path), SLICE(".node"));
}

static bool find_boringssl(const struct image *m, struct find *found)
{
	struct boringssl b;

	boringssl_find(m, &b);
	if (b.verdict == BORINGSSL_ABSENT)
		return false;
	*found = (struct find){ FIND_BORINGSSL, b.reason, { b.table, b.ssl_write } };
	return true;
}

static bool find_openssl(const struct image *m, struct find *found)
{
	*found = (struct find){ .library = FIND_OPENSSL };
	return stripped_openssl_find(m, found->at);
}

/* The cheaper one first: at a fixed address OpenSSL's tables may be anywhere among the constants. */
void find_tls(const struct image *m, struct find *found)
{
	bool is_found = m->fixed ? find_boringssl(m, found) || find_openssl(m, found)
				 : find_openssl(m, found) || find_boringssl(m, found);

	if (!is_found)
		*found = (struct find){ .library = FIND_NOTHING };
}

/* "rustls-0.23.31/src/": behind NAME. */
static bool is_source_folder(const unsigned char *name, const unsigned char *end)
{
	static const char below[] = "/src/";

	while (name < end && ((*name >= '0' && *name <= '9') || *name == '.'))
		name++;
	return (size_t)(end - name) >= sizeof(below) - 1 &&
	       memcmp(name, below, sizeof(below) - 1) == 0;
}

static bool names_rustls(const unsigned char *bytes, size_t n)
{
	static const char folder[] = "rustls-0.";
	const unsigned char *end = bytes + n, *at = bytes;

	while ((at = memmem(at, (size_t)(end - at), folder, sizeof(folder) - 1))) {
		at += sizeof(folder) - 1;
		if (is_source_folder(at, end))
			return true;
	}
	return false;
}

bool find_rustls(const struct image *m, struct find *found)
{
	enum { OVERLAP = 64 }; /* longer than such a name */

	for (size_t i = 0; i < m->count; i++) {
		const struct image_segment *s = &m->segments[i];
		size_t n;

		for (size_t at = 0; !(s->flags & PF_W) && at < s->size; at += n - OVERLAP) {
			n = s->size - at;
			const unsigned char *bytes = image_piece(m, s, at, &n);
			if (bytes && names_rustls(bytes, n)) {
				*found = (struct find){ .library = FIND_RUSTLS,
							.reason = rustls_reason };
				return true;
			}
			if (!bytes || n <= OVERLAP || at + n >= s->size)
				break;
		}
	}
	return false;
}

bool find_holds(const struct image *m, const struct find *found)
{
	if (found->library == FIND_NOTHING || found->reason)
		return true;
	return found->library == FIND_BORINGSSL ? boringssl_is_table(m, found->at[0])
						: stripped_openssl_is_pair(m, found->at);
}
