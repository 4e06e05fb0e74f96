/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EXCHANGE_H
#define ORSHIM_EXCHANGE_H

/*
 * One HTTP exchange: a request and its answer. The parsers of wire/ fill it, the
 * checks of diagnose/ read it, nothing changes it afterwards. Every slice points
 * into the exchange's memory and is valid as long as the exchange is.
 */
#include <stdint.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/slice.h"

enum side {
	SIDE_CLIENT, /* bytes that the client wrote */
	SIDE_SERVER, /* bytes that the server wrote */
};

enum http_version {
	HTTP_UNKNOWN,
	HTTP_1_0,
	HTTP_1_1,
	HTTP_2,
};

enum fault_id {
#define FAULT(id, seen) FAULT_##id,
#include "wire/fault.def"
#undef FAULT
	FAULT_COUNT
};

/* The text beside a fault in fault.def; static. */
const char *fault_seen(enum fault_id id);

struct fault {
	enum fault_id id;
	uint64_t at; /* offset from the first byte of the message */
	int field; /* index of its field (field_without_colon: of the field before the line); -1: none */
};

struct field {
	struct slice
	    name; /* as written, without the colon and space before it; HTTP/2: lower case */
	struct slice
	    value; /* without surrounding SP and TAB, else byte-exact (folds and controls kept) */
	struct slice raw; /* all between the colon and the line's end; HTTP/2: same as value */
	bool known;       /* false: HTTP/2 seen from the middle: it refers to a table entry that we did not see */
};

enum body_framing {
	BODY_NONE,      /* the message has no body */
	BODY_LENGTH,    /* Content-Length */
	BODY_CHUNKED,   /* Transfer-Encoding: chunked */
	BODY_UNTIL_END, /* until the connection (HTTP/1) or stream (HTTP/2) ends */
};

enum body_coding {
	CODING_NONE,
	CODING_DECODED, /* a Content-Encoding was undone: `bytes` are the decoded ones */
	CODING_OPAQUE,  /* unknown or broken coding: `bytes` are the coded ones */
};

struct body {
	enum body_framing framing;
	enum body_coding coding;
	struct buf bytes; /* without transfer framing, up to the ceiling */
	uint64_t total;   /* bytes after transfer framing was removed, kept or not, still coded */
	uint64_t
	    decoded; /* bytes after Content-Encoding was undone; undoing stops at the ceiling */
	uint64_t declared; /* Content-Length, when has_declared */
	bool has_declared;
	bool complete;     /* its end was seen */
	bool truncated;    /* longer than what was kept */
	bool counted_only; /* some bytes were not seen (SSL_sendfile) */
};

struct message {
	struct buf
	    head; /* HTTP/1: the bytes as they came, through the empty line; HTTP/2: "name: value\r\n" lines */
	struct slice method; /* request */
	struct slice target; /* request: as written; HTTP/2: `:path` */
	int status;          /* final answer; 0: none came */
	enum http_version version;
	struct field *fields;
	size_t field_count;
	bool fields_complete; /* false: there may be more fields (seen from the middle, ceiling) */
	bool head_complete;
	struct body body;
	struct fault faults[LIMIT_FAULTS];
	size_t fault_count;
	uint64_t
	    bytes; /* all bytes of the message on the wire, framing included (HTTP/2: of its frames) */
	int64_t first_us; /* clock at its first and last byte; 0: none */
	int64_t last_us;
};

/* Why an exchange ended. */
enum exchange_end {
	END_ANSWERED, /* the answer is whole */
	END_CLOSED,   /* the connection ended first */
	END_RESET,    /* HTTP/2: the stream was reset */
	END_SWITCHED, /* 101 or a 2xx to CONNECT: what follows is not HTTP */
	END_UNPARSED, /* the answer is not HTTP, or it could not be followed to its end */
};

/* What an answer says of itself: which model wrote it, and for how many tokens. */
struct generation {
	char model[LIMIT_GENERATION_NAME + 1]; /* "": it does not say */
	char id[LIMIT_GENERATION_NAME + 1];
	int64_t input_tokens; /* -1: it does not say */
	int64_t output_tokens;
};

/* What was read from a text/event-stream in a 2xx answer. */
struct stream_report {
	bool seen;              /* the answer was an event stream */
	bool done;              /* `[DONE]`, response.completed or message_stop came */
	uint64_t events;        /* count */
	uint64_t comments;      /* count, ": OPENROUTER PROCESSING" */
	struct buf error;       /* data of the first event that carries an error; JSON text */
	struct buf error_event; /* its `event:` name, may be empty */
	char finish[32];        /* last finish_reason / stop_reason seen */
	char native_finish[32]; /* last native_finish_reason seen */
	struct generation generation;
};

struct exchange {
	uint32_t connection; /* number of its connection in this process, from 1 */
	uint32_t seq;        /* number of the exchange on its connection, from 1 */
	uint32_t stream;     /* HTTP/2 stream id; 0 with HTTP/1 */
	enum http_version version;
	bool plain;        /* it went over TCP without TLS */
	struct slice sni;  /* TLS server name; absent when unknown */
	struct slice host; /* Host or :authority without a port; absent if the request names none */
	uint16_t port;     /* from Host or :authority; 0: not given */
	struct slice
	    path; /* target without scheme, authority and query; "*" and CONNECT targets as they are */
	struct slice query; /* after '?'; absent if there is none */
	struct message request;
	struct message response;
	struct stream_report events;
	enum exchange_end end;
	int informational;     /* how many 1xx came before the answer */
	char *memory;          /* owns sni and a copy of whatever is not in the heads */
	struct exchange *next; /* wire's own list; NULL once handed out */
};

void exchange_free(struct exchange *x); /* NULL is fine */

/*
 * The N-th (from 0) field of that name, ASCII case ignored; NULL if there are
 * fewer. field_value() gives the first one's value, absent if there is none.
 */
const struct field *message_field(const struct message *m, const char *name, size_t n);
struct slice field_value(const struct message *m, const char *name);

/* How many fields have that name. */
size_t field_times(const struct message *m, const char *name);

/* The media type of Content-Type without its parameters; absent if there is none. */
struct slice message_media_type(const struct message *m);

/* The first fault of that kind; NULL if there is none. */
const struct fault *message_fault(const struct message *m, enum fault_id id);

#endif
