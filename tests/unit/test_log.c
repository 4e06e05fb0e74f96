/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "report/log.h"

static char folder[64];
static char path[128];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test-log-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/log", folder);
	return 0;
}

static int remove_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	return system(command);
}

static void expect_content(const char *file, const char *want)
{
	char content[512];
	int fd = open(file, O_RDONLY);

	assert_true(fd >= 0);
	ssize_t n = read(fd, content, sizeof(content) - 1);
	close(fd);
	content[n] = '\0';
	assert_string_equal(content, want);
}

static void lines_are_appended_to_a_private_file(void **state)
{
	struct stat st;
	struct sink s;

	(void)state;
	sink_init_file(&s, path);
	assert_int_equal(access(path, F_OK), -1);
	errno = 42;
	assert_true(sink_write(&s, SLICE("one\n")));
	assert_true(sink_write(&s, SLICE("two\n")));
	assert_int_equal(errno, 42);
	assert_true(s.fd >= 200);
	assert_true(fcntl(s.fd, F_GETFD) & FD_CLOEXEC);
	sink_close(&s);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	sink_init_file(&s, path);
	assert_true(sink_write(&s, SLICE("three\n")));
	sink_close(&s);
	expect_content(path, "one\ntwo\nthree\n");
}

static void a_symlink_is_not_followed(void **state)
{
	char target[128];
	struct sink s;

	(void)state;
	snprintf(target, sizeof(target), "%s/target", folder);
	assert_int_equal(symlink(target, path), 0);
	sink_init_file(&s, path);
	assert_false(sink_write(&s, SLICE("one\n")));
	assert_true(s.failed);
	assert_int_equal(access(target, F_OK), -1);
	sink_close(&s);
}

static void what_cannot_be_opened_silences_for_good(void **state)
{
	static const char *const places[] = { "/nonexistent/folder/log", "/", "" };
	struct sink s;

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		sink_init_file(&s, places[i]);
		errno = 42;
		assert_false(sink_write(&s, SLICE("one\n")));
		assert_int_equal(errno, 42);
		assert_true(s.failed);
		assert_false(sink_write(&s, SLICE("two\n")));
		sink_close(&s);
	}
}

static void a_pipe_that_nobody_reads_does_not_stop_us(void **state)
{
	struct sink s;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	sink_init_file(&s, path);
	assert_false(sink_write(&s, SLICE("one\n")));
	sink_close(&s);
}

static void a_full_pipe_loses_lines_and_goes_on(void **state)
{
	static char line[4096];
	struct sink s;
	int ends[2];

	(void)state;
	memset(line, 'x', sizeof(line));
	assert_int_equal(pipe(ends), 0);
	sink_init_fd(&s, ends[1]);
	while (sink_write(&s, (struct slice){ line, sizeof(line) }))
		;
	assert_false(s.failed);
	assert_int_equal(s.lost, 1);
	while (s.lost == 1 && read(ends[0], line, sizeof(line)) > 0)
		if (sink_write(&s, SLICE("again\n")))
			break;
	assert_int_equal(s.lost, 1);
	close(ends[0]);
	close(ends[1]);
}

static void a_closed_pipe_raises_no_signal(void **state)
{
	struct sink s;
	sigset_t pending;
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	sink_init_fd(&s, ends[1]);
	assert_false(sink_write(&s, SLICE("one\n")));
	assert_true(s.failed);
	sigpending(&pending);
	assert_false(sigismember(&pending, SIGPIPE));
	close(ends[1]);
}

/* In a child: the limit and a signal would be the end of the test program. */
static void a_file_size_limit_raises_no_signal(void **state)
{
	int status;

	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		struct rlimit limit = { 4, 4 };
		struct sink s;
		signal(SIGXFSZ, SIG_DFL);
		setrlimit(RLIMIT_FSIZE, &limit);
		sink_init_file(&s, path);
		bool first = sink_write(&s, SLICE("one\n"));
		bool second = sink_write(&s, SLICE("two\n"));
		_exit(first && !second ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	expect_content(path, "one\n");
}

static void a_host_that_reuses_our_descriptor_keeps_its_file_clean(void **state)
{
	char other[128];
	struct sink s;

	(void)state;
	snprintf(other, sizeof(other), "%s/other", folder);
	sink_init_file(&s, path);
	assert_true(sink_write(&s, SLICE("one\n")));
	int number = s.fd;
	close(number);
	int fd = open(other, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(dup2(fd, number), number);
	close(fd);
	assert_true(sink_write(&s, SLICE("two\n")));
	expect_content(other, "");
	expect_content(path, "one\ntwo\n");
	assert_int_equal(fcntl(number, F_GETFD), 0);
	sink_close(&s);
	close(number);
}

static void percent_p_is_the_process(void **state)
{
	char pattern[128];
	char want[160];
	struct sink s;
	int status;

	(void)state;
	snprintf(pattern, sizeof(pattern), "%s/log.%%p", folder);
	sink_init_file(&s, pattern);
	assert_true(sink_write(&s, SLICE("parent\n")));
	pid_t pid = fork();
	if (pid == 0) {
		sink_after_fork(&s);
		_exit(sink_write(&s, SLICE("child\n")) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	snprintf(want, sizeof(want), "%s/log.%d", folder, (int)getpid());
	expect_content(want, "parent\n");
	snprintf(want, sizeof(want), "%s/log.%d", folder, (int)pid);
	expect_content(want, "child\n");
	sink_close(&s);
}

static void lines_of_several_processes_never_interleave(void **state)
{
	enum { WRITERS = 6, LINES = 200, LENGTH = 5000 };
	static char line[LENGTH];
	FILE *f;

	(void)state;
	for (int w = 0; w < WRITERS; w++)
		if (fork() == 0) {
			struct sink s;
			memset(line, 'a' + w, LENGTH - 1);
			line[LENGTH - 1] = '\n';
			sink_init_file(&s, path);
			for (int i = 0; i < LINES; i++)
				sink_write(&s, (struct slice){ line, LENGTH });
			_exit(0);
		}
	for (int w = 0; w < WRITERS; w++)
		wait(NULL);
	f = fopen(path, "r");
	assert_non_null(f);
	int lines = 0;
	char got[LENGTH + 1];
	while (fgets(got, sizeof(got), f)) {
		assert_int_equal(strlen(got), LENGTH);
		assert_int_equal(strspn(got, (char[]){ got[0], 0 }), LENGTH - 1);
		lines++;
	}
	fclose(f);
	assert_int_equal(lines, WRITERS * LINES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_are_appended_to_a_private_file),
		TEST(a_symlink_is_not_followed),
		TEST(what_cannot_be_opened_silences_for_good),
		TEST(a_pipe_that_nobody_reads_does_not_stop_us),
		TEST(a_full_pipe_loses_lines_and_goes_on),
		TEST(a_closed_pipe_raises_no_signal),
		TEST(a_file_size_limit_raises_no_signal),
		TEST(a_host_that_reuses_our_descriptor_keeps_its_file_clean),
		TEST(percent_p_is_the_process),
		TEST(lines_of_several_processes_never_interleave),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
