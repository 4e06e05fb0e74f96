/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_FUZZ_DEMANDS_H
#define ORSHIM_FUZZ_DEMANDS_H

/*
 * What the targets demand of every output, where they find it, and the key that they plant: FF in
 * an input stands for it, and no output may hold a piece of it.
 */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cJSON.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { PLANTED_PIECE = 12, PLANTED_MAX = 1 << 22 };

#define PLANTED_HEX "9b1c77e04d5a2f836ce0b49d1fa7352886d0e1cb947f3a65120bd8f4ca69e573"
#define PLANTED_KEY "sk-or-v1-" PLANTED_HEX

#define demand(what) ((what) ? (void)0 : demand_failed(#what, __FILE__, __LINE__))

static inline __attribute__((noreturn)) void demand_failed(const char *what, const char *file,
							   int line)
{
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
	abort();
}

static inline void demand_json(struct slice text)
{
	cJSON *tree = cJSON_ParseWithLength(text.p, text.n);

	demand(tree != NULL);
	cJSON_Delete(tree);
}

static inline void demand_json_lines(struct slice lines)
{
	struct slice line;

	while (slice_cut(&lines, '\n', &line))
		if (line.n)
			demand_json(line);
}

static inline void demand_printable(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		demand(((unsigned char)text.p[i] >= ' ' && text.p[i] != 0x7f) || text.p[i] == '\n');
}

static inline bool planted_has_piece(struct slice text)
{
	for (size_t i = 0; i + PLANTED_PIECE <= sizeof(PLANTED_HEX) - 1; i++)
		if (slice_has(text, (struct slice){ &PLANTED_HEX[i], PLANTED_PIECE }))
			return true;
	return false;
}

/* The dashboard's label, three digits and the last four, is shorter than a piece. */
static inline void demand_no_key(const char *where, struct slice text)
{
	if (planted_has_piece(text)) {
		fprintf(stderr, "in the %s:\n%.*s\n", where, SLICE_ARG(text));
		abort();
	}
}

/*
 * The input with the key in place of each FF; the caller releases OUT. False: it
 * has a piece of the key already, which a fuzzer finds that watches
 * comparisons: alone it is no key.
 */
static inline bool planted(struct buf *out, const uint8_t *bytes, size_t n)
{
	const char *key = PLANTED_KEY;

	buf_init(out, PLANTED_MAX);
	if (planted_has_piece((struct slice){ (const char *)bytes, n }))
		return false;
	for (size_t i = 0; i < n; i++) {
		bool mark = bytes[i] == 0xFF;
		demand(buf_add(out, mark ? key : (const char *)&bytes[i],
			       mark ? sizeof(PLANTED_KEY) - 1 : 1) == 0);
	}
	return true;
}

/* A new folder in memory, where there is such a place. The target removes it at its end. */
static inline void make_folder(char out[PATH_MAX / 2])
{
	snprintf(out, PATH_MAX / 2, "%s/orshim-fuzz-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	demand(mkdtemp(out) != NULL);
}

/* What comes to stdout from the first call on, appended to OUT. */
static inline void take_stdout(struct buf *out)
{
	static int fd = -1;
	char piece[16384];
	ssize_t n;

	if (fd < 0) {
		fd = memfd_create("stdout", MFD_CLOEXEC);
		demand(fd >= 0 && dup2(fd, STDOUT_FILENO) == STDOUT_FILENO);
	}
	demand(lseek(fd, 0, SEEK_SET) == 0);
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		demand(buf_add(out, piece, (size_t)n) == 0);
	demand(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
}

#endif
