/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_JSON_WIRE_H
#define ORSHIM_JSON_WIRE_H

/* Bytes from the wire as JSON: redacted and escaped; header fields as pairs of name and value. */
#include "report/json_out.h"
#include "wire/exchange.h"

/* How much of the headers still goes in when the line would not fit otherwise. */
enum fullness { WITH_VALUES, WITH_NAMES, WITHOUT_HEADERS, FULLNESS_COUNT };

/*
 * JSON with the two texts that it was made of: when the next line has the same texts
 * at the same place, it is used again. Of a field that is not clear
 * only the name is kept.
 */
struct kept_pair {
	unsigned char name;  /* bytes of the first text, at the beginning of BYTES */
	unsigned char value; /* then of the second */
	unsigned char shown; /* then of the JSON; 0: nothing is kept */
	bool hidden;         /* the second is neither kept nor looked at */
	char bytes[LIMIT_PAIR];
};

struct kept_pairs {
	struct kept_pair request[LIMIT_PAIRS];
	struct kept_pair response[LIMIT_PAIRS];
	struct kept_pair place; /* host and path */
	struct kept_pair body;  /* media type and model */
};

/* At most MAX bytes of S after redaction; absent: null. */
void json_put_wire(struct json_out *j, struct slice s, size_t max);

JSON_INLINE void json_wire(struct json_out *j, const char *key, struct slice s, size_t max)
{
	json_key(j, key);
	json_put_wire(j, s, max);
}

struct wire_member {
	const char *key;
	struct slice text;
	size_t max; /* bytes of it after redaction */
};

/* Two members, each as by json_wire(). KEPT may be NULL. */
void json_wire_pair(struct json_out *j, struct wire_member first, struct wire_member second,
		    struct kept_pair *kept);

/* Member "headers". HOST: the exchange's. KEPT: LIMIT_PAIRS of them, the same for each message of a side; may be NULL. */
void json_headers(struct json_out *j, const struct message *m, struct slice host,
		  enum fullness fullness, struct kept_pair *kept);

#endif
