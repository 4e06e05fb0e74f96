/* SPDX-License-Identifier: MIT */
#include "tap/attend.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/direct.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/order.h"
#include "tap/desk.h"
#include "tap/environ.h"
#include "tap/own_lock.h"
#include "tap/passage.h"
#include "tap/scan.h"
#include "tap/tap.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT void orshim_attend(struct order *o);
extern EXPORT struct presence orshim_presence;

/* Not initialized: its 4 KiB in .data would part what the constructor touches (base/early.h). */
EXPORT struct presence orshim_presence;

/* The same by a name that no other library can stand in for. */
extern struct presence own_presence __attribute__((alias("orshim_presence"), visibility("hidden")));

bool attend_is_first(void)
{
	const struct presence *first = &orshim_presence;

	__asm__("" : "+r"(first)); /* for the compiler they are one */
	return first == &own_presence;
}

/* One order at a time. */
static struct own_lock lock;

void attend_start(void)
{
	orshim_presence.form = ORDER_FORM;
}

void attend_start_late(void)
{
	orshim_presence.state = PRESENCE_RESTING;
	passage_rest();
	scan_come_late();
}

static void answer(struct order *o, enum order_stage stage, const char *said)
{
	snprintf(o->said, sizeof(o->said), "%s", said);
	atomic_store(&o->stage, stage);
}

/* Only what its owner alone could write is believed. Removed in any case: it was made for us. */
static bool read_settings(const char *path, struct buf *to)
{
	struct stat st;
	ssize_t n = -1;
	int fd = direct_open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0);

	if (fd < 0)
		return false;
	if (direct_fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == direct_geteuid() &&
	    !(st.st_mode & 077) && st.st_size <= LIMIT_KEPT_SETTINGS) {
		char *room = malloc(LIMIT_KEPT_SETTINGS);
		n = room ? direct_read(fd, room, LIMIT_KEPT_SETTINGS) : -1;
		if (n > 0 && buf_add(to, room, (size_t)n) != 0)
			n = -1;
		free(room);
	}
	direct_close(fd);
	direct_unlink(path);
	return n >= 0;
}

static const char searching[] = "another thread there is still looking for TLS libraries";

static void attach(struct order *o)
{
	struct presence *now = &orshim_presence;
	struct passage p;
	struct buf settings;

	buf_init(&settings, LIMIT_KEPT_SETTINGS);
	if (!read_settings(o->settings, &settings)) {
		answer(o, ORDER_FAILED, "the file with the settings could not be read");
	} else if (tap_wake(buf_slice(&settings)) != 0) {
		answer(o, ORDER_FAILED, "out of memory");
	} else if (!passage_wake() || !passage_enter(&p)) {
		answer(o, ORDER_FAILED, "the shim has turned itself off in this process");
	} else if (!scan_wake()) {
		passage_leave(&p);
		passage_rest();
		answer(o, ORDER_FAILED, searching);
	} else {
		desk_announce(now->log, sizeof(now->log));
		now->state = PRESENCE_ATTACHED;
		now->attached++;
		now->since_us = desk_clock();
		desk_describe(o->said, sizeof(o->said));
		atomic_store(&o->stage, ORDER_DONE);
		passage_leave(&p);
	}
	buf_release(&settings);
}

/* The tables first: whoever comes from now on calls the originals. */
static void detach(struct order *o)
{
	if (!scan_rest()) {
		answer(o, ORDER_FAILED, searching);
		return;
	}
	passage_rest();
	tap_rest();
	orshim_presence.state = PRESENCE_RESTING;
	orshim_presence.since_us = desk_clock();
	answer(o, ORDER_DONE, "");
}

/* Called by a thread that `orshim attach` had made, with every signal blocked. */
EXPORT void orshim_attend(struct order *o)
{
	if (o->form != ORDER_FORM)
		return;
	atomic_store(&o->stage, ORDER_AT_WORK);
	if (own_lock_try(&lock) == OWN_LOCK_BUSY) {
		answer(o, ORDER_FAILED, "another order is being carried out there");
		return;
	}
	if (o->verb == ORDER_ATTACH && orshim_presence.state == PRESENCE_RESTING)
		attach(o);
	else if (o->verb == ORDER_DETACH && orshim_presence.state != PRESENCE_RESTING)
		detach(o);
	else if (o->verb == ORDER_ATTACH)
		answer(o, ORDER_FAILED, "the shim is at work in this process already");
	else
		answer(o, ORDER_DONE, "");
	own_lock_release(&lock);
}
