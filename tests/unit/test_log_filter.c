/* SPDX-License-Identifier: MIT */
/* The times that --since takes, in a zone with summer time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "tools/log/log_filter.h"

static const int64_t now = 1600000000; /* 2020-09-13T12:26:40Z, 14:26:40 there */

static const struct {
	const char *text;
	int64_t seconds;
} times[] = {
	{ "2020-01-01", 1577833200 }, /* 2019-12-31T23:00Z */
	{ "2020-07-01", 1593554400 }, /* 2020-06-30T22:00Z, in summer */
	{ "2020-03-29", 1585436400 }, /* summer time begins at 2 */
	{ "2020-02-29", 1582930800 },
	{ "2020-01-01T00:00Z", 1577836800 },
	{ "2020-01-01T00:00:00+01:00", 1577833200 },
	{ "14:26", 1599999960 },
	{ "14:27", 1600000020 - 86400 },
	{ "2h", 1600000000 - 7200 },
};

static void a_time_is_what_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct filter_options o = { .since = times[i].text };
		struct log_filter *f = log_filter_read(&o, "report", now * 1000000);

		print_message("%s\n", times[i].text);
		assert_true(f->given);
		assert_int_equal(f->since, times[i].seconds * 1000000);
		assert_int_equal(f->until, INT64_MAX);
		free(f);
	}
}

static void until_is_exclusive(void **state)
{
	struct filter_options o = { .since = "2020-07-01", .until = "2020-07-02" };
	struct log_filter *f = log_filter_read(&o, "report", now * 1000000);
	static const struct {
		int64_t seconds;
		bool taken;
	} ends[] = { { 1593554399, false },
		     { 1593554400, true },
		     { 1593640799, true },
		     { 1593640800, false } };

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct filter_subject s = { .time_us = ends[i].seconds * 1000000 };

		assert_int_equal(log_filter_takes(f, &s), ends[i].taken);
	}
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_is_what_it_says),
		cmocka_unit_test(until_is_exclusive),
	};

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
