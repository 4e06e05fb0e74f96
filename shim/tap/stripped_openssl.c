/* SPDX-License-Identifier: MIT */
#include "tap/stripped_openssl.h"

#include "tap/method_table.h"
#include "tap/stripped_openssl_find.h"
#include "tap/tap.h"

/* Stubs are given out from the first on to copies that export their functions. */
enum { OUR_STUBS = LIMIT_COPIES - 1 };

/* Which table is whose is tried: a wrong guess changes nothing. */
static const char *tap_any_order(const struct object *o, const uint64_t tables[3])
{
	static const unsigned char orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
						    { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	const char *reason = NULL;

	for (size_t i = 0; i < 6; i++) {
		struct method_recipe recipe = { .object = o };

		for (size_t k = 0; k < 3; k++)
			recipe.tables[k] = (void **)(uintptr_t)tables[orders[i][k]];
		reason = method_table_tap(&recipe, OUR_STUBS);
		if (!reason)
			return NULL;
	}
	return reason;
}

bool stripped_openssl_start(const struct object *o, const struct image *m,
			    const char *(*path)(void))
{
	static struct tls_copy copy;
	uint64_t tables[3];

	if (!stripped_openssl_find(m, tables))
		return false;
	copy = (struct tls_copy){ .object = path(), .library = "OpenSSL", .version = "" };
	copy.reason = tap_any_order(o, tables);
	copy.tap = copy.reason ? TAP_NONE : TAP_METHOD_TABLE;
	tap_found(&copy);
	return true;
}
