/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_JSON_WIRE_H
#define ORSHIM_JSON_WIRE_H

/* Bytes from the wire as JSON: redacted and escaped; header fields as pairs of name and value. */
#include "report/json_out.h"
#include "wire/exchange.h"

/* How much of the headers still goes in when the line would not fit otherwise. */
enum fullness { WITH_VALUES, WITH_NAMES, WITHOUT_HEADERS, FULLNESS_COUNT };

/*
 * The JSON of a field whose value others may read, beside the bytes that it
 * was made of: where the same bytes stand at the same place in the next
 * message, it is the same. A field that is not clear is never kept.
 */
struct kept_pair {
	unsigned char name;  /* bytes of the name, at the beginning of BYTES */
	unsigned char value; /* then of the value */
	unsigned char shown; /* then of the pair; 0: nothing is kept */
	char bytes[LIMIT_PAIR];
};

struct kept_pairs {
	struct kept_pair request[LIMIT_PAIRS];
	struct kept_pair response[LIMIT_PAIRS];
};

/* At most MAX bytes of S after redaction; absent: null. */
void json_put_wire(struct json_out *j, struct slice s, size_t max);

JSON_INLINE void json_wire(struct json_out *j, const char *key, struct slice s, size_t max)
{
	json_key(j, key);
	json_put_wire(j, s, max);
}

/* Member "headers". KEPT: LIMIT_PAIRS of them, the same for each message of a side; may be NULL. */
void json_headers(struct json_out *j, const struct message *m, enum fullness fullness,
		  struct kept_pair *kept);

#endif
