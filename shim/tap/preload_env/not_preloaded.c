/* SPDX-License-Identifier: MIT */
#include "tap/preload_env/not_preloaded.h"

#include <stdatomic.h>
#include <sys/mman.h>

#include "base/direct.h"
#include "base/early.h"
#include "base/hash.h"
#include "report/sink.h"
#include "report/record.h"
#include "tap/process.h"
#include "tap/environ.h"

/* Hashes of the programs that were reported, shared with all that fork from here. */
static _Atomic uint64_t *reported EARLY;

static const char *const why[] = {
	[EXEC_STATIC] = "it is statically linked, so nothing can be preloaded",
	[EXEC_FOREIGN] = "it is built for another architecture than the shim",
	[EXEC_OTHER_LIBC] = "it uses another libc than glibc and musl, for which the shim is built",
	[EXEC_PRIVILEGED] = "it is setuid, setgid or has file capabilities: the loader ignores "
			    "LD_PRELOAD there",
	[EXEC_HIDDEN] = NOT_PRELOADED_HIDDEN,
};

void not_preloaded_start(void)
{
	const char *log = environ_setting("ORSHIM_LOG");

	if (!log || !*log)
		return;
	void *page = mmap(NULL, LIMIT_NOT_PRELOADED * sizeof(*reported), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page != MAP_FAILED)
		reported = page;
}

/* Was this program not reported yet? False also when no slot is left. */
static bool is_news(const char *program)
{
	uint64_t hash = hash_of(slice_of(program)) | 1; /* 0 is a free slot */

	for (size_t i = 0; i < LIMIT_NOT_PRELOADED; i++) {
		uint64_t held = 0;
		if (atomic_compare_exchange_strong(&reported[i], &held, hash))
			return true;
		if (held == hash)
			return false;
	}
	return false;
}

void not_preloaded_report(const struct exec_target *t, pid_t pid, pid_t parent)
{
	char text[LIMIT_SMALL_LINE];
	/* Never allocates: its ceiling is the size of the array. */
	struct buf line = { .p = text, .cap = sizeof(text), .max = sizeof(text) };
	struct origin o = {
		.time_us = process_clock(), .pid = pid, .ppid = parent, .exe = t->path
	};
	struct sink log;

	if (!reported || direct_access(t->path, X_OK) != 0 || !is_news(t->path))
		return;
	if (record_not_preloaded(&line, &o, why[t->kind]) != 0)
		return;
	sink_init_file(&log, environ_setting("ORSHIM_LOG"));
	sink_write(&log, buf_slice(&line));
	sink_close(&log);
}
