/* SPDX-License-Identifier: MIT */
#include "tools/log/log_counts.h"

#include <cJSON.h>
#include <string.h>
#include <sys/stat.h>

#include "tap/find/find.h"
#include "tools/command.h"

enum { CAUSES_MAX = 1 << 20, CAUSES_SHOWN = 5 };

off_t log_size(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return 0;
	if (!S_ISREG(st.st_mode))
		die("the log %s is not a regular file; the report is made from the log", path);
	return st.st_size;
}

void log_counts_init(struct log_counts *t)
{
	memset(t, 0, sizeof(*t));
	buf_init(&t->causes, CAUSES_MAX);
	buf_init(&t->reason, LIMIT_SHOWN_MESSAGE);
	buf_init(&t->addon, LIMIT_SHOWN_MESSAGE);
	buf_init(&t->unfollowed, LIMIT_SHOWN_MESSAGE);
}

void log_counts_release(struct log_counts *t)
{
	buf_release(&t->causes);
	buf_release(&t->reason);
	buf_release(&t->addon);
	buf_release(&t->unfollowed);
}

static const char *member(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

/* A child without the library: which TLS library it has, if any, is not known. */
static void add_unfollowed(struct log_counts *t, const cJSON *record, const char *why)
{
	const char *exe = member(record, "exe");
	const char *slash = exe ? strrchr(exe, '/') : NULL;

	if (t->unfollowed_count++ || !exe)
		return;
	mask_text(&t->unfollowed, slice_of(slash ? slash + 1 : exe), LIMIT_SHOWN_VALUE);
	say(&t->unfollowed, ": ");
	mask_text(&t->unfollowed, slice_of(why), LIMIT_SHOWN_VALUE);
}

static int pid_of(const cJSON *record)
{
	const cJSON *pid = cJSON_GetObjectItemCaseSensitive(record, "pid");

	return cJSON_IsNumber(pid) ? pid->valueint : 0;
}

/* A relay observed the process that could not be tapped: do not count it as untapped. */
static bool is_relayed_since(struct log_counts *t, int pid)
{
	for (unsigned i = 0; pid && i < LOG_COUNTS_PIDS && i < t->untapped_places; i++)
		if (t->untapped_pids[i] == pid) {
			t->untapped_pids[i] = 0;
			t->untapped--;
			return true;
		}
	return false;
}

static void add_untapped(struct log_counts *t, int pid, const char *why)
{
	t->untapped++;
	if (t->untapped_places < LOG_COUNTS_PIDS)
		t->untapped_pids[t->untapped_places++] = pid;
	if (why && t->reason.n == 0)
		mask_text(&t->reason, slice_of(why), LIMIT_SHOWN_MESSAGE);
}

/* A relay writes its record again when it knows more. */
static bool is_relayed_again(struct log_counts *t, int pid)
{
	for (unsigned i = 0; i < t->relayed_places; i++)
		if (t->relayed_pids[i] == pid)
			return true;
	if (t->relayed_places < LOG_COUNTS_PIDS)
		t->relayed_pids[t->relayed_places++] = pid;
	return false;
}

/* "/…/addon.node: rustls", of a process whose other TLS is tapped. */
static void add_addon(struct log_counts *t, const cJSON *copy)
{
	const char *object = member(copy, "object"), *library = member(copy, "library");

	if (t->addon.n || !object || !library || !find_is_addon(object))
		return;
	mask_text(&t->addon, slice_of(object), LIMIT_SHOWN_VALUE);
	say(&t->addon, " (%s)", library);
}

static void add_process(struct log_counts *t, const cJSON *record)
{
	const char *unfollowed = member(record, "unfollowed");
	const cJSON *copy;
	const char *why = NULL;
	bool tapped = false, relayed = false;
	int pid = pid_of(record);

	if (unfollowed) {
		add_unfollowed(t, record, unfollowed);
		return;
	}
	cJSON_ArrayForEach(copy, cJSON_GetObjectItemCaseSensitive(record, "tls"))
	{
		const char *tap = member(copy, "tap");
		relayed |= tap && strcmp(tap, "relay") == 0;
		if (tap && strcmp(tap, "none") != 0)
			tapped = true;
		else if (!why)
			why = member(copy, "reason");
		if (tap && strcmp(tap, "none") == 0)
			add_addon(t, copy);
	}
	if (relayed && (is_relayed_again(t, pid) || is_relayed_since(t, pid)))
		return;
	t->processes++;
	if (!tapped)
		add_untapped(t, pid, why);
}

static void add_exchange(struct log_counts *t, const cJSON *record)
{
	const cJSON *verdict = cJSON_GetObjectItemCaseSensitive(record, "verdict");
	const char *cause = member(verdict, "cause");

	if (cJSON_IsNull(verdict))
		return; /* a probe */
	t->exchanges++;
	retries_add(&t->retries, log_retry(record));
	if (!member(verdict, "refused_by"))
		return;
	t->failed++;
	if (cause)
		buf_add_some(&t->causes, cause, strlen(cause) + 1);
}

static void add_record(struct log_counts *t, const cJSON *record)
{
	const char *kind = member(record, "record");

	if (!kind)
		return;
	t->lines++;
	if (strcmp(kind, "process") == 0)
		add_process(t, record);
	else if (strcmp(kind, "exchange") == 0)
		add_exchange(t, record);
}

void log_counts_add(struct log_counts *t, struct slice log)
{
	struct slice line;

	while (slice_cut(&log, '\n', &line)) {
		cJSON *record = cJSON_ParseWithLength(line.p, line.n);
		if (!record)
			continue;
		add_record(t, record);
		cJSON_Delete(record);
	}
}

/* List each cause once, in the order of first occurrence. */
static void say_causes(const struct log_counts *t, struct buf *out)
{
	const struct buf *all = &t->causes;
	unsigned shown = 0;

	for (size_t at = 0; at < all->n; at += strlen(all->p + at) + 1) {
		unsigned times = 0;
		bool seen = false;
		for (size_t other = 0; other < all->n; other += strlen(all->p + other) + 1) {
			bool same = strcmp(all->p + other, all->p + at) == 0;
			seen |= same && other < at;
			times += same;
		}
		if (seen || shown == CAUSES_SHOWN)
			continue;
		say(out, shown++ ? ", %s" : ": %s", all->p + at);
		if (times > 1)
			say(out, " (%u times)", times);
	}
}

void log_counts_say(const struct log_counts *t, struct buf *out)
{
	if (t->exchanges)
		say(out, "%u API exchange%s, ", t->exchanges, t->exchanges == 1 ? "" : "s");
	else if (t->processes)
		say(out, "no API exchange was seen in %u process%s with TLS", t->processes,
		    t->processes == 1 ? "" : "es");
	else
		say(out, "no process with TLS was seen");
	if (t->exchanges && t->failed)
		say(out, "%u refused", t->failed);
	else if (t->exchanges)
		say(out, "none refused");
	say_causes(t, out);
	if (t->retries.counted + t->retries.alike)
		say(out, "; ");
	retries_words(&t->retries, t->exchanges, out);
	if (t->unfollowed_count && t->exchanges == 0)
		say(out, "; %u program%s could not be followed (%.*s)", t->unfollowed_count,
		    t->unfollowed_count == 1 ? "" : "s", SLICE_ARG(buf_slice(&t->unfollowed)));
	if (t->untapped == 0)
		return;
	say(out, "; %u process%s could not be tapped", t->untapped, t->untapped == 1 ? "" : "es");
	if (t->reason.n)
		say(out, " (%.*s)", SLICE_ARG(buf_slice(&t->reason)));
}
