/* SPDX-License-Identifier: MIT */
/*
 * Clean traffic is not blamed: requests as the vendors' documentation has them,
 * each under every answer of its vendor's dialect and under none. What the answer
 * says is told, and nothing else (tests/clean/README.md).
 */
#include <fnmatch.h>

#include "clean_wire.h"

#include "tools/capture/playback.h"

enum {
	REQUESTS_LEAST = 400,
	VENDORS_LEAST = 25,
	PLACES_LEAST = 60, /* of (vendor, path) */
	STREAMED_LEAST = 40,
	ANSWERS_EACH = 10,
	RECORDED_LEAST = 95, /* of 100 exchanges */
};

static struct clean_corpus corpus;
static unsigned failures;
static unsigned judged, recorded;
static struct slice known; /* false accusations that are known, tests/clean/known */

#define COMPLAIN(...) (failures++, print_error(__VA_ARGS__))

static const char *text_of(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsString(item) ? item->valuestring : NULL;
}

static bool is_of_answer(const char *rule)
{
	enum rule_id id = rule_find(slice_of(rule));

	return id != RULE_NONE && rules[id].section == SECTION_ANSWER;
}

/* The word at the beginning of *REST as a string of SIZE bytes. */
static void next_pattern(struct slice *rest, char *to, size_t size)
{
	struct slice word = slice_of(NULL);

	while (slice_cut(rest, ' ', &word) && !word.n)
		;
	snprintf(to, size, "%.*s", SLICE_ARG(word));
}

/* Does a line "REQUEST ANSWER RULE" of tests/clean/known, its words patterns, stand for this? */
static bool is_known(const struct clean_file *request, const char *answer, const char *rule)
{
	struct slice rest = known;
	char place[512], one[512], two[64], three[64];
	struct slice line;

	snprintf(place, sizeof(place), "%.250s/%.250s", request->folder, request->name);
	while (slice_cut(&rest, '\n', &line)) {
		if (!line.n || line.p[0] == '#')
			continue;
		next_pattern(&line, one, sizeof(one));
		next_pattern(&line, two, sizeof(two));
		next_pattern(&line, three, sizeof(three));
		if (fnmatch(one, place, 0) == 0 && fnmatch(two, answer, 0) == 0 &&
		    fnmatch(three, rule, 0) == 0)
			return true;
	}
	return false;
}

static void tell(const struct clean_file *request, const struct clean_file *answer,
		 const char *what, const char *rule, const char *detail)
{
	const char *name = answer ? answer->name : "alone";

	if (!is_known(request, name, rule))
		COMPLAIN("%s/%s, %s: %s %s %s\n", request->folder, request->name, name, what, rule,
			 detail ? detail : "");
}

static bool has_key(const struct clean_file *request)
{
	return slice_has(request->head, SLICE("{{key")) || slice_has(request->body, SLICE("{{key"));
}

/* A request without a key, and an answer that speaks about the key: that none came is then true. */
static bool lacks_key_asked_for(const struct clean_file *request, const struct clean_file *answer,
				const char *rule)
{
	return answer && strcmp(answer->name, "401") == 0 && strcmp(rule, "auth_missing") == 0 &&
	       !has_key(request);
}

/* What RECORD says of the request: only notes, what the ANSWER says, and what its file allows. */
static void check_findings(const struct clean_file *request, const struct clean_file *answer,
			   const cJSON *record)
{
	struct slice may = answer ? clean_remark(answer, "may") : slice_of(NULL);
	bool failed = answer && !slice_equal(clean_remark(answer, "cause"), SLICE("none"));
	const cJSON *finding;

	cJSON_ArrayForEach(finding, cJSON_GetObjectItemCaseSensitive(record, "findings"))
	{
		const char *rule = text_of(finding, "rule");
		const char *severity = text_of(finding, "severity");
		assert_true(rule && severity);
		if (strcmp(severity, "note") == 0 || (failed && is_of_answer(rule)) ||
		    clean_lists(may, slice_of(rule)) || lacks_key_asked_for(request, answer, rule))
			continue;
		tell(request, answer, severity, rule, text_of(finding, "detail"));
	}
}

/*
 * The verdict's cause is one of those that the file of ANSWER names, or else a rule of section 5.
 * Without a key it may be a probe, which has none.
 */
static void check_cause(const struct clean_file *request, const struct clean_file *answer,
			const cJSON *record)
{
	const cJSON *verdict = cJSON_GetObjectItemCaseSensitive(record, "verdict");
	const char *said = text_of(verdict, "cause");
	const char *cause = said ? said : "none";
	struct slice causes = answer ? clean_remark(answer, "cause") : SLICE("none");

	if (clean_lists(causes, slice_of(cause)) || (!causes.p && is_of_answer(cause)) ||
	    (answer && clean_lists(clean_remark(answer, "may"), slice_of(cause))) ||
	    lacks_key_asked_for(request, answer, cause) || (!said && !has_key(request)))
		return;
	tell(request, answer, "cause", cause, text_of(verdict, "refused_by"));
}

static void check_record(const struct clean_file *request, const struct clean_file *answer,
			 struct slice records)
{
	cJSON *record = cJSON_ParseWithLength(records.p, records.n);
	const char *kind = text_of(record, "record");

	judged++;
	if (kind && strcmp(kind, "exchange") == 0) {
		recorded++;
		check_findings(request, answer, record);
		check_cause(request, answer, record);
	}
	cJSON_Delete(record);
}

/* REQUEST under ANSWER; NULL: alone, as `orshim lint` sees it. */
static void judge(const struct clean_file *request, const struct clean_file *answer)
{
	struct playback_options options = { .tool = "replay", .lint = !answer };
	struct playback first, other;
	struct capture c;

	clean_capture(&c, &corpus, request, answer);
	assert_int_equal(playback_run(&first, &c, &options), 0);
	check_record(request, answer, buf_slice(&first.records));
	for (int split = SPLIT_BYTES; split <= SPLIT_WHOLE; split++) {
		options.split = (enum split)split;
		assert_int_equal(playback_run(&other, &c, &options), 0);
		if (!slice_equal(buf_slice(&first.records), buf_slice(&other.records)) ||
		    !slice_equal(buf_slice(&first.text), buf_slice(&other.text)))
			tell(request, answer, "differs when the bytes are cut otherwise", "", NULL);
		playback_release(&other);
	}
	playback_release(&first);
	capture_release(&c);
}

static bool is_answer_to(const struct clean_file *answer, const struct clean_file *request)
{
	struct slice dialect = clean_remark(request, "answers");

	if (!dialect.p)
		dialect = clean_vendor(&corpus, request->folder, SLICE(""))->answers;
	return slice_equal(slice_of(answer->folder), dialect);
}

static void documented_requests_are_accused_of_nothing(void **state)
{
	(void)state;
	failures = 0;
	for (size_t i = 0; i < corpus.request_count; i++) {
		unsigned answers = 0;
		judge(&corpus.requests[i], NULL);
		for (size_t j = 0; j < corpus.answer_count; j++)
			if (is_answer_to(&corpus.answers[j], &corpus.requests[i])) {
				judge(&corpus.requests[i], &corpus.answers[j]);
				answers++;
			}
		if (answers != ANSWERS_EACH)
			COMPLAIN("%s/%s has %u answers\n", corpus.requests[i].folder,
				 corpus.requests[i].name, answers);
	}
	print_message("           %u exchanges, of which %u were followed\n", judged, recorded);
	assert_true(recorded * 100 >= judged * RECORDED_LEAST);
	assert_int_equal(failures, 0);
}

static bool is_streamed(const struct clean_file *request)
{
	return slice_has(request->body, SLICE("\"stream\": true")) ||
	       slice_has(request->body, SLICE("name=\"stream\"\n\ntrue")) ||
	       slice_has(clean_start(request, 1), SLICE("stream")) ||
	       slice_has_nocase(clean_start(request, 1), SLICE("-stream")) ||
	       slice_has(clean_field(request, "accept"), SLICE("event-stream"));
}

/* The structure of a JSON body, or the names of a form's parts; NULL: it has no body. Freed by the caller. */
static char *structure_of(const struct clean_file *request)
{
	cJSON *body = cJSON_ParseWithLength(request->body.p, request->body.n);
	struct slice rest = request->body;
	struct slice line;
	struct buf names;

	if (body) {
		char *structure = clean_structure(body);
		cJSON_Delete(body);
		return structure;
	}
	if (!request->body.n)
		return NULL;
	if (!clean_is_form(request))
		COMPLAIN("%s/%s: the body is no JSON\n", request->folder, request->name);
	buf_init(&names, CLEAN_FILE_MAX);
	while (slice_cut(&rest, '\n', &line))
		if (slice_starts_nocase(line, SLICE("Content-")))
			clean_put(&names, line.p, line.n);
	clean_put(&names, "", 1);
	char *structure = strdup(names.p);
	buf_release(&names);
	return structure;
}

/* Texts, and how many different ones there are. */
struct texts {
	char *all[CLEAN_REQUESTS];
	size_t count;
};

static bool texts_add(struct texts *t, char *text)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->all[i], text) == 0) {
			free(text);
			return false;
		}
	t->all[t->count++] = text;
	return true;
}

static void texts_release(struct texts *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->all[i]);
}

static void check_page(const struct clean_file *file)
{
	if (!slice_starts(clean_remark(file, "page"), SLICE("https://")))
		COMPLAIN("%s/%s names no page\n", file->folder, file->name);
}

static char *place_of(const struct clean_file *request)
{
	struct slice path = clean_start(request, 1);
	char *place;

	path = slice_sub(path, 0,
			 slice_byte(path, '?', 0) < 0 ? path.n : (size_t)slice_byte(path, '?', 0));
	assert_true(asprintf(&place, "%s %.*s", request->folder, SLICE_ARG(path)) >= 0);
	return place;
}

static void the_corpus_is_as_wide_as_it_says(void **state)
{
	static struct texts folders, places, structures;
	size_t streamed = 0;

	(void)state;
	failures = 0;
	for (size_t i = 0; i < corpus.request_count; i++) {
		const struct clean_file *request = &corpus.requests[i];
		char *structure = structure_of(request);
		check_page(request);
		texts_add(&folders, strdup(request->folder));
		texts_add(&places, place_of(request));
		streamed += clean_is_http2(request) || is_streamed(request);
		if (structure && !texts_add(&structures, structure))
			COMPLAIN("%s/%s: its body has the structure of another's\n",
				 request->folder, request->name);
	}
	for (size_t i = 0; i < corpus.answer_count; i++)
		check_page(&corpus.answers[i]);
	print_message("           %zu requests, %zu bodies, %zu vendors, %zu places, %zu streamed "
		      "or over HTTP/2\n",
		      corpus.request_count, structures.count, folders.count, places.count,
		      streamed);
	assert_true(corpus.request_count >= REQUESTS_LEAST);
	assert_true(folders.count >= VENDORS_LEAST);
	assert_true(places.count >= PLACES_LEAST);
	assert_true(streamed >= STREAMED_LEAST);
	texts_release(&folders);
	texts_release(&places);
	texts_release(&structures);
	assert_int_equal(failures, 0);
}

static int load(void **state)
{
	char path[PATH_MAX];

	(void)state;
	clean_corpus_load(&corpus);
	snprintf(path, sizeof(path), "%s/known", clean_root());
	known = clean_read(path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_corpus_is_as_wide_as_it_says),
		cmocka_unit_test(documented_requests_are_accused_of_nothing),
	};
	return cmocka_run_group_tests(tests, load, NULL);
}
