/* SPDX-License-Identifier: MIT */
#include "tap/find/find.h"

#include "tap/find/boringssl_find.h"
#include "tap/find/stripped_openssl_find.h"

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

bool find_holds(const struct image *m, const struct find *found)
{
	if (found->library == FIND_NOTHING || found->reason)
		return true;
	return found->library == FIND_BORINGSSL ? boringssl_is_table(m, found->at[0])
						: stripped_openssl_is_pair(m, found->at);
}
