/* SPDX-License-Identifier: MIT */
/*
 * Every capture in tests/captures is played with ORSHIM_CAPTURE set. What was
 * written is played again: the same findings and verdicts, no secret of the
 * original, and when written once more, the same to the byte.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cJSON.h>
#include <cmocka.h>

#include "read_file.h"
#include "tools/capture/playback.h"

enum { FILE_MAX_SIZE = 64 << 20, SECRET_MIN = 20, WORD_MIN = 9 };

static unsigned failures;
static char folder[PATH_MAX / 2]; /* what ORSHIM_CAPTURE says */

#define COMPLAIN(...) (failures++, print_error(__VA_ARGS__))

static char *look_up(const char *name)
{
	return strcmp(name, "ORSHIM_CAPTURE") == 0 ? folder : NULL;
}

/* A new folder below the temporary one. */
static void make_folder(char path[PATH_MAX / 2])
{
	const char *below = getenv("TMPDIR");

	snprintf(path, PATH_MAX / 2, "%s/orshim-capture-XXXXXX", below ? below : "/tmp");
	assert_non_null(mkdtemp(path));
}

static void remove_folder(const char *path)
{
	struct dirent **names;
	char file[PATH_MAX];
	int n = scandir(path, &names, NULL, NULL);

	for (int i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
		unlink(file);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	rmdir(path);
}

static int is_first(const struct dirent *d)
{
	return fnmatch("*-0-1.cap", d->d_name, 0) == 0;
}

/* Play TEXT and let it be written to FOLDER as t-0-1.cap; that goes to WRITTEN, false if there is none. */
static bool play(const char *path, struct slice text, struct playback *r, struct buf *written)
{
	struct playback_options options = { .tool = "t", .lookup = look_up };
	struct capture_fault fault;
	struct capture c;
	char file[PATH_MAX];

	capture_init(&c);
	if (capture_parse(&c, text, &fault) != 0)
		COMPLAIN("%s: line %zu of what was written: %s\n", path, fault.line, fault.what);
	make_folder(folder);
	assert_int_equal(playback_run(r, &c, &options), 0);
	capture_release(&c);
	/* TOOL-0-1.cap; a capture may name its tool. */
	struct dirent **names;
	int n = scandir(folder, &names, is_first, alphasort);
	bool found = n > 0;
	for (int i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s/%s", folder, names[i]->d_name);
		found = i == 0 && read_file(file, written);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	remove_folder(folder);
	return found;
}

/* Rules, severities and verdict of each exchange, a line each. */
static void tell_findings(struct slice records, struct buf *out)
{
	struct slice line;

	buf_reset(out);
	while (slice_cut(&records, '\n', &line)) {
		cJSON *record = cJSON_ParseWithLength(line.p, line.n);
		const cJSON *kind = cJSON_GetObjectItem(record, "record");
		const cJSON *finding;
		if (kind && strcmp(kind->valuestring, "exchange") == 0) {
			cJSON_ArrayForEach(finding, cJSON_GetObjectItem(record, "findings"))
			    assert_int_equal(
				buf_addf(out, "%s=%s ",
					 cJSON_GetObjectItem(finding, "rule")->valuestring,
					 cJSON_GetObjectItem(finding, "severity")->valuestring),
				0);
			char *verdict =
			    cJSON_PrintUnformatted(cJSON_GetObjectItem(record, "verdict"));
			assert_int_equal(buf_addf(out, "%s\n", verdict ? verdict : "none"), 0);
			free(verdict);
		}
		cJSON_Delete(record);
	}
}

static bool is_key_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '_';
}

/* Made of so few characters that it is an example for a reader, no secret. */
static bool is_sample_of_one(struct slice run)
{
	bool seen[256] = { false };
	int kinds = 0;

	for (size_t i = run.n > 20 ? 10 : 0; i < run.n; i++) {
		kinds += !seen[(unsigned char)run.p[i]];
		seen[(unsigned char)run.p[i]] = true;
	}
	return kinds < 4;
}

static void expect_absent(const char *path, struct slice written, struct slice secret)
{
	char shown[TOKEN_MASK_SIZE];

	token_mask(secret, shown);
	if (secret.n < SECRET_MIN || slice_equal(slice_of(shown), secret) ||
	    is_sample_of_one(secret))
		return;
	if (slice_has(written, secret))
		COMPLAIN("%s: %.16s... (%zu bytes) was written\n", path, secret.p, secret.n);
}

/* Keys by their prefixes, and long runs of hex. */
static void expect_no_keys(const char *path, struct slice written, struct slice original)
{
	for (size_t i = 0; i < original.n;) {
		size_t n = 0;
		while (i + n < original.n && is_key_byte(original.p[i + n]))
			n++;
		struct slice run = slice_sub(original, i, n);
		size_t hex = 0;
		while (hex < n && strchr("0123456789abcdef", run.p[hex]))
			hex++;
		if (vendor_of_key(run) || slice_starts(run, SLICE("eyJ")) || hex >= 32)
			expect_absent(path, written, run);
		i += n + 1;
	}
}

static void expect_no_values(const char *path, struct slice written, const char *field,
			     struct slice original)
{
	struct slice line;

	while (slice_cut(&original, '\n', &line)) {
		struct slice rest = slice_from(line, 2);
		if (line.n > 2 && slice_starts_nocase(rest, slice_of(field)))
			expect_absent(path, written, slice_trim(slice_from(rest, strlen(field))));
	}
}

/* The words of the string that begins at AT in FROM, in no client's line of WRITTEN. */
static void expect_no_words(const char *path, struct slice written, struct slice from, size_t at)
{
	for (size_t n = 0; at < from.n && from.p[at] != '"' && from.p[at] != '\n';
	     at += n ? n : 1) {
		struct slice line, rest = written;
		n = 0;
		while (at + n < from.n && is_letter(from.p[at + n]))
			n++;
		if (n < WORD_MIN)
			continue;
		while (slice_cut(&rest, '\n', &line))
			if (line.n && line.p[0] == '>' && slice_has(line, slice_sub(from, at, n)))
				COMPLAIN("%s: the word %.*s was written\n", path, (int)n,
					 from.p + at);
	}
}

static void expect_no_texts(const char *path, struct slice written, struct slice original)
{
	static const char *const members[] = { "\"content\"", "\"text\"", "\"prompt\"", "\"input\"",
					       "\"system\"" };
	struct slice line;

	while (slice_cut(&original, '\n', &line))
		for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
			long at = -1;
			while (line.n && line.p[0] == '>' &&
			       (at = slice_find(line, slice_of(members[i]), (size_t)(at + 1))) >=
				   0) {
				size_t from = (size_t)at + strlen(members[i]);
				while (from < line.n && strchr(": ", line.p[from]))
					from++;
				if (from < line.n && line.p[from] == '"')
					expect_no_words(path, written, line, from + 1);
			}
		}
}

static void expect_no_secrets(const char *path, struct slice written, struct slice original)
{
	expect_no_keys(path, written, original);
	expect_no_values(path, written, "cookie:", original);
	expect_no_values(path, written, "set-cookie:", original);
	expect_no_texts(path, written, original);
}

static void compare(const char *path, const char *what, struct slice a, struct slice b,
		    struct slice written)
{
	if (!slice_equal(a, b))
		COMPLAIN("%s: %s; first\n%.*sthen\n%.*s-- written:\n%.*s\n", path, what,
			 SLICE_ARG(a), SLICE_ARG(b), SLICE_ARG(slice_sub(written, 0, 4000)));
}

static void check_text(const char *path, struct slice text)
{
	struct buf first, second, before, after;
	struct playback r;

	buf_init(&first, FILE_MAX_SIZE);
	buf_init(&second, FILE_MAX_SIZE);
	buf_init(&before, FILE_MAX_SIZE);
	buf_init(&after, FILE_MAX_SIZE);
	play(path, text, &r, &first);
	tell_findings(buf_slice(&r.records), &before);
	playback_release(&r);
	play(path, buf_slice(&first), &r, &second);
	tell_findings(buf_slice(&r.records), &after);
	playback_release(&r);
	compare(path, "the findings differ", buf_slice(&before), buf_slice(&after),
		buf_slice(&first));
	compare(path, "written again it differs", buf_slice(&first), buf_slice(&second),
		slice_of(""));
	/* Of one that was written so itself the stand-ins stay. */
	if (!slice_has(text, SLICE("# orshim: secrets and texts are replaced")))
		expect_no_secrets(path, buf_slice(&first), text);
	buf_release(&first);
	buf_release(&second);
	buf_release(&before);
	buf_release(&after);
}

static void check_capture(const char *path)
{
	struct buf text;

	buf_init(&text, FILE_MAX_SIZE);
	assert_true(read_file(path, &text));
	check_text(path, buf_slice(&text));
	buf_release(&text);
}

static unsigned check_folder(const char *path)
{
	struct dirent **names;
	char file[PATH_MAX];
	unsigned count = 0;
	int n = scandir(path, &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
		if (fnmatch("*.cap", names[i]->d_name, 0) == 0) {
			check_capture(file);
			count++;
		} else if (names[i]->d_name[0] != '.') {
			count += check_folder(file);
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return count;
}

static void what_was_written_says_the_same_without_secrets(void **state)
{
	const char *given = getenv("CAPTURES");

	(void)state;
	failures = 0;
	unsigned count = check_folder(given ? given : "tests/captures");
	print_message("           %u captures\n", count);
	assert_true(count > 0);
	assert_int_equal(failures, 0);
}

#define ASK(length)                                                                   \
	"> POST /api/v1/chat/completions HTTP/1.1\n> Host: openrouter.ai\n"           \
	"> Authorization: Bearer "                                                    \
	"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\n" \
	"> Content-Type: application/json\n> Content-Length: " length "\n>\n"
#define REFUSE                                                                                    \
	"< HTTP/1.1 400 Bad Request\n< Content-Type: application/json\n< Content-Length: 39\n<\n" \
	"<- {\"error\": {\"message\": \"no\", \"code\": 9}}\n"

static void what_was_not_whole_is_written_as_it_was(void **state)
{
	static const char *const texts[] = {
		"= env ORSHIM_BODY_MAX=8\n" ASK("22") ">- {\"remembrance\": \"gone\"\n" REFUSE,
		ASK("90") ">- {\"a\"\n= close client\n" REFUSE "= close\n",
		ASK("90000") ">- {\"a\"\n" REFUSE,
		ASK("2") ">- {}\n" ASK("2") ">- {}\n= close\n",
		ASK("2") ">- {}\n" ASK("2") ">- {}\n" REFUSE REFUSE ASK("2") ">- {}\n= close\n",
		ASK("2") ">- {}\n<- SSH-2.0-x\n= close\n",
		ASK("2") ">- {}\n< HTTP/1.1 200 OK\n< Content-Length: 900\n<\n<- {\"id\n= close\n",
	};

	(void)state;
	failures = 0;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check_text(texts[i], slice_of(texts[i]));
	assert_int_equal(failures, 0);
}

#define EVENTS                                                                           \
	">- {}\n"                                                                        \
	"< HTTP/1.1 200 OK\n< Content-Type: text/event-stream\n< Connection: close\n<\n" \
	"<- data: {\"choices\":[]}\n<x 0a 0a\n"                                          \
	"<- data: {\"choices\":[{\"delta\":{\"content\":\"remembrance\"}}]}\n<x 0a 0a\n"
#define STREAM(rest) "= env ORSHIM_BODY_MAX=32\n" ASK("2") EVENTS rest "= close\n"

/* Of a stream the whole events at its beginning are kept, and what was noted of its end. */
static void a_stream_longer_than_what_is_kept_ends_as_it_did(void **state)
{
	static const struct {
		const char *text, *end;
	} cases[] = {
		{ STREAM("<- data: [DONE]\n<x 0a 0a\n"), "[DONE]" },
		{ STREAM("<- data: {\"error\":{\"message\":\"gone\",\"code\":502}}\n<x 0a 0a\n"),
		  "\"code\":502" },
		{ STREAM("<- event: error\n<x 0a\n<- data: {\"type\":\"error\",\"error\":"
			 "{\"type\":\"overloaded_error\"}}\n<x 0a 0a\n"),
		  "event: error" },
		{ STREAM("<- data: {\"choices\":[{\"finish_reason\":\"error\"}]}\n<x 0a 0a\n"),
		  "\"finish_reason\":\"error\"" },
	};

	(void)state;
	failures = 0;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf written;
		struct playback r;

		check_text(cases[i].text, slice_of(cases[i].text));
		buf_init(&written, FILE_MAX_SIZE);
		assert_true(play("a stream", slice_of(cases[i].text), &r, &written));
		if (!slice_has(buf_slice(&written), SLICE("{\"choices\":[]}")) ||
		    !slice_has(buf_slice(&written), slice_of(cases[i].end)) ||
		    slice_has(buf_slice(&written), SLICE("remembrance")))
			fail_msg("'%s':\n%.*s", cases[i].end, SLICE_ARG(buf_slice(&written)));
		playback_release(&r);
		buf_release(&written);
	}
	assert_int_equal(failures, 0);
}

static const char quoted[] =
    "> GET /api/v1/key HTTP/1.1\n> Host: openrouter.ai\n"
    "> Authorization: Bearer "
    "\"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\"\n"
    ">\n< HTTP/1.1 401 Unauthorized\n< Content-Length: 0\n<\n";

/* Play `quoted` with what `folder` says; a record must come of it. */
static void play_quoted(void)
{
	struct playback_options options = { .tool = "t", .lookup = look_up };
	struct capture_fault fault;
	struct playback r;
	struct capture c;

	capture_init(&c);
	assert_int_equal(capture_parse(&c, slice_of(quoted), &fault), 0);
	assert_int_equal(playback_run(&r, &c, &options), 0);
	capture_release(&c);
	assert_true(slice_has(buf_slice(&r.records), SLICE("auth_token_quoted")));
	playback_release(&r);
}

static void a_folder_that_cannot_be_written_is_passed_over_in_silence(void **state)
{
	static const char *const places[] = { "/nowhere/at/all", "/dev/null", "/proc", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int said[2];
		char byte;
		strcpy(folder, places[i]);
		assert_int_equal(pipe(said), 0);
		int before = dup(STDERR_FILENO);
		dup2(said[1], STDERR_FILENO);
		close(said[1]);
		errno = 0;
		play_quoted();
		dup2(before, STDERR_FILENO);
		close(before);
		assert_int_equal(read(said[0], &byte, 1), 0);
		close(said[0]);
	}
}

static void a_file_is_its_owners_and_never_written_over(void **state)
{
	char first[PATH_MAX], second[PATH_MAX], third[PATH_MAX];
	struct stat st;

	(void)state;
	make_folder(folder);
	snprintf(first, sizeof(first), "%s/t-0-1.cap", folder);
	snprintf(second, sizeof(second), "%s/t-0-1-2.cap", folder);
	snprintf(third, sizeof(third), "%s/t-0-1-3.cap", folder);
	umask(0);
	play_quoted();
	assert_int_equal(stat(first, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	long size = st.st_size;
	/* Somebody's link in the way is not followed. */
	assert_int_equal(symlink("/dev/full", second), 0);
	play_quoted();
	assert_int_equal(stat(first, &st), 0);
	assert_int_equal(st.st_size, size);
	assert_int_equal(lstat(second, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(third, &st), 0);
	assert_int_equal(st.st_size, size);
	remove_folder(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_says_the_same_without_secrets),
		cmocka_unit_test(what_was_not_whole_is_written_as_it_was),
		cmocka_unit_test(a_stream_longer_than_what_is_kept_ends_as_it_did),
		cmocka_unit_test(a_folder_that_cannot_be_written_is_passed_over_in_silence),
		cmocka_unit_test(a_file_is_its_owners_and_never_written_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
