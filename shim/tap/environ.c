/* SPDX-License-Identifier: MIT */
/*
 * setenv() in another thread may move or free the variables while we read them.
 * Reading our own memory through process_vm_readv(2) turns a stale pointer into an
 * error instead of a crash. The strings are read again only when the array of
 * pointers has changed.
 */
#include "tap/environ.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "base/early.h"
#include "base/limits.h"
#include "tap/own_pid.h"

extern char **environ;

enum {
	POINTERS_MAX = 4096,  /* variables; more are not looked at */
	STEP = 4096,          /* bytes of a string read at a time, within one page */
	SETTINGS_ROOM = 1024, /* bytes; those that need more are allocated */
};

/* Immutable but by environ_take_settings(). */
static struct {
	char *p;
	size_t n;
} settings EARLY;
static char settings_room[SETTINGS_ROOM] EARLY;
static struct slice initial_block EARLY;

/* Guarded by the caller's lock. */
static bool stopped;
static struct buf block = { .max = LIMIT_ENVIRON };
static struct buf pointers = { .max = (POINTERS_MAX + 1) * sizeof(char *) };

static bool is_setting(const char *entry)
{
	static const struct slice kept[] = { SLICE("ORSHIM_"), SLICE("NO_COLOR="), SLICE("TERM="),
					     SLICE("HOME="), SLICE("XDG_CACHE_HOME=") };

	/* Asked of all variables in every process: no calls, mostly one comparison. */
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (entry[0] == kept[i].p[0] && slice_starts(slice_of(entry), kept[i]))
			return true;
	return false;
}

/* Those that LIMIT_SETTINGS leaves out, and all that come behind, are not kept. */
static size_t settings_size(char *const *initial)
{
	size_t total = 0;

	for (char *const *e = initial; e && *e; e++) {
		size_t n = is_setting(*e) ? strlen(*e) + 1 : 0;
		if (n > LIMIT_SETTINGS - total)
			break;
		total += n;
	}
	return total;
}

static void keep_settings(char *const *initial)
{
	size_t size = settings_size(initial);

	settings.p = size <= sizeof(settings_room) ? settings_room : malloc(size);
	for (char *const *e = initial; settings.p && settings.n < size; e++) {
		if (!is_setting(*e))
			continue;
		size_t n = strlen(*e) + 1;
		memcpy(settings.p + settings.n, *e, n);
		settings.n += n;
	}
}

void environ_start(char *const *initial)
{
	const char *end = initial && initial[0] ? initial[0] : NULL;

	keep_settings(initial);
	for (char *const *e = initial; e && *e; e++)
		if (*e == end)
			end = *e + strlen(*e) + 1;
	/* The kernel lays the strings out one behind the other; stop where somebody did not. */
	if (end)
		initial_block = (struct slice){ initial[0], (size_t)(end - initial[0]) };
}

int environ_take_settings(struct slice given)
{
	struct buf taken;

	buf_init(&taken, LIMIT_KEPT_SETTINGS);
	for (size_t at = 0; at < given.n;) {
		struct slice entry = { given.p + at, strnlen(given.p + at, given.n - at) + 1 };

		if (entry.n > given.n - at)
			break; /* the last one is not ended */
		if (is_setting(entry.p) && buf_add_slice(&taken, entry) != 0) {
			buf_release(&taken);
			return -1;
		}
		at += entry.n;
	}
	if (settings.p != settings_room)
		free(settings.p);
	settings.p = taken.p;
	settings.n = taken.n;
	buf_reset(&block); /* after an attach the variables must be read again */
	return 0;
}

char *environ_setting(const char *name)
{
	size_t n = strlen(name);

	for (size_t at = 0; at < settings.n; at += strlen(settings.p + at) + 1)
		if (strncmp(settings.p + at, name, n) == 0 && settings.p[at + n] == '=')
			return settings.p + at + n + 1;
	return NULL;
}

static ssize_t peek(const void *from, void *to, size_t n)
{
	struct iovec local = { to, n };
	struct iovec remote = { (void *)from, n };

	return process_vm_readv(own_pid(), &local, 1, &remote, 1, 0);
}

/* Up to the end of FROM's page: a read that crosses into nowhere would give less anyway. */
static size_t to_page_end(const void *from, size_t most)
{
	size_t rest = STEP - (uintptr_t)from % STEP;

	return rest < most ? rest : most;
}

/* Append the NUL-terminated string at FROM, its NUL included. */
static bool copy_string(struct buf *to, const char *from)
{
	char chunk[STEP];

	for (;;) {
		ssize_t n = peek(from, chunk, to_page_end(from, sizeof(chunk)));
		if (n <= 0)
			return false;
		const char *nul = memchr(chunk, '\0', (size_t)n);
		size_t take = nul ? (size_t)(nul - chunk) + 1 : (size_t)n;
		if (buf_add(to, chunk, take) != 0)
			return false;
		if (nul)
			return true;
		from += n;
	}
}

/* Append the pointers of the array at FROM, without the NULL at its end. */
static bool copy_pointers(struct buf *to, char *const *from)
{
	char *chunk[64];

	for (;;) {
		ssize_t n = peek(from, chunk, to_page_end(from, sizeof(chunk)));
		size_t count = n > 0 ? (size_t)n / sizeof(chunk[0]) : 0;
		if (!count)
			return false;
		for (size_t i = 0; i < count; i++)
			if (!chunk[i])
				return true;
			else if (buf_add(to, &chunk[i], sizeof(chunk[i])) != 0)
				return false;
		from += count;
	}
}

void environ_stop(void)
{
	stopped = true;
}

bool environ_now(struct slice *now_block)
{
	struct buf now;

	if (stopped)
		return false;
	buf_init(&now, pointers.max);
	if (!environ || !copy_pointers(&now, environ)) {
		buf_release(&now);
		*now_block = initial_block;
		return true;
	}
	*now_block = buf_slice(&block);
	if (block.n && slice_equal(buf_slice(&now), buf_slice(&pointers))) {
		buf_release(&now);
		return false;
	}
	buf_release(&pointers);
	pointers = now;
	buf_reset(&block);
	for (size_t i = 0; i < now.n / sizeof(char *); i++) {
		size_t before = block.n;
		char *entry;
		memcpy(&entry, now.p + i * sizeof(char *), sizeof(entry));
		if (!copy_string(&block, entry))
			block.n = before;
	}
	*now_block = block.n ? buf_slice(&block) : initial_block;
	return true;
}
