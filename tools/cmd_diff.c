/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/json_out.h"
#include "tools/capture/capture_log.h"
#include "tools/commands.h"
#include "tools/diff.h"
#include "tools/log/log_row.h"
#include "tools/log/log_source.h"
#include "tools/log/runs.h"
#include "tools/report/html.h"
#include "tools/report/layout.h"
#include "tools/report/run_report.h"

/* One side: an exchange, as the user named it. */
struct side_of_diff {
	const char *name;
	struct log log;
	const struct log_row *row;
	cJSON *record;
	char *where; /* the log in which it was found; NULL */
};

/*
 * The newest exchange of L that succeeded or failed as asked, and is like LIKE
 * unless that is NULL. An endpoint that needs no key proves nothing and is
 * skipped.
 */
static const struct log_row *newest(const struct log *l, bool good, const struct log_row *like)
{
	for (size_t i = l->count; i-- > 0;) {
		const struct log_row *row = &l->rows[i];
		if (!row_is_request(row) || row_is_public(row) ||
		    (like && !rows_are_alike(row, like)))
			continue;
		if (good ? !row_failed(row) && row->status >= 200 && row->status < 300
			 : row_failed(row))
			return row;
	}
	return NULL;
}

static bool try_log(struct side_of_diff *s, const char *path, const struct log_filter *filter,
		    bool good, const struct log_row *like)
{
	if (access(path, R_OK) != 0)
		return false;
	log_init(&s->log);
	log_add(&s->log, path);
	log_filter_apply(filter, &s->log);
	log_sort(&s->log);
	s->row = newest(&s->log, good, like);
	if (s->row) {
		s->where = strdup(path);
		return true;
	}
	log_release(&s->log);
	return false;
}

/* Use the exchange in PATH if S has none yet, or an older one. */
static bool try_newer(struct side_of_diff *s, const char *path, const struct log_filter *filter,
		      bool good, const struct log_row *like, bool has)
{
	struct side_of_diff other = { .name = s->name };

	if (!try_log(&other, path, filter, good, like))
		return has;
	if (has && other.row->time_us <= s->row->time_us) {
		log_release(&other.log);
		free(other.where);
		return true;
	}
	if (has) {
		log_release(&s->log);
		free(s->where);
	}
	*s = other;
	return true;
}

/* Search the logs that were named; else the kept runs, newest first, and the baseline. */
static bool look_for(struct side_of_diff *s, const struct arguments *a, bool good,
		     const struct log_row *like)
{
	const struct diff_options *o = a->options;
	struct log_filter *filter = log_filter_read(&o->filter, "diff", run_clock());
	char *baseline = state_path("baseline.log", false);
	struct kept_run *runs;
	size_t count;
	bool found = false;

	for (int i = a->count; i-- > 2 && !found;)
		found = try_log(s, a->words[i], filter, good, like);
	runs = runs_list(&count);
	for (size_t i = 0; i < count && !found && a->count == 2; i++) {
		char *log = run_log(&runs[i]);
		found = log && try_log(s, log, filter, good, like);
		free(log);
	}
	/* Take the newer of both: a baseline is made to be compared with. */
	if (a->count == 2 && good && baseline)
		found = try_newer(s, baseline, filter, good, like, found);
	runs_free(runs, count);
	free(baseline);
	free(filter);
	return found;
}

static void find_newest(struct side_of_diff *s, const struct arguments *a, bool good,
			const struct log_row *like)
{
	if ((like && look_for(s, a, good, like)) || look_for(s, a, good, NULL))
		return;
	die(good ? "diff: no request that worked is kept; make one with `orshim baseline`"
		 : "diff: no refused request is kept; run the tool with `orshim run -- TOOL`");
}

static void read_side(struct side_of_diff *s, const char *name, const struct arguments *a,
		      const struct log_row *like)
{
	*s = (struct side_of_diff){ .name = name };
	if (strcmp(name, "last-good") == 0 || strcmp(name, "last-bad") == 0) {
		find_newest(s, a, strcmp(name, "last-good") == 0, like);
	} else if (slice_ends(slice_of(name), SLICE(".cap"))) {
		log_init(&s->log);
		log_add_capture(&s->log, name, "diff");
		s->row = log_exchange(&s->log, 0, 1);
		if (!s->row)
			die("diff: %s has no exchange", name);
	} else {
		log_init(&s->log);
		unsigned n = source_add(&s->log, name, "diff");
		unsigned all = s->log.files[0].exchanges;
		if (!n && all != 1)
			die("diff: which exchange of %s? It has %u: %s:1 …", name, all, name);
		log_sort(&s->log);
		s->row = log_exchange(&s->log, 0, n ? n : 1);
		if (!s->row)
			die("diff: there is no exchange %s; the log has %u", name, all);
	}
	s->record = log_record(&s->log, s->row);
	if (!s->record)
		die("diff: the line of %s cannot be read any more", name);
}

static void release_side(struct side_of_diff *s)
{
	cJSON_Delete(s->record);
	log_release(&s->log);
	free(s->where);
}

static void say_side(const char *mark, struct side_of_diff *s, struct buf *out)
{
	say(out, "%s %s", mark, s->name);
	if (s->where)
		say(out, " (%s:%u)", s->where, s->row->number);
	say(out, ": ");
	row_words(s->row, out);
	if (row_failed(s->row)) {
		say(out, ", ");
		refuser_words(s->row, out);
		say(out, ": %s", s->row->cause ? s->row->cause : "unexplained");
	}
	say(out, "\n");
}

static void diff_text(const struct diff *d, struct side_of_diff s[2], struct buf *out)
{
	say_side("a", &s[0], out);
	say_side("b", &s[1], out);
	say(out, "\n");
	if (d->count == d->noise)
		say(out, "The requests do not differ in anything that is recorded and matters.\n");
	for (size_t i = 0; i + d->noise < d->count; i++) {
		const struct difference *x = &d->all[i];
		say(out, "%s\n  a  %s\n  b  %s\n", x->what, x->a, x->b);
		for (size_t p = 0; x->has_parts && p < d->part_count; p++)
			say(out, "  %s\n    a  %s\n    b  %s\n", d->parts[p].what, d->parts[p].a,
			    d->parts[p].b);
	}
	if (d->noise)
		say(out, "\nand %zu that differ%s anyway:", d->noise, d->noise == 1 ? "s" : "");
	for (size_t i = d->count - d->noise; i < d->count; i++)
		say(out, "%s %s", i + d->noise > d->count ? "," : "", d->all[i].what);
	say(out, d->noise ? "\n" : "");
}

static void put_side(struct json_out *j, const char *key, const struct side_of_diff *s)
{
	json_object(j, key);
	json_text(j, "name", s->name);
	json_text(j, "log", s->where);
	json_number(j, "exchange", s->row->number);
	if (s->row->status > 0)
		json_number(j, "status", s->row->status);
	else
		json_null(j, "status");
	json_text(j, "refused_by", s->row->refused_by);
	json_text(j, "cause", s->row->cause);
	json_object_end(j);
}

static void put_difference(struct json_out *j, const struct diff *d, const struct difference *x)
{
	json_object(j, NULL);
	json_text(j, "what", x->what);
	json_text(j, "a", x->a);
	json_text(j, "b", x->b);
	json_number(j, "rank", x->rank);
	json_bool(j, "noise", x->rank == RANK_NOISE);
	if (x->has_parts) {
		json_array(j, "parts");
		for (size_t p = 0; p < d->part_count; p++)
			put_difference(j, d, &d->parts[p]);
		json_array_end(j);
	}
	json_object_end(j);
}

static void diff_json(const struct diff *d, struct side_of_diff s[2], struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_object(&j, NULL);
	json_number(&j, "v", 1);
	json_text(&j, "record", "diff");
	put_side(&j, "a", &s[0]);
	put_side(&j, "b", &s[1]);
	json_array(&j, "differences");
	for (size_t i = 0; i < d->count; i++)
		put_difference(&j, d, &d->all[i]);
	json_array_end(&j);
	json_object_end(&j);
	if (!json_out_ok(&j))
		die("out of memory");
	say(out, "\n");
}

static void put_card(struct buf *out, const struct diff *d, const struct difference *x)
{
	say(out, "<section class=\"card\"><h3>");
	html_text(out, x->what);
	say(out, "</h3><dl>");
	html_pair(out, "a", x->a);
	html_pair(out, "b", x->b);
	say(out, "</dl>");
	for (size_t p = 0; x->has_parts && p < d->part_count; p++) {
		say(out, "<p class=\"soft\">");
		html_text(out, d->parts[p].what);
		say(out, "</p><dl>");
		html_pair(out, "a", d->parts[p].a);
		html_pair(out, "b", d->parts[p].b);
		say(out, "</dl>");
	}
	say(out, "</section>\n");
}

static void diff_html(const struct diff *d, struct side_of_diff s[2], struct buf *out)
{
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	say(&words, "%zu differences between %s and %s", d->count - d->noise, s[0].name, s[1].name);
	html_begin(out, buf_slice(&words), d->count > d->noise ? "warn" : "good");
	html_main(out);
	for (int i = 0; i < 2; i++) {
		buf_reset(&words);
		say_side(i ? "b" : "a", &s[i], &words);
		say(out, "<p>");
		html_slice(out, buf_slice(&words));
		say(out, "</p>");
	}
	for (size_t i = 0; i < d->count; i++) {
		if (i + d->noise == d->count)
			say(out, "<h2>What differs anyway</h2>");
		put_card(out, d, &d->all[i]);
	}
	html_end(out);
	buf_release(&words);
}

static void write_page(const char *path, const struct buf *page)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || !write_all(fd, buf_slice(page)) || close(fd) != 0)
		die("diff: cannot write to %s: %s", path, strerror(errno));
}

/*
 * The place where the key was found is in the launch record; add it to this
 * exchange's credential.
 */
static void add_place(struct side_of_diff *s)
{
	cJSON *auth = log_member(s->record, "auth");
	struct buf words;

	if (!s->row || !cJSON_IsObject(auth))
		return;
	buf_init(&words, LIMIT_LINE);
	origin_words(&s->log, s->row, &words);
	if (words.n && buf_add(&words, "", 1) == 0)
		cJSON_AddStringToObject(auth, "from", words.p);
	buf_release(&words);
}

int cmd_diff(const struct arguments *a)
{
	struct diff *d = malloc(sizeof(*d));
	const struct diff_options *o = a->options;
	struct side_of_diff sides[2];
	struct buf out;

	if (!d)
		die("out of memory");
	if (a->count < 2)
		die("diff: name two exchanges: N, LOG:N, a .cap, last-good or last-bad");
	/* last-good is looked up last, because it should be like the other exchange. */
	int first = strcmp(a->words[0], "last-good") == 0;
	read_side(&sides[first], a->words[first], a, NULL);
	read_side(&sides[!first], a->words[!first], a, sides[first].row);
	for (int i = 0; i < 2; i++)
		add_place(&sides[i]);
	diff_requests(d, sides[0].record, sides[1].record);
	buf_init(&out, REPORT_MAX);
	if (o->html) {
		diff_html(d, sides, &out);
		write_page(o->html, &out);
		buf_reset(&out);
	}
	if (o->json)
		diff_json(d, sides, &out);
	else
		diff_text(d, sides, &out);
	print_out(&out);
	int status = d->count > d->noise ? EXIT_FINDINGS : EXIT_CLEAN;
	for (int i = 0; i < 2; i++)
		release_side(&sides[i]);
	buf_release(&out);
	free(d);
	return status;
}
