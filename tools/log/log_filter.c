/* SPDX-License-Identifier: MIT */
#include "tools/log/log_filter.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <time.h>

#include "tools/command.h"
#include "tools/log/processes.h"

enum { KEY_DIGITS_MIN = 6 };

static const int64_t second = 1000000;

/* Parse "90s", "10m", "2h" or "3d" into seconds; -1: another form. */
static int64_t seconds_of(const char *text)
{
	static const char units[] = "smhd";
	static const int seconds[] = { 1, 60, 3600, 86400 };
	size_t digits = strspn(text, "0123456789");
	const char *unit =
	    digits && digits < 9 && text[digits] ? strchr(units, text[digits]) : NULL;

	if (!unit || text[digits + 1])
		return -1;
	return atoll(text) * seconds[unit - units];
}

/* The most recent local time HH:MM; -1: TEXT has another form. */
static int64_t clock_of(const char *text, int64_t now_us)
{
	time_t now = (time_t)(now_us / second);
	struct tm tm;
	int end = 0, hour, minute;

	if (sscanf(text, "%2d:%2d%n", &hour, &minute, &end) != 2 || text[end] || hour > 23 ||
	    minute > 59 || hour < 0 || minute < 0 || !localtime_r(&now, &tm))
		return -1;
	tm.tm_hour = hour;
	tm.tm_min = minute;
	tm.tm_sec = 0;
	tm.tm_isdst = -1;
	time_t then = mktime(&tm);
	if (then > now) {
		tm.tm_mday--;
		tm.tm_isdst = -1;
		then = mktime(&tm);
	}
	return (int64_t)then * second;
}

/* Midnight, in local time, at the beginning of the day YYYY-MM-DD; -1: TEXT has another form. */
static int64_t day_of(const char *text)
{
	struct tm tm = { .tm_isdst = -1 };
	int year, month, day, end = 0;

	if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &end) != 3 || text[end])
		return -1;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = day;
	int64_t at = (int64_t)mktime(&tm) * second;
	/* mktime(3) makes March of 30 February. */
	return tm.tm_mon == month - 1 && tm.tm_mday == day ? at : -1;
}

int64_t log_filter_date(const char *text)
{
	int zone_hour = 0, zone_minute = 0, end = 0, fraction = 0;
	struct tm tm = { 0 };
	char sign;

	if (sscanf(text, "%4d-%2d-%2d%*1[Tt ]%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min, &end) != 5 ||
	    !end)
		return -1;
	text += end;
	end = 0;
	if (sscanf(text, ":%2d%n", &tm.tm_sec, &end) == 1)
		text += end;
	if (*text == '.') {
		char digits[] = "000000";
		size_t n = strspn(++text, "0123456789");
		memcpy(digits, text, n < 6 ? n : 6);
		fraction = atoi(digits);
		text += n;
	}
	end = 0;
	bool is_utc = (*text == 'Z' || *text == 'z') && !text[1];
	if (!is_utc && (sscanf(text, "%c%2d:%2d%n", &sign, &zone_hour, &zone_minute, &end) != 3 ||
			!end || text[end] || (sign != '+' && sign != '-')))
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	int64_t zone = is_utc ? 0 : (zone_hour * 60 + zone_minute) * (sign == '-' ? -60 : 60);
	return ((int64_t)timegm(&tm) - zone) * second + fraction;
}

static int64_t time_of(const char *text, int64_t otherwise, const char *option, const char *command,
		       int64_t now_us)
{
	if (!text)
		return otherwise;
	int64_t ago = seconds_of(text);
	int64_t at = ago >= 0 ? now_us - ago * second : clock_of(text, now_us);
	if (at < 0)
		at = log_filter_date(text);
	if (at < 0)
		at = day_of(text);
	if (at < 0)
		die("%s: %s takes a time (2026-11-24T09:30:00Z), a day (2026-11-24), a local "
		    "HH:MM, or how long ago (90s, 10m, 2h, 3d), not '%s'",
		    command, option, text);
	return at;
}

/* Values separated by commas. */
static void read_values(struct filter_values *values, const struct option_list *list,
			const char *option, const char *command)
{
	for (size_t i = 0; i < list->count; i++) {
		struct slice rest = slice_of(list->items[i]), value;
		while (slice_cut(&rest, ',', &value)) {
			if (values->count == FILTER_VALUES_MAX || value.n >= FILTER_VALUE_MAX)
				die("%s: %s has too many values, or too long ones", command,
				    option);
			if (!value.n)
				die("%s: %s has an empty value in '%s'", command, option,
				    list->items[i]);
			memcpy(values->texts[values->count], value.p, value.n);
			values->texts[values->count++][value.n] = '\0';
		}
	}
}

static bool is_status(const char *text)
{
	bool is_class = text[0] && strcasecmp(text + 1, "xx") == 0;

	return text[0] >= '1' && text[0] <= '5' &&
	       (is_class || (strspn(text, "0123456789") == 3 && !text[3]));
}

/* The digits of "sha256:1f3a9c" or "1f3a9c"; NULL: TEXT is a label. */
static const char *key_digits(const char *text)
{
	const char *digits = strncmp(text, "sha256:", 7) == 0 ? text + 7 : text;
	size_t n = strspn(digits, "0123456789abcdef");

	return n >= KEY_DIGITS_MIN && !digits[n] ? digits : NULL;
}

static const char *rule_name(const void *table, size_t i)
{
	return ((const struct rule *)table)[i].id;
}

static void check_values(const struct log_filter *f, const char *command)
{
	for (size_t i = 0; i < f->status.count; i++)
		if (!is_status(f->status.texts[i]))
			die("%s: --status takes 401, 4xx or a list of them, not '%s'", command,
			    f->status.texts[i]);
	for (size_t i = 0; i < f->cause.count; i++) {
		const char *id = f->cause.texts[i];
		if (strcmp(id, "none") == 0 || rule_find(slice_of(id)) != RULE_NONE)
			continue;
		const char *near = nearest_name(id, rule_name, rules, RULE_COUNT);
		die("%s: --cause takes a rule's id or none, not '%s'; %s%s", command, id,
		    near ? "did you mean " : "`orshim rules` lists them", near ? near : "");
	}
}

static const char *const place_options[FILTER_PLACES] = {
	[FILTER_MACHINE] = "--machine",
	[FILTER_CONTAINER] = "--container",
	[FILTER_BOOT] = "--boot",
	[FILTER_CI] = "--ci",
	[FILTER_TOOL_VERSION] = "--tool-version",
	[FILTER_ORSHIM] = "--orshim",
};

struct log_filter *log_filter_read(const struct filter_options *o, const char *command,
				   int64_t now_us)
{
	struct log_filter *f = calloc(1, sizeof(*f));

	if (!f)
		die("out of memory");
	f->since = time_of(o->since, INT64_MIN, "--since", command, now_us);
	f->until = time_of(o->until, INT64_MAX, "--until", command, now_us);
	if (f->until <= f->since)
		die("%s: nothing is before %s (--until) and since %s", command, o->until, o->since);
	read_values(&f->status, &o->status, "--status", command);
	read_values(&f->host, &o->host, "--host", command);
	read_values(&f->process, &o->process, "--process", command);
	read_values(&f->model, &o->model, "--model", command);
	read_values(&f->cause, &o->cause, "--cause", command);
	read_values(&f->key, &o->key, "--key", command);
	check_values(f, command);
	f->given = o->since || o->until || f->status.count || f->host.count || f->process.count ||
		   f->model.count || f->cause.count || f->key.count;
	for (int i = 0; i < FILTER_PLACES; i++) {
		read_values(&f->places[i], &o->places[i], place_options[i], command);
		f->given |= f->places[i].count > 0;
	}
	return f;
}

static bool fits_glob(const struct filter_values *v, const char *text)
{
	for (size_t i = 0; i < v->count; i++)
		if (text && *text && fnmatch(v->texts[i], text, FNM_CASEFOLD) == 0)
			return true;
	return v->count == 0;
}

static bool fits_status(const struct filter_values *v, int status)
{
	for (size_t i = 0; i < v->count; i++) {
		const char *text = v->texts[i];
		if (text[1] == 'x' || text[1] == 'X' ? status / 100 == text[0] - '0'
						     : status == atoi(text))
			return true;
	}
	return v->count == 0;
}

static bool fits_process(const struct filter_values *v, const struct filter_subject *s)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", s->pid);
	for (size_t i = 0; i < v->count; i++)
		if (strcmp(v->texts[i], pid) == 0)
			return true;
	return fits_glob(v, s->tool);
}

static bool fits_cause(const struct filter_values *v, const char *cause)
{
	for (size_t i = 0; i < v->count; i++)
		if (strcmp(v->texts[i], cause ? cause : "none") == 0)
			return true;
	return v->count == 0;
}

static bool fits_key(const struct filter_values *v, const struct filter_subject *s)
{
	for (size_t i = 0; i < v->count; i++) {
		const char *digits = key_digits(v->texts[i]);
		if (s->token && strcmp(v->texts[i], s->token) == 0)
			return true;
		if (digits && s->key && strncmp(s->key, "sha256:", 7) == 0 &&
		    strncmp(s->key + 7, digits, strlen(digits)) == 0)
			return true;
	}
	return v->count == 0;
}

static bool fits_places(const struct log_filter *f, const struct filter_subject *s)
{
	for (int i = 0; i < FILTER_PLACES; i++)
		if (!fits_glob(&f->places[i], s->places[i]))
			return false;
	return true;
}

bool log_filter_takes(const struct log_filter *f, const struct filter_subject *s)
{
	return s->time_us >= f->since && s->time_us < f->until &&
	       fits_status(&f->status, s->status) && fits_glob(&f->host, s->host) &&
	       fits_process(&f->process, s) && fits_glob(&f->model, s->model) &&
	       fits_cause(&f->cause, s->cause) && fits_key(&f->key, s) && fits_places(f, s);
}

bool log_filter_takes_row(const struct log_filter *f, const struct log_row *row)
{
	const struct filter_subject s = {
		.time_us = row->time_us,
		.status = row->status,
		.pid = row->pid,
		.host = row->host,
		.tool = row->tool,
		.model = row->model,
		.cause = row->cause,
		.token = row->token,
		.key = row->key,
		.places = { [FILTER_MACHINE] = row->machine,
			    [FILTER_CONTAINER] = row->container,
			    [FILTER_BOOT] = row->boot,
			    [FILTER_CI] = row->ci,
			    [FILTER_TOOL_VERSION] = row->tool_version,
			    [FILTER_ORSHIM] = row->orshim },
	};

	return log_filter_takes(f, &s);
}

static int by_process(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* A process of a known machine may have records in several files, as after a rotation. */
static uint64_t place_of_process(const struct log_row *row)
{
	if (row->machine)
		return name_of_process(row->machine, row->pid, "");
	return (uint64_t)row->file << 32 | (uint32_t)row->pid;
}

size_t log_filter_apply(const struct log_filter *f, struct log *l)
{
	uint64_t *alive = malloc((l->count + 1) * sizeof(*alive));
	size_t kept = 0, left = 0;

	if (!alive)
		die("out of memory");
	for (size_t i = 0; i < l->count; i++) {
		const struct log_row *row = &l->rows[i];
		bool asked = row->kind == LOG_EXCHANGE || row->kind == LOG_CONNECTION;
		if (asked && log_filter_takes_row(f, row))
			alive[left++] = place_of_process(row);
	}
	qsort(alive, left, sizeof(*alive), by_process);
	for (size_t i = 0; i < l->count; i++) {
		const struct log_row *row = &l->rows[i];
		uint64_t place = place_of_process(row);
		bool keep = row->kind == LOG_LAUNCH ||
			    (row->kind == LOG_PROCESS ? bsearch(&place, alive, left,
								sizeof(*alive), by_process) != NULL
						      : log_filter_takes_row(f, row));
		if (keep)
			l->rows[kept++] = *row;
	}
	l->count = kept;
	free(alive);
	return left;
}
