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
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/log_socket.h"
#include "report/sink.h"

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

/* Somebody changes the name between two lines: what was opened is used, or what is honest. */
static void a_symlink_that_comes_later_is_not_followed(void **state)
{
	char target[128];
	struct sink s;

	(void)state;
	snprintf(target, sizeof(target), "%s/target", folder);
	sink_init_file(&s, path);
	assert_true(sink_write(&s, SLICE("one\n")));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(unlink(path), 0);
		assert_int_equal(symlink(target, path), 0);
		sink_write(&s, SLICE("two\n"));
		assert_int_equal(access(target, F_OK), -1);
	}
	sink_close(&s);
}

/* fs.protected_hardlinks says who may make one; see open_named(). */
static void a_log_may_have_a_second_name(void **state)
{
	char second[128];
	struct sink s;
	int fd;

	(void)state;
	snprintf(second, sizeof(second), "%s/second", folder);
	fd = open(second, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(link(second, path), 0);
	sink_init_file(&s, path);
	assert_true(sink_write(&s, SLICE("one\n")));
	sink_close(&s);
	expect_content(second, "one\n");
}

static void an_open_umask_makes_no_open_log(void **state)
{
	mode_t before = umask(0);
	struct stat st;
	struct sink s;

	(void)state;
	sink_init_file(&s, path);
	s.max = 8;
	assert_true(sink_write(&s, SLICE("one\n")));
	assert_true(sink_write(&s, SLICE("another\n"))); /* into a new file */
	sink_close(&s);
	umask(before);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	expect_content(path, "another\n");
}

static void a_socket_is_no_log(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sink s;

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	sink_init_file(&s, path);
	assert_false(sink_write(&s, SLICE("one\n")));
	assert_true(s.failed);
	sink_close(&s);
	close(fd);
}

/* Where the file system shows no file, lines go to the socket beside it, if somebody listens. */
static void a_log_out_of_reach_is_written_to_its_socket(void **state)
{
	struct sockaddr_un address;
	char missing[160], got[64];
	struct sink s;

	(void)state;
	snprintf(missing, sizeof(missing), "%s/none/log", folder);
	int listening = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	socklen_t size = log_socket_address(missing, &address);
	assert_int_equal(bind(listening, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listening, 1), 0);

	sink_init_file(&s, missing);
	assert_true(sink_write(&s, SLICE("one\n")));
	assert_true(sink_write(&s, SLICE("two\n")));
	int fd = accept(listening, NULL, NULL);
	assert_int_equal(read(fd, got, sizeof(got)), 4);
	assert_memory_equal(got, "one\n", 4);
	assert_int_equal(read(fd, got, sizeof(got)), 4);
	assert_memory_equal(got, "two\n", 4);
	sink_close(&s);
	close(fd);
	close(listening);

	sink_init_file(&s, missing);
	assert_false(sink_write(&s, SLICE("three\n")));
	assert_true(s.failed);
	sink_close(&s);
}

/* Each process has a log with %p for itself: none is shared by a socket. */
static void a_log_of_one_process_has_no_socket(void **state)
{
	struct sockaddr_un address;
	char missing[160];
	struct sink s;

	(void)state;
	snprintf(missing, sizeof(missing), "%s/none/log.%%p", folder);
	int listening = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	socklen_t size = log_socket_address(missing, &address);
	assert_int_equal(bind(listening, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listening, 1), 0);
	sink_init_file(&s, missing);
	assert_false(sink_write(&s, SLICE("one\n")));
	assert_true(s.failed);
	sink_close(&s);
	close(listening);
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

static void expect_size_at_most(const char *file, long most)
{
	struct stat st;

	assert_int_equal(stat(file, &st), 0);
	assert_in_range(st.st_size, 1, most);
}

static void a_log_that_grew_is_rotated(void **state)
{
	char old[160];
	struct sink s;

	(void)state;
	snprintf(old, sizeof(old), "%s.1", path);
	sink_init_file(&s, path);
	s.max = 8;
	assert_true(sink_write(&s, SLICE("one\n")));
	assert_true(sink_write(&s, SLICE("two\n")));
	expect_content(path, "one\ntwo\n");
	assert_int_equal(access(old, F_OK), -1);
	errno = 42;
	assert_true(sink_write(&s, SLICE("three\n")));
	assert_int_equal(errno, 42);
	expect_content(old, "one\ntwo\n");
	expect_content(path, "three\n");
	assert_true(s.fd >= 200);
	assert_true(sink_write(&s, SLICE("a longer line than the limit\n")));
	expect_content(old, "three\n");
	expect_content(path, "a longer line than the limit\n");
	sink_close(&s);
}

static void without_a_limit_it_grows(void **state)
{
	struct sink s;

	(void)state;
	sink_init_file(&s, path);
	for (int i = 0; i < 3; i++)
		assert_true(sink_write(&s, SLICE("one\n")));
	sink_close(&s);
	expect_content(path, "one\none\none\n");
}

static void who_sets_it_aside_is_followed_by_the_others(void **state)
{
	char old[160];
	struct sink one, two;

	(void)state;
	snprintf(old, sizeof(old), "%s.1", path);
	sink_init_file(&one, path);
	sink_init_file(&two, path);
	one.max = two.max = 8;
	assert_true(sink_write(&one, SLICE("1st one\n")));
	assert_true(sink_write(&two, SLICE("1st two\n")));
	assert_true(sink_write(&one, SLICE("2nd one\n")));
	expect_content(old, "1st two\n");
	expect_content(path, "2nd one\n");
	sink_close(&one);
	sink_close(&two);
}

static void where_it_cannot_be_rotated_it_grows(void **state)
{
	char old[160];
	struct sink s;

	(void)state;
	snprintf(old, sizeof(old), "%s.1", path);
	assert_int_equal(mkdir(old, 0700), 0);
	sink_init_file(&s, path);
	s.max = 8;
	for (int i = 0; i < 3; i++)
		assert_true(sink_write(&s, SLICE("a line\n")));
	expect_content(path, "a line\na line\na line\n");
	assert_int_equal(s.lost, 0);
	sink_close(&s);
}

static void a_deleted_or_replaced_log_is_begun_anew(void **state)
{
	char moved[160];
	struct sink s;

	(void)state;
	snprintf(moved, sizeof(moved), "%s.moved", path);
	sink_init_file(&s, path);
	assert_true(sink_write(&s, SLICE("one\n")));
	assert_int_equal(unlink(path), 0);
	assert_true(sink_write(&s, SLICE("two\n")));
	expect_content(path, "two\n");
	/* Moved away: in use until there is a new one, as others' log rotation expects. */
	assert_int_equal(rename(path, moved), 0);
	assert_true(sink_write(&s, SLICE("three\n")));
	expect_content(moved, "two\nthree\n");
	close(open(path, O_WRONLY | O_CREAT, 0600));
	assert_true(sink_write(&s, SLICE("four\n")));
	expect_content(path, "four\n");
	sink_close(&s);
}

static void a_relative_name_stays_where_it_was(void **state)
{
	char before[4096], old[160];
	struct sink s;

	(void)state;
	snprintf(old, sizeof(old), "%s.1", path);
	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(folder), 0);
	sink_init_file(&s, "log");
	s.max = 4;
	assert_true(sink_write(&s, SLICE("one\n")));
	assert_int_equal(chdir("/"), 0);
	assert_true(sink_write(&s, SLICE("two\n")));
	assert_int_equal(unlink(path), 0);
	assert_true(sink_write(&s, SLICE("three\n")));
	assert_int_equal(chdir(before), 0);
	expect_content(path, "three\n");
	expect_content(old, "one\n");
	sink_close(&s);
}

static void what_is_locked_in_opens_nothing(void **state)
{
	struct sink s;

	(void)state;
	sink_init_file(&s, path);
	s.max = 4;
	sink_lock_in(&s);
	assert_true(s.fd >= 0);
	assert_true(sink_write(&s, SLICE("one\n")));
	assert_true(sink_write(&s, SLICE("two\n")));
	expect_content(path, "one\ntwo\n");
	close(s.fd);
	assert_false(sink_write(&s, SLICE("three\n")));
	expect_content(path, "one\ntwo\n");
	sink_close(&s);
}

/* The number 2 of a daemon that closed it is the next file that it opens. */
static void another_stderr_than_at_the_start_is_left_alone(void **state)
{
	struct sink s;
	int before = dup(STDERR_FILENO);
	int first = memfd_create("first", 0), second = open(path, O_WRONLY | O_CREAT, 0600);

	(void)state;
	dup2(first, STDERR_FILENO);
	sink_remember_stderr();
	sink_init_stderr(&s);
	bool written = sink_write(&s, SLICE("one\n"));
	dup2(second, STDERR_FILENO);
	bool to_other = sink_write(&s, SLICE("two\n"));
	dup2(before, STDERR_FILENO);
	assert_true(written);
	assert_false(to_other);
	assert_true(s.failed);
	expect_content(path, "");
	close(first);
	close(second);
	close(before);
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

static int count_lines(const char *file, bool *whole, int *of_writer)
{
	FILE *f = fopen(file, "r");
	char line[256];
	int writer, number, lines = 0;

	while (f && fgets(line, sizeof(line), f)) {
		*whole &= sscanf(line, "writer %d line %d ", &writer, &number) == 2 &&
			  strchr(line, '\n') && of_writer[writer]++ >= 0;
		lines++;
	}
	if (f)
		fclose(f);
	return lines;
}

/* More than one file holds and less than two: no line may be gone. Every other writer
 * shares the open file of its parent. */
static void writers_that_share_a_log_set_it_aside_in_turn(void **state)
{
	enum { WRITERS = 6, LINES = 300, MAX = 60000, LENGTH = 40 };
	int of_writer[WRITERS] = { 0 };
	bool whole = true;
	struct sink shared;
	char old[160];

	(void)state;
	snprintf(old, sizeof(old), "%s.1", path);
	sink_init_file(&shared, path);
	shared.max = MAX;
	sink_open(&shared);
	for (int w = 0; w < WRITERS; w++)
		if (fork() == 0) {
			struct sink own, *s = w % 2 ? &shared : &own;
			bool good = true;
			char line[LENGTH + 1];
			sink_init_file(&own, path);
			own.max = MAX;
			for (int i = 0; i < LINES; i++) {
				memset(line, 'x', LENGTH);
				int n = snprintf(line, LENGTH, "writer %d line %d ", w, i);
				line[n] = 'x';
				line[LENGTH - 1] = '\n';
				good &= sink_write(s, (struct slice){ line, LENGTH });
			}
			_exit(!good);
		}
	for (int w = 0; w < WRITERS; w++) {
		int status;
		wait(&status);
		assert_int_equal(status, 0);
	}
	sink_close(&shared);
	assert_int_equal(count_lines(old, &whole, of_writer) + count_lines(path, &whole, of_writer),
			 WRITERS * LINES);
	assert_true(whole);
	for (int w = 0; w < WRITERS; w++)
		assert_int_equal(of_writer[w], LINES);
	expect_size_at_most(path, MAX);
	expect_size_at_most(old, MAX + WRITERS * LENGTH);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_are_appended_to_a_private_file),
		TEST(a_symlink_is_not_followed),
		TEST(a_symlink_that_comes_later_is_not_followed),
		TEST(a_log_may_have_a_second_name),
		TEST(an_open_umask_makes_no_open_log),
		TEST(a_socket_is_no_log),
		TEST(a_log_out_of_reach_is_written_to_its_socket),
		TEST(a_log_of_one_process_has_no_socket),
		TEST(what_cannot_be_opened_silences_for_good),
		TEST(a_pipe_that_nobody_reads_does_not_stop_us),
		TEST(a_full_pipe_loses_lines_and_goes_on),
		TEST(a_closed_pipe_raises_no_signal),
		TEST(a_file_size_limit_raises_no_signal),
		TEST(a_host_that_reuses_our_descriptor_keeps_its_file_clean),
		TEST(a_log_that_grew_is_rotated),
		TEST(without_a_limit_it_grows),
		TEST(who_sets_it_aside_is_followed_by_the_others),
		TEST(where_it_cannot_be_rotated_it_grows),
		TEST(a_deleted_or_replaced_log_is_begun_anew),
		TEST(a_relative_name_stays_where_it_was),
		TEST(what_is_locked_in_opens_nothing),
		TEST(another_stderr_than_at_the_start_is_left_alone),
		TEST(writers_that_share_a_log_set_it_aside_in_turn),
		TEST(percent_p_is_the_process),
		TEST(lines_of_several_processes_never_interleave),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
