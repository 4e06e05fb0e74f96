/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_RECORD_H
#define ORSHIM_RECORD_H

/*
 * The lines of the log: JSON objects of version 1 (README, "The log"). Each
 * function appends one line with its line feed to LINE and returns 0, or -1
 * at the ceiling or without memory (then the line must not be written).
 * Nothing secret goes in: tokens are labels and fingerprints, header values
 * are redacted, bodies are structure.
 */
#include "base/buf.h"
#include "base/tls_library.h"
#include "diagnose/diagnose.h"

/* Who wrote the record. */
struct origin {
	int64_t time_us; /* since 1970, UTC */
	int pid;         /* 0: a capture, not a process */
	int ppid;
	const char *exe;   /* path of the executable */
	const char *argv0; /* as the process was called */
	const char *role; /* which of its program's processes it is: "--type=extensionHost"; NULL */
	const char *tool; /* last component of exe: "node" */
	const struct machine *machine; /* NULL: a capture, or not known */
	unsigned exchange; /* number of the exchange in this process, from 1; 0: not counted */
};

struct machine;

int record_process(struct buf *line, const struct origin *o, const struct tls_library *libraries,
		   size_t count);

/* A host that a relayed process asked and that was not looked into, and WHY not. */
struct relayed_host {
	const char *host;
	const char *why; /* NULL: it is not an API's, its bytes went through unread */
};

/* The `process` record of a process that was redirected to a relay, with what went by unseen. */
int record_relayed(struct buf *line, const struct origin *o, const struct tls_library *copy,
		   const struct relayed_host *hosts, size_t count);

/* KEPT saves work when the same header fields come again, see json_wire.h; may be NULL. */
struct kept_pairs;
int record_exchange(struct buf *line, const struct origin *o, const struct diagnosis *d,
		    struct kept_pairs *kept);

/* Such a reason: a sandbox or another root hides the library. */
#define NOT_PRELOADED_HIDDEN \
	"the shim's library is not visible where it runs, in a sandbox or under another root"

/* A process that the library did not get into, and WHY. Allocates and locks nothing itself. */
int record_not_preloaded(struct buf *line, const struct origin *o, const char *why);

/* A connection without an exchange. */
struct connection_record {
	uint32_t number;
	struct slice host;
	const struct finding *findings; /* silence_diagnose()'s or failed_handshake_diagnose()'s */
	size_t count;
	const char *blind;                 /* why it was not read; NULL */
	const struct handshake *handshake; /* what failed; NULL */
};

int record_connection(struct buf *line, const struct origin *o, const struct connection_record *c);

/* "2026-11-24T00:04:00.123Z" (RFC 3339). */
enum { TIMESTAMP_SIZE = 32 };
void record_timestamp(int64_t time_us, char out[TIMESTAMP_SIZE]);

#endif
