/* SPDX-License-Identifier: MIT */
#include "tap/attach_agent.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/direct.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/attach_proto.h"
#include "tap/process.h"
#include "tap/environ.h"
#include "tap/own_lock.h"
#include "tap/forks.h"
#include "tap/hook_guard.h"
#include "tap/scan.h"
#include "tap/tap.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT void orshim_attend(struct attach_request *o);
extern EXPORT struct attach_status orshim_presence;

/* Not initialized: its 4 KiB in .data would part what the constructor touches (base/early.h). */
EXPORT struct attach_status orshim_presence;

/* The same by a hidden name, which no other library can interpose. */
extern struct attach_status own_status
    __attribute__((alias("orshim_presence"), visibility("hidden")));

bool attach_agent_is_first(void)
{
	const struct attach_status *first = &orshim_presence;

	__asm__("" : "+r"(first)); /* for the compiler they are one */
	return first == &own_status;
}

/* One request at a time. */
static struct own_lock lock;

void attach_agent_start(void)
{
	orshim_presence.form = ATTACH_FORM;
}

void attach_agent_start_late(void)
{
	orshim_presence.state = ATTACH_STATE_DISABLED;
	hook_guard_disable();
	scan_set_late_attach();
}

static void answer(struct attach_request *o, enum attach_stage stage, const char *message)
{
	snprintf(o->message, sizeof(o->message), "%s", message);
	atomic_store(&o->stage, stage);
}

/* Only a file that its owner alone can write is trusted. Removed always: it was made for us. */
static bool read_settings(const char *path, struct buf *to)
{
	struct stat st;
	ssize_t n = -1;
	int fd = direct_open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0);

	if (fd < 0)
		return false;
	if (direct_fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == direct_geteuid() &&
	    !(st.st_mode & 077) && st.st_size <= LIMIT_KEPT_SETTINGS) {
		char *bytes = malloc(LIMIT_KEPT_SETTINGS);
		n = bytes ? direct_read(fd, bytes, LIMIT_KEPT_SETTINGS) : -1;
		if (n > 0 && buf_add(to, bytes, (size_t)n) != 0)
			n = -1;
		free(bytes);
	}
	direct_close(fd);
	direct_unlink(path);
	return n >= 0;
}

static const char searching[] = "another thread there is still looking for TLS libraries";

static void attach(struct attach_request *o)
{
	struct attach_status *now = &orshim_presence;
	struct hook_guard g;
	struct buf settings;

	buf_init(&settings, LIMIT_KEPT_SETTINGS);
	forks_expect();
	if (!read_settings(o->settings, &settings)) {
		answer(o, ATTACH_FAILED, "the file with the settings could not be read");
	} else if (tap_enable(buf_slice(&settings)) != 0) {
		answer(o, ATTACH_FAILED, "out of memory");
	} else if (!hook_guard_enable() || !hook_enter(&g)) {
		answer(o, ATTACH_FAILED, "the shim has turned itself off in this process");
	} else if (!scan_enable()) {
		hook_leave(&g);
		hook_guard_disable();
		answer(o, ATTACH_FAILED, searching);
	} else {
		process_announce(now->log, sizeof(now->log));
		now->state = ATTACH_STATE_ATTACHED;
		now->attached++;
		now->since_us = process_clock();
		process_describe(o->message, sizeof(o->message));
		atomic_store(&o->stage, ATTACH_DONE);
		hook_leave(&g);
	}
	buf_release(&settings);
}

/* Restore the tables first: calls from now on go to the originals. */
static void detach(struct attach_request *o)
{
	if (!scan_disable()) {
		answer(o, ATTACH_FAILED, searching);
		return;
	}
	hook_guard_disable();
	tap_disable();
	orshim_presence.state = ATTACH_STATE_DISABLED;
	orshim_presence.since_us = process_clock();
	answer(o, ATTACH_DONE, "");
}

/* Called by a thread that `orshim attach` had made, with every signal blocked. */
EXPORT void orshim_attend(struct attach_request *o)
{
	if (o->form != ATTACH_FORM)
		return;
	atomic_store(&o->stage, ATTACH_RUNNING);
	if (own_lock_try(&lock) == OWN_LOCK_BUSY) {
		answer(o, ATTACH_FAILED, "another request is being carried out there");
		return;
	}
	if (o->verb == ATTACH_VERB_ATTACH && orshim_presence.state == ATTACH_STATE_DISABLED)
		attach(o);
	else if (o->verb == ATTACH_VERB_DETACH && orshim_presence.state != ATTACH_STATE_DISABLED)
		detach(o);
	else if (o->verb == ATTACH_VERB_ATTACH)
		answer(o, ATTACH_FAILED, "the shim is at work in this process already");
	else
		answer(o, ATTACH_DONE, "");
	own_lock_release(&lock);
}
