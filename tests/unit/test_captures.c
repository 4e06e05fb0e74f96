/* SPDX-License-Identifier: MIT */
/*
 * Every capture in tests/captures: fires*.cap yields the rule of its folder,
 * quiet*.cap does not, however the bytes are cut, and no secret comes out.
 * fires.expected, where there is one, is the human text to the byte.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <dirent.h>
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

enum { FILE_MAX_SIZE = 64 << 20, SECRET_MIN = 20, VARIANTS = 3 };

static unsigned failures;

#define COMPLAIN(...) (failures++, print_error(__VA_ARGS__))

static const char *root(void)
{
	const char *given = getenv("CAPTURES");

	return given ? given : "tests/captures";
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool is_key_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '_';
}

static void expect_absent(const char *path, struct slice output, struct slice secret)
{
	if (secret.n >= SECRET_MIN && slice_has(output, secret))
		COMPLAIN("%s: %.12s... (%zu bytes) is in the output\n", path, secret.p, secret.n);
}

/* Public beginnings of keys; what follows in the capture must not be in the output. */
static const char *const key_prefixes[] = {
	"sk-or-v1-", "sk-proj-", "sk-ant-", "sk-svcacct-", "gsk_",     "xai-",   "AIza", "nvapi-",
	"pplx-",     "hf_",      "fw_",     "tgp_v1_",     "eyJhbGci", "gAAAAA", "csk-", "sk-",
};

static void expect_no_keys(const char *path, struct slice output, struct slice from)
{
	for (size_t i = 0; i < sizeof(key_prefixes) / sizeof(key_prefixes[0]); i++) {
		struct slice prefix = slice_of(key_prefixes[i]);
		long at = -1;
		while ((at = slice_find(from, prefix, (size_t)(at + 1))) >= 0) {
			size_t n = prefix.n;
			while ((size_t)at + n < from.n && is_key_byte(from.p[(size_t)at + n]))
				n++;
			if (n >= prefix.n + 16)
				expect_absent(path, output, slice_sub(from, (size_t)at, n));
		}
	}
	/* The secret part alone: long runs of hex, wherever they stand. */
	for (size_t i = 0; i < from.n;) {
		size_t n = 0;
		while (i + n < from.n && is_hex(from.p[i + n]))
			n++;
		if (n >= 32)
			expect_absent(path, output, slice_sub(from, i, n));
		i += n + 1;
	}
}

static void expect_no_key_variables(const char *path, struct slice output, const struct capture *c)
{
	struct environment env = { buf_slice(&c->environment) };
	struct slice name, value;
	size_t at = 0;

	while (environment_next(&env, &at, &name, &value))
		if (environment_is_key_name(name))
			expect_absent(path, output, value);
}

static bool names_rule(struct slice records, const char *id)
{
	char member[128];

	snprintf(member, sizeof(member), "\"rule\":\"%s\"", id);
	return slice_has(records, slice_of(member));
}

static void expect_json_lines(const char *path, struct slice records)
{
	struct slice line;

	while (slice_cut(&records, '\n', &line)) {
		if (line.n == 0)
			continue;
		cJSON *record = cJSON_ParseWithLength(line.p, line.n);
		if (!record)
			COMPLAIN("%s: a record is no JSON: %.*s\n", path, SLICE_ARG(line));
		cJSON_Delete(record);
	}
}

static void expect_same(const char *path, const char *what, struct slice a, struct slice b)
{
	if (slice_equal(a, b))
		return;
	COMPLAIN("%s: %s differ when the bytes are cut otherwise\n%.*s\n%.*s\n", path, what,
		 SLICE_ARG(a), SLICE_ARG(b));
}

static void check_splits(const char *path, const struct capture *c, struct playback *first)
{
	struct playback_options options = { .tool = "replay" };

	assert_int_equal(playback_run(first, c, &options), 0);
	for (int split = SPLIT_BYTES; split <= SPLIT_WHOLE; split++) {
		struct playback other;
		options.split = (enum split)split;
		assert_int_equal(playback_run(&other, c, &options), 0);
		expect_same(path, "records", buf_slice(&first->records), buf_slice(&other.records));
		expect_same(path, "texts", buf_slice(&first->text), buf_slice(&other.text));
		playback_release(&other);
	}
}

static void compare_expected(const char *path, const struct playback *r)
{
	char expected[PATH_MAX];
	struct buf want;

	snprintf(expected, sizeof(expected), "%.*s.expected", (int)(strlen(path) - strlen(".cap")),
		 path);
	buf_init(&want, FILE_MAX_SIZE);
	if (getenv("UPDATE_EXPECTED") && access(expected, F_OK) == 0) {
		int fd = open(expected, O_WRONLY | O_TRUNC);
		assert_true(write(fd, r->text.n ? r->text.p : "", r->text.n) == (ssize_t)r->text.n);
		close(fd);
	}
	if (read_file(expected, &want) && !slice_equal(buf_slice(&want), buf_slice(&r->text)))
		COMPLAIN("%s: the text is not as in %s; it is\n%.*s\n", path, expected,
			 SLICE_ARG(buf_slice(&r->text)));
	buf_release(&want);
}

/* FOLDER may be no rule: then only splits, JSON and secrets are looked at. */
static void check_capture(const char *path, const char *folder, bool fires)
{
	bool is_rule = rule_find(slice_of(folder)) != RULE_NONE;
	struct capture_fault fault;
	struct playback r;
	struct capture c;
	struct buf text;

	buf_init(&text, FILE_MAX_SIZE);
	assert_true(read_file(path, &text));
	capture_init(&c);
	if (capture_parse(&c, buf_slice(&text), &fault) != 0) {
		COMPLAIN("%s:%zu: %s\n", path, fault.line, fault.what);
		goto out;
	}
	check_splits(path, &c, &r);
	expect_json_lines(path, buf_slice(&r.records));
	expect_no_keys(path, buf_slice(&r.records), buf_slice(&text));
	expect_no_keys(path, buf_slice(&r.text), buf_slice(&text));
	expect_no_key_variables(path, buf_slice(&r.records), &c);
	expect_no_key_variables(path, buf_slice(&r.text), &c);
	if (is_rule && names_rule(buf_slice(&r.records), folder) != fires)
		COMPLAIN("%s: %s is %s the records\n%.*s\n", path, folder, fires ? "not in" : "in",
			 SLICE_ARG(buf_slice(&r.records)));
	compare_expected(path, &r);
	playback_release(&r);
out:
	capture_release(&c);
	buf_release(&text);
}

/* Check all captures in a folder that match PATTERN; how many there were. */
static unsigned check_matching(const char *folder, const char *pattern, bool fires)
{
	struct dirent **names;
	char path[PATH_MAX];
	unsigned found = 0;

	snprintf(path, sizeof(path), "%s/%s", root(), folder);
	int n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (fnmatch(pattern, names[i]->d_name, 0) == 0) {
			snprintf(path, sizeof(path), "%s/%s/%s", root(), folder, names[i]->d_name);
			check_capture(path, folder, fires);
			found++;
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return found;
}

static void every_capture_says_what_its_folder_says(void **state)
{
	struct dirent **folders;
	unsigned captures = 0;
	int n = scandir(root(), &folders, NULL, alphasort);

	(void)state;
	failures = 0;
	for (int i = 0; i < n; i++) {
		if (folders[i]->d_name[0] != '.') {
			captures += check_matching(folders[i]->d_name, "fires*.cap", true);
			captures += check_matching(folders[i]->d_name, "quiet*.cap", false);
			captures += check_matching(folders[i]->d_name, "[!fq]*.cap", false);
		}
		free(folders[i]);
	}
	if (n >= 0)
		free(folders);
	print_message("           %u captures\n", captures);
	assert_true(captures > 0);
	assert_int_equal(failures, 0);
}

static unsigned count_captures(const char *rule, const char *pattern)
{
	struct dirent **names;
	char path[PATH_MAX];
	unsigned found = 0;

	snprintf(path, sizeof(path), "%s/%s", root(), rule);
	int n = scandir(path, &names, NULL, NULL);
	for (int i = 0; i < n; i++) {
		found += fnmatch(pattern, names[i]->d_name, 0) == 0;
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return found;
}

/* Those of a whole log and of a launch are in tests/e2e/log_rules.py and launch.sh. */
static void every_rule_of_a_connection_has_three_captures_of_each_kind(void **state)
{
	(void)state;
	failures = 0;
	for (int i = 0; i < RULE_COUNT; i++) {
		if (!rule_is_checked(&rules[i]) && rules[i].when != ON_CONNECTION)
			continue;
		unsigned fires = count_captures(rules[i].id, "fires*.cap");
		unsigned quiet = count_captures(rules[i].id, "quiet*.cap");
		if (fires < VARIANTS || quiet < VARIANTS)
			COMPLAIN("%s has %u fires*.cap and %u quiet*.cap, wanted are %d of each\n",
				 rules[i].id, fires, quiet, VARIANTS);
	}
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_capture_says_what_its_folder_says),
		cmocka_unit_test(every_rule_of_a_connection_has_three_captures_of_each_kind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
