/* SPDX-License-Identifier: MIT */
#include "tools/editor/login_shell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/command.h"
#include "tools/clock.h"

enum { PATIENCE_MS = 10000 };

/* Marks our output, because start files may print something before it. */
#define MARK "orshim-environment-begins"

static const char *shell_of_user(void)
{
	const char *given = getenv("SHELL");
	const struct passwd *user = getpwuid(getuid());

	if (given && given[0] == '/')
		return given;
	return user && user->pw_shell && user->pw_shell[0] == '/' ? user->pw_shell : "/bin/sh";
}

static char *entry(const char *name, const char *value)
{
	char *text = NULL;

	if (asprintf(&text, "%s=%s", name, value ? value : "") < 0)
		die("doctor: out of memory");
	return text;
}

/* In the child: a new session has no terminal on which a start file could wait for input. */
static void become_shell(const char *shell, int out)
{
	int nothing = open("/dev/null", O_RDWR);
	char *argv[] = { (char *)shell, (char *)"-ilc",
			 (char *)"printf '" MARK "\\0'; exec /usr/bin/env -0", NULL };
	char *env[] = { entry("HOME", getenv("HOME")),
			entry("USER", getenv("USER")),
			entry("LOGNAME", getenv("LOGNAME")),
			entry("SHELL", shell),
			(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			(char *)"TERM=dumb",
			NULL };

	setsid();
	dup2(nothing, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(nothing, STDERR_FILENO);
	execve(shell, argv, env);
	_exit(127);
}

/* Read until the end of file; false on a timeout or if the output is too large. */
static bool read_until_end(int fd, struct buf *out)
{
	int64_t deadline = now_ms() + PATIENCE_MS;
	char piece[4096];

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = deadline - now_ms();
		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			return false;
		ssize_t n = read(fd, piece, sizeof(piece));
		if (n == 0)
			return true;
		if (n < 0 || buf_add(out, piece, (size_t)n) != 0)
			return false;
	}
}

/* Kill the shell and any process that its start files left behind. */
static int end_session(pid_t pid, bool by_force)
{
	int status = -1;

	if (by_force)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return status;
}

static bool cut_noise(struct buf *block)
{
	long at = slice_find(buf_slice(block), (struct slice){ MARK, sizeof(MARK) }, 0);

	if (at >= 0)
		buf_drop(block, (size_t)at + sizeof(MARK));
	return at >= 0;
}

bool login_shell_environment(struct buf *block, const char **shell, const char **why)
{
	int ends[2];

	*shell = shell_of_user();
	*why = "it could not be started";
	if (access(*shell, X_OK) != 0 || pipe2(ends, O_CLOEXEC) != 0)
		return false;
	pid_t pid = fork();
	if (pid == 0)
		become_shell(*shell, ends[1]);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return false;
	}
	bool whole = read_until_end(ends[0], block);
	close(ends[0]);
	int status = end_session(pid, !whole);
	*why = whole ? "it does not understand -ilc, or its start files end it"
		     : "its start files took too long";
	return whole && WIFEXITED(status) && WEXITSTATUS(status) == 0 && cut_noise(block);
}
