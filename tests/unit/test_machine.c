/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/machine.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* printf orshim | openssl dgst -sha256 -hmac 3d1219c7c4c5404aaa1f6d2a48adfda4 */
static void a_machine_is_named_by_an_hmac_of_its_id(void **state)
{
	char name[MACHINE_NAME];

	(void)state;
	machine_name(SLICE("3d1219c7c4c5404aaa1f6d2a48adfda4"), name);
	assert_string_equal(name, "15fd4467e4b2");
}

static void a_container_is_known_by_cgroup_and_mounts(void **state)
{
	static const struct {
		struct slice text, mark;
		bool found;
	} cases[] = {
		{ SLICE("12:pids:/docker/" ID "\n"), SLICE(""), true },
		{ SLICE("0::/kubepods/pod1/cri-containerd-" ID ".scope"), SLICE(""), true },
		{ SLICE("0::/\n"), SLICE(""), false },
		{ SLICE("0::/docker/" ID "0\n"), SLICE(""), false },
		{ SLICE("/var/lib/docker/containers/" ID "/hostname /etc/hostname"),
		  SLICE("containers/"), true },
		{ SLICE("lowerdir=/var/lib/docker/overlay2/" ID "/diff"), SLICE("containers/"),
		  false },
		{ SLICE(ID), SLICE("containers/"), false },
		{ SLICE(""), SLICE(""), false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice id = machine_container(cases[i].text, cases[i].mark);
		assert_int_equal(id.p != NULL, cases[i].found);
		if (id.p)
			assert_true(slice_equal(id, SLICE(ID)));
	}
}

static void names_are_short_and_plain(void **state)
{
	(void)state;
	assert_true(machine_name_is_fit("box-7.lab_2"));
	assert_true(machine_name_is_fit(ID));
	assert_false(machine_name_is_fit(ID "0"));
	assert_false(machine_name_is_fit(""));
	assert_false(machine_name_is_fit("box 7"));
	assert_false(machine_name_is_fit("b\xc3\xb6x"));
}

static void this_process_is_learnt_once(void **state)
{
	static const int64_t now = 1793491440123456;
	const struct environment env = { SLICE("CI=1\0GITHUB_RUN_ID=77\0") };
	const struct environment none = { SLICE("") };
	struct machine m = { 0 }, other = { 0 };

	(void)state;
	errno = EDOM;
	machine_learn(&m, getpid(), now, "box-7", &env);
	assert_int_equal(errno, EDOM);
	assert_string_equal(m.id, "box-7");
	assert_string_equal(m.ci, "77");
	assert_int_equal(strlen(m.boot), 36);
	assert_int_equal(strlen(m.start), 24);
	assert_true(strcmp(m.start, "2026-11-01T00:04:00.123Z") <= 0);
	other = m;
	machine_learn(&m, getpid(), now + 1000000, "another", &none);
	assert_memory_equal(&m, &other, sizeof(m));
	machine_learn_blindly(&m, getpid() + 1, now);
	assert_string_equal(m.start, "2026-11-01T00:04:00.123Z");
	assert_string_equal(m.id, "box-7");
}

/* Made up. What looks like a key is no name. */
static void a_key_is_no_name(void **state)
{
	const struct environment env = { SLICE(
	    "GITHUB_RUN_ID=AIzaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q\0") };
	struct machine m = { 0 };

	(void)state;
	machine_learn(&m, getpid(), 0, "gsk_0e6f44a47a05f1dad2ad7e88c4c1d6b77688157716fb1a52711464",
		      &env);
	assert_string_equal(m.ci, "");
	assert_null(strstr(m.id, "gsk_"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_machine_is_named_by_an_hmac_of_its_id),
		cmocka_unit_test(a_container_is_known_by_cgroup_and_mounts),
		cmocka_unit_test(names_are_short_and_plain),
		cmocka_unit_test(this_process_is_learnt_once),
		cmocka_unit_test(a_key_is_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
