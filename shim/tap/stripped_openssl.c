/* SPDX-License-Identifier: MIT */
#include "tap/stripped_openssl.h"

#include "tap/find/stripped_openssl_find.h"
#include "tap/method_table.h"
#include "tap/tap.h"

/* Stubs are given out from the first on to copies that export their functions. */
enum { OUR_STUBS = LIMIT_COPIES - 1 };

/* The executable with the tables that were tapped; without an object: none were. */
static struct object executable;
static struct method_recipe tapped;

void stripped_openssl_rest(void)
{
	if (tapped.object)
		method_table_untap(OUR_STUBS);
}

void stripped_openssl_wake(void)
{
	if (tapped.object)
		method_table_tap(&tapped, OUR_STUBS);
}

bool stripped_openssl_start(const struct object *o, const struct image *m,
			    const char *(*path)(void))
{
	static struct tls_copy copy;
	uint64_t pair[2];

	if (!stripped_openssl_find(m, pair))
		return false;
	const struct method_recipe recipe = {
		.object = o,
		.client = (void **)(uintptr_t)pair[0],
		.server = (void **)(uintptr_t)pair[1],
	};
	copy = (struct tls_copy){ .object = path(), .library = "OpenSSL", .version = "" };
	copy.reason = method_table_tap(&recipe, OUR_STUBS);
	copy.tap = copy.reason ? TAP_NONE : TAP_METHOD_TABLE;
	if (!copy.reason) {
		executable = *o;
		tapped = recipe;
		tapped.object = &executable;
	}
	tap_found(&copy);
	return true;
}
