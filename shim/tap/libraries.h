/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LIBRARIES_H
#define ORSHIM_LIBRARIES_H

/*
 * The registry of TLS libraries in this process. The scan fills it under its
 * lock; wrappers read it without one.
 *
 *   [free] --scan begins--> [ADDING] --tapped or not--> [ADDED] --listed for
 *     ^                        |                           |      the record--> [REPORTED]
 *     |                        | fork() in the middle:     | unloaded               |
 *     +--- the child untaps ---+---------------------------+------------------------+
 *
 * A driver is what differs between the libraries that export their functions:
 * each row of find/tls_libraries.def names one, and its wrappers are rows of
 * hooks.def. What is embedded without exports is found by tap/find/.
 */
#include <stdalign.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "base/tls_library.h"
#include "tap/find/find.h"
#include "tap/objects.h"

/* A loaded TLS library. */
struct tls_object {
	const struct object *object;
	void *handle; /* keeps it loaded, see loader_pin(); NULL: the executable */
};

/* Address of NAME in the library or in its dependencies; NULL: neither has it. */
void *tls_object_symbol(const struct tls_object *l, const char *name);

enum {
	TLS_VERSION_SIZE = 32,
	TLS_GETTERS_SIZE = 160, /* room for a driver's struct of getters */
};

struct tls_driver {
	/*
	 * Write the version ("" if unknown) and the driver's own struct of getters,
	 * which its wrappers get back from libraries_getters_of(). Returns the
	 * library's name, static.
	 */
	const char *(*describe)(const struct tls_object *l, char version[TLS_VERSION_SIZE],
				void *getters);

	/*
	 * Put the stubs of set I into its method tables: NULL, or static text that
	 * says why not. The member is NULL where there are no such tables.
	 */
	const char *(*tap)(const struct tls_object *l, size_t i);
};

#define TLS_LIBRARY(name, file, first, second, how, driver) extern const struct tls_driver driver;
#define TLS_UNTAPPED(name, file, reason)
#include "tap/find/tls_libraries.def"
#undef TLS_LIBRARY
#undef TLS_UNTAPPED

enum library_stage { LIBRARY_ADDING, LIBRARY_ADDED, LIBRARY_REPORTED };

struct library {
	struct span span;        /* {0, 0}: this slot is free */
	struct tls_library info; /* strings are never freed: a record may refer to them */
	char version[TLS_VERSION_SIZE];
	const struct tls_driver *driver; /* NULL: it exports nothing, see `found` */
	struct find found;               /* FIND_NOTHING: it exports its functions */
	bool seen;                       /* in the scan that is going on */
	bool may_be_reached;             /* not tapped, but a call may yet come by way of us */
	atomic_int stage;                /* enum library_stage */
};

/* Slot I, 0 to LIMIT_TLS_LIBRARIES - 1; under the scan's lock. */
struct library *libraries_slot(size_t i);

/* The index of a free slot; LIMIT_TLS_LIBRARIES: none is free. */
size_t libraries_free_slot(void);

/* The library whose object is where O is; NULL: none. Under the scan's lock. */
struct library *libraries_at(const struct object *o);

/* Publish that the functions of slot I are tapped, in the way that its info has. */
void libraries_publish(size_t i, const void *getters);

/* Free slot I; the tapped functions are not restored. */
void libraries_clear(size_t i);

/* Update the counts, after slots were filled or cleared. */
void libraries_recount(void);

unsigned libraries_count(void);
unsigned libraries_tapped_count(void);    /* of them tapped in whatever way */
unsigned libraries_unreached_count(void); /* of them not tapped, until a call comes by way of us */

/* Is FUNCTION part of a library that is tapped by its method tables? */
bool libraries_is_tapped(const void *function);

/*
 * The getters of the library that FUNCTION is part of, as its driver wrote
 * them; NULL unless it is tapped by its exported functions.
 */
const void *libraries_getters_of(const void *function);

#endif
