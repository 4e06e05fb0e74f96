/* SPDX-License-Identifier: MIT */
/* Logs as they are found: torn, hostile, of a newer orshim, of several processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/report/report.h"

#define HEX64 "0e6f44a47a05f1dad2ad7e88c4c1d6b77688157716fb1a5271146f7464951c96"

static const char fine[] =
    "{\"v\":1,\"record\":\"exchange\",\"ts\":\"2026-01-01T00:00:02.000Z\",\"pid\":7,\"tool\":"
    "\"node\",\"conn\":1,\"seq\":1,\"http\":\"1.1\",\"method\":\"POST\",\"host\":"
    "\"openrouter.ai\",\"path\":\"/api/v1/chat/completions\",\"vendor\":\"openrouter\","
    "\"status\":200,\"ms\":5,\"auth\":null,\"request\":{\"headers\":[],\"body\":{}},"
    "\"response\":{\"headers\":[],\"bytes\":2,\"error\":null},\"findings\":[],\"verdict\":"
    "{\"refused_by\":null,\"category\":null,\"cause\":null}}\n";
static const char refused[] =
    "{\"v\":1,\"record\":\"exchange\",\"ts\":\"2026-01-01T00:00:01.500Z\",\"pid\":7,\"tool\":"
    "\"node\",\"conn\":1,\"seq\":1,\"http\":\"1.1\",\"method\":\"POST\",\"host\":"
    "\"openrouter.ai\",\"path\":\"/api/v1/chat/completions\",\"vendor\":\"openrouter\","
    "\"status\":401,\"ms\":5,\"auth\":{\"carriers\":[\"authorization\"],\"scheme\":\"Bearer\","
    "\"vendor\":null,\"token\":\"\\\"sk-or-v1-0e6...1c96\\\"\",\"length\":75,\"fingerprint\":"
    "\"sha256:51bd4ba5977a\",\"source\":[]},\"request\":{\"headers\":[[\"Authorization\","
    "\"<redacted>\"]],\"body\":{}},\"response\":{\"headers\":[],\"bytes\":2,\"error\":"
    "{\"message\":\"No auth credentials found\"}},\"findings\":[{\"rule\":"
    "\"auth_token_quoted\",\"severity\":\"error\",\"detail\":\"quotation marks\",\"header\":"
    "\"authorization\",\"offset\":7,\"offset_end\":81}],\"verdict\":{\"refused_by\":"
    "\"openrouter_auth\",\"category\":\"account_auth\",\"cause\":\"auth_token_quoted\"}}\n";

struct fixture {
	struct log log;
	char path[64];
};

static FILE *begin(struct fixture *f)
{
	strcpy(f->path, "/tmp/orshim-test-XXXXXX");
	int fd = mkstemp(f->path);

	assert_true(fd >= 0);
	log_init(&f->log);
	return fdopen(fd, "w");
}

static void read_it(struct fixture *f, FILE *file)
{
	assert_int_equal(fclose(file), 0);
	log_add(&f->log, f->path);
	log_sort(&f->log);
}

static void end(struct fixture *f)
{
	log_release(&f->log);
	unlink(f->path);
}

static void sorts_by_time_and_keeps_the_number(void **state)
{
	struct fixture f;
	FILE *file = begin(&f);

	(void)state;
	fputs(fine, file);
	fputs(refused, file);
	read_it(&f, file);
	assert_int_equal(f.log.count, 2);
	assert_int_equal(f.log.rows[0].status, 401);
	assert_int_equal(f.log.rows[0].number, 2);
	assert_ptr_equal(log_exchange(&f.log, 0, 1), &f.log.rows[1]);
	assert_null(log_exchange(&f.log, 0, 3));
	end(&f);
}

static void counts_and_names_what_is_no_record(void **state)
{
	struct fixture f;
	FILE *file = begin(&f);

	(void)state;
	fputs(fine, file);
	fputs("not JSON\n\n   \n", file);
	fputs("{\"v\":1}\n[1,2]\n\"x\"\nnull\n", file);
	fputs("{\"v\":1,\"record\":\"weather\",\"x\":1}\n{\"v\":2,\"record\":\"exchange\"}\n",
	      file);
	fputs(
	    "{\"v\":1,\"record\":\"exchange\",\"pid\":\"x\",\"status\":[],\"findings\":7,\"auth\":"
	    "[1],\"verdict\":\"y\",\"request\":null}\n",
	    file);
	for (int i = 0; i < 10 << 20; i++)
		putc('[', file);
	putc('\n', file);
	fputs(refused, file);
	fwrite(refused, 1, sizeof(refused) / 2, file);
	read_it(&f, file);
	assert_int_equal(f.log.count, 3);
	assert_int_equal(f.log.faults[LOG_NOT_JSON].count, 1);
	assert_int_equal(f.log.faults[LOG_NOT_JSON].line, 2);
	assert_int_equal(f.log.faults[LOG_NOT_RECORD].count, 4);
	assert_int_equal(f.log.faults[LOG_NOT_RECORD].line, 5);
	assert_int_equal(f.log.faults[LOG_NEWER].count, 2);
	assert_int_equal(f.log.faults[LOG_TOO_LONG].count, 1);
	assert_int_equal(f.log.faults[LOG_CUT].count, 1);
	end(&f);
}

static void takes_random_bytes_without_harm(void **state)
{
	struct fixture f;
	unsigned long long seed = 1;

	(void)state;
	for (int round = 0; round < 50; round++) {
		FILE *file = begin(&f);
		for (int i = 0; i < 20000; i++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			/* a damaged record now and then */
			if (i % 2000 == 0) {
				char line[sizeof(refused)];
				memcpy(line, refused, sizeof(line));
				for (int k = 0; k < 3; k++)
					line[(seed >> (8 * k + 8)) % (sizeof(line) - 2)] =
					    (char)(seed >> (20 + k));
				fputs(line, file);
			}
			putc((int)(seed >> 33) & 0xff, file);
		}
		read_it(&f, file);
		struct report *r = malloc(sizeof(*r));
		struct buf out;
		buf_init(&out, REPORT_MAX);
		report_make(r, &f.log);
		report_text(r, &(struct text_style){ .width = 80 }, &out);
		report_html(r, &out);
		for (size_t i = 0; i < out.n; i++)
			assert_true((unsigned char)out.p[i] >= 0x20 || out.p[i] == '\n' ||
				    out.p[i] == '\t');
		report_release(r);
		free(r);
		buf_release(&out);
		end(&f);
	}
}

static bool has(const struct buf *out, const char *needle)
{
	return slice_has(buf_slice(out), slice_of(needle));
}

static void shows_no_key_and_no_markup(void **state)
{
	struct fixture f;
	FILE *file = begin(&f);
	struct report *r = malloc(sizeof(*r));
	struct buf out;

	(void)state;
	fprintf(file,
		"{\"v\":1,\"record\":\"exchange\",\"ts\":\"x\",\"pid\":1,\"tool\":\"\\u001b[31m"
		"<script>\",\"method\":\"GET\",\"host\":\"sk-or-v1-%s\",\"path\":\"/<img "
		"onerror=alert(1)>\",\"request\":{\"headers\":[[\"X<b>\",\"sk-or-v1-%s\"]],"
		"\"body\":{}},\"response\":{\"headers\":[],\"error\":{\"message\":\"```\\n@all "
		"</pre><script>sk-or-v1-%s\"}},\"findings\":[{\"rule\":\"<b>\",\"severity\":"
		"\"error\",\"detail\":\"\\u001b]0;x\\u0007\"}],\"verdict\":{\"refused_by\":"
		"\"</script>\",\"cause\":\"<b>\"}}\n",
		HEX64, HEX64, HEX64);
	read_it(&f, file);
	buf_init(&out, REPORT_MAX);
	report_make(r, &f.log);
	assert_int_equal(r->refused, 1);
	report_html(r, &out);
	assert_false(has(&out, "<img") || has(&out, "<b>") || has(&out, "</pre><script"));
	report_text(r, &(struct text_style){ 0 }, &out);
	report_exchange(r, &f.log.rows[0], &(struct text_style){ 0 }, &out);
	report_json(r, &out);
	report_har(r, &out);
	report_markdown(r, &out);
	assert_false(has(&out, HEX64));
	assert_null(memchr(out.p, 0x1b, out.n));
	assert_null(memchr(out.p, 0x07, out.n));
	report_release(r);
	free(r);
	buf_release(&out);
	end(&f);
}

static void masks_a_text_each_time_it_comes(void **state)
{
	static const char key[] = "key=sk-or-v1-" HEX64;
	char plain[201];
	struct log log;

	(void)state;
	log_init(&log);
	memset(plain, 'a', sizeof(plain) - 1);
	plain[sizeof(plain) - 1] = '\0';
	for (int i = 0; i < 3; i++) {
		assert_null(strstr(log_keep(&log, key, 600), HEX64));
		assert_string_equal(log_keep(&log, "a\x1bz", 600), "a\\x1bz");
		assert_string_equal(log_keep(&log, "a\x1bz", 4), "a");
		assert_string_equal(log_keep(&log, "a", 4), "a");
		assert_string_equal(log_keep(&log, plain, 600), plain);
		assert_int_equal(strlen(log_keep(&log, plain, 128)), 128);
		assert_string_equal(log_keep(&log, "", 600), "");
	}
	assert_ptr_equal(log_keep(&log, plain, 200), log_keep(&log, plain, 600));
	log_release(&log);
}

static void puts_the_carets_under_both_quotes(void **state)
{
	struct fixture f;
	FILE *file = begin(&f);
	struct shown_field field;

	(void)state;
	fputs(refused, file);
	read_it(&f, file);
	cJSON *record = log_record(&f.log, &f.log.rows[0]);
	const cJSON *findings = cJSON_GetObjectItem(record, "findings");
	assert_true(shown_field_of(&field, record, cJSON_GetArrayItem(findings, 0)));
	assert_string_equal(field.text, "Authorization: Bearer \"sk-or-v1-0e6...1c96\"");
	assert_int_equal(field.caret, 22);
	assert_int_equal(field.caret_end, 42);
	assert_int_equal(field.text[field.caret_end], '"');
	cJSON_Delete(record);
	end(&f);
}

static void says_plainly_when_nothing_is_wrong(void **state)
{
	struct fixture f;
	FILE *file = begin(&f);
	struct report *r = malloc(sizeof(*r));
	struct buf out;

	(void)state;
	fputs(fine, file);
	read_it(&f, file);
	buf_init(&out, REPORT_MAX);
	report_make(r, &f.log);
	report_verdict(r, &out);
	assert_true(
	    slice_equal(buf_slice(&out), slice_of("nothing is wrong: 1 request, none refused")));
	assert_int_equal(report_status(r), 0);
	report_release(r);
	free(r);
	buf_release(&out);
	end(&f);
}

/* RULE of the key that is always refused with CAUSE, while another is accepted. */
static void separates_a_key(const char *cause, enum rule_id rule)
{
	static const char *const keys[] = { "sha256:51bd4ba5977a", "sha256:aaaaaaaaaaaa" };
	struct fixture f;
	FILE *file = begin(&f);
	struct report *r = malloc(sizeof(*r));

	for (int i = 0; i < 24; i++) {
		bool bad = i * 7 % 3 == 0;
		char line[sizeof(refused)];
		strcpy(line, refused);
		if (!bad) {
			memcpy(strstr(line, "\"status\":401"), "\"status\":200", 12);
			memcpy(strstr(line, keys[0]), keys[1], strlen(keys[1]));
			memcpy(strstr(line, "\"openrouter_auth\""), "null             ", 17);
			memcpy(strstr(line, "\"findings\":[{"), "\"findingx\":[{", 13);
			memcpy(strstr(line, "\"cause\":\"auth_token_quoted\""),
			       "\"cause\":null               ", 27);
		} else {
			memset(strstr(line, "\"auth_token_quoted\"}}"), ' ', 19);
			memcpy(strstr(line, "\"cause\":") + 8, cause, strlen(cause));
		}
		fputs(line, file);
	}
	read_it(&f, file);
	report_make(r, &f.log);
	assert_int_equal(r->refused, 8);
	assert_int_equal(r->split.strength, SPLIT_STRONG);
	assert_int_equal(r->split.first, ATTRIBUTE_KEY);
	assert_int_equal(r->split.second, ATTRIBUTE_COUNT);
	assert_int_equal(r->key_count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(key_rule(r, &r->keys[i]), strcmp(r->keys[i].key, keys[0]) == 0
							       ? rule
							       : RULE_NONE);
	report_release(r);
	free(r);
	end(&f);
}

static void names_the_key_that_separates(void **state)
{
	(void)state;
	separates_a_key("\"key_unknown\"", RULE_one_key_of_several_fails);
}

static void blames_no_key_that_was_damaged(void **state)
{
	(void)state;
	separates_a_key("\"auth_token_quoted\"", RULE_NONE);
}

/* Two processes: what one of them cannot know. */
static void knows_a_key_that_worked_before(void **state)
{
	struct fixture f;
	FILE *file = begin(&f);
	struct report *r = malloc(sizeof(*r));
	char line[sizeof(refused)];

	(void)state;
	strcpy(line, refused);
	memcpy(strstr(line, "\"openrouter_auth\""), "null             ", 17);
	memcpy(strstr(line, "\"status\":401"), "\"status\":200", 12);
	memcpy(strstr(line, "01.500Z"), "00.100Z", 7);
	memcpy(strstr(line, "\"pid\":7"), "\"pid\":8", 7);
	fputs(refused, file);
	fputs(line, file);
	read_it(&f, file);
	report_make(r, &f.log);
	assert_int_equal(r->key_count, 1);
	assert_int_equal(key_rule(r, &r->keys[0]), RULE_transient_401);
	report_release(r);
	free(r);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorts_by_time_and_keeps_the_number),
		cmocka_unit_test(counts_and_names_what_is_no_record),
		cmocka_unit_test(takes_random_bytes_without_harm),
		cmocka_unit_test(shows_no_key_and_no_markup),
		cmocka_unit_test(masks_a_text_each_time_it_comes),
		cmocka_unit_test(puts_the_carets_under_both_quotes),
		cmocka_unit_test(says_plainly_when_nothing_is_wrong),
		cmocka_unit_test(names_the_key_that_separates),
		cmocka_unit_test(blames_no_key_that_was_damaged),
		cmocka_unit_test(knows_a_key_that_worked_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
