/* SPDX-License-Identifier: MIT */
#include "tap/follow/unfollowed.h"

#include <stdatomic.h>
#include <sys/mman.h>

#include "base/direct.h"
#include "base/early.h"
#include "report/log.h"
#include "report/record.h"
#include "tap/desk.h"
#include "tap/environ.h"

/* Hashes of the programs that were told, shared with all that fork from here. */
static _Atomic uint64_t *told EARLY;

static const char *const why[] = {
	[TARGET_STATIC] = "it is statically linked, so nothing can be preloaded",
	[TARGET_FOREIGN] = "it is built for another architecture than the shim",
	[TARGET_OTHER_LIBC] = "it uses another libc than glibc, for which the shim is built",
	[TARGET_PRIVILEGED] = "it is setuid, setgid or has file capabilities: the loader ignores "
			      "LD_PRELOAD there",
};

void unfollowed_start(void)
{
	const char *log = environ_setting("ORSHIM_LOG");

	if (!log || !*log)
		return;
	void *page = mmap(NULL, LIMIT_UNFOLLOWED * sizeof(*told), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page != MAP_FAILED)
		told = page;
}

/* FNV-1a; never 0, which is a free slot. */
static uint64_t hash_of(const char *text)
{
	uint64_t h = 0xcbf29ce484222325ULL;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3ULL;
	return h | 1;
}

/* Is this the first time? Not either when no slot is left. */
static bool is_news(const char *program)
{
	uint64_t hash = hash_of(program);

	for (size_t i = 0; i < LIMIT_UNFOLLOWED; i++) {
		uint64_t held = 0;
		if (atomic_compare_exchange_strong(&told[i], &held, hash))
			return true;
		if (held == hash)
			return false;
	}
	return false;
}

void unfollowed_tell(const struct target *t, pid_t pid, pid_t parent)
{
	char text[LIMIT_SMALL_LINE];
	/* Never grows: all its room is there already. */
	struct buf line = { .p = text, .cap = sizeof(text), .max = sizeof(text) };
	struct origin o = { .time_us = desk_clock(), .pid = pid, .ppid = parent, .exe = t->path };
	struct sink log;

	if (!told || direct_access(t->path, X_OK) != 0 || !is_news(t->path))
		return;
	if (record_unfollowed(&line, &o, why[t->kind]) != 0)
		return;
	sink_init_file(&log, environ_setting("ORSHIM_LOG"));
	sink_write(&log, buf_slice(&line));
	sink_close(&log);
}
