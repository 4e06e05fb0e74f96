/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HOSTS_H
#define ORSHIM_HOSTS_H

/*
 * Which hosts are watched, and as which vendor's: those of vendors.def, and the
 * user's ORSHIM_HOSTS on top.
 */
#include "base/limits.h"
#include "diagnose/vendors.h"

struct host_entry {
	struct slice pattern;        /* host or "*.domain", lower or upper case */
	uint16_t port;               /* 0: any */
	const struct vendor *vendor; /* NULL: watched, no vendor's rules */
};

struct host_list {
	struct host_entry entries[LIMIT_HOSTS];
	size_t count;
};

/*
 * SPEC is the text of ORSHIM_HOSTS; slices of it are kept. False if an entry
 * was not understood; *WRONG is then the first, the others are in force.
 */
bool hosts_init(struct host_list *hosts, const char *spec, struct slice *wrong);

/*
 * Is HOST (and PORT, 0 unknown) watched, and as which vendor's? *VENDOR may be
 * NULL with true: watched without a vendor. The user's entries come first.
 * PATH decides where a vendor's host serves other things, too; absent: such a
 * host is not watched.
 */
bool hosts_find(const struct host_list *hosts, struct slice host, uint16_t port, struct slice path,
		const struct vendor **vendor);

/* Could a request to HOST, whatever its path, be one that hosts_find() watches? */
bool hosts_may_find(const struct host_list *hosts, struct slice host, uint16_t port);

#endif
