/* SPDX-License-Identifier: MIT */
#include "tools/attach/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_ENTERED = 125 }; /* exit status of a process that could not */

/* The user namespace comes first: it gives the rights to enter the others. */
static const struct {
	const char *name;
	int kind; /* for setns(2); 0: a folder */
} spaces[] = {
	{ "ns/user", CLONE_NEWUSER },
	{ "ns/mnt", CLONE_NEWNS },
	{ "ns/pid", CLONE_NEWPID },
	{ "root", 0 },
};
enum { SPACES = sizeof(spaces) / sizeof(spaces[0]) };

static char copy[] = "/tmp/orshim-XXXXXX/liborshim.so";
static bool is_copied;

static void path_of(char path[64], pid_t pid, const char *name)
{
	snprintf(path, 64, "/proc/%d/%s", (int)pid, name);
}

static bool differs(pid_t pid, const char *name)
{
	char theirs[64], ours[64];
	struct stat a, b;

	path_of(theirs, pid, name);
	path_of(ours, getpid(), name);
	return stat(theirs, &a) == 0 && stat(ours, &b) == 0 &&
	       (a.st_dev != b.st_dev || a.st_ino != b.st_ino);
}

/* Its numbers alone do not matter: those of our /proc are used then. */
bool enter_is_needed(pid_t pid)
{
	return differs(pid, "ns/user") || differs(pid, "ns/mnt") || differs(pid, "root");
}

/* proc(5), status: one number for each pid namespace from ours inwards. 0: none. */
static pid_t number_inside(pid_t pid)
{
	char path[64], line[512];
	int number = 0;
	FILE *f;

	path_of(path, pid, "status");
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "NSpid:", 6) == 0 && strrchr(line, '\t'))
			number = atoi(strrchr(line, '\t'));
	if (f)
		fclose(f);
	return number;
}

/* -1: the space is ours, too; or its numbers, where /proc is ours. */
static bool open_spaces(pid_t pid, int fds[SPACES])
{
	bool own_proc = differs(pid, "ns/mnt") || differs(pid, "root");

	for (size_t i = 0; i < SPACES; i++) {
		char path[64];

		path_of(path, pid, spaces[i].name);
		fds[i] = -1;
		if (differs(pid, spaces[i].name) && (own_proc || spaces[i].kind != CLONE_NEWPID) &&
		    (fds[i] = open(path, O_RDONLY | O_CLOEXEC)) < 0)
			return false;
	}
	return true;
}

static bool move(const int fds[SPACES])
{
	for (size_t i = 0; i < SPACES; i++) {
		if (fds[i] < 0)
			continue;
		if (spaces[i].kind ? setns(fds[i], spaces[i].kind) != 0
				   : fchdir(fds[i]) != 0 || chroot(".") != 0)
			return false;
		/* Its root; where none is mapped, whoever we are there. */
		if (spaces[i].kind == CLONE_NEWUSER && setgroups(0, NULL) == 0 && setgid(0) == 0 &&
		    setuid(0) != 0)
			return false;
	}
	return chdir("/") == 0;
}

static int status_of(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return NOT_ENTERED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The child of a child: only those are in a pid namespace that was entered. */
static bool fork_inside(const int fds[SPACES])
{
	pid_t child = move(fds) ? fork() : -1;

	if (child > 0)
		_exit(status_of(child));
	return child == 0;
}

enum enter_result enter(pid_t pid, pid_t *number, int *status)
{
	int fds[SPACES];
	pid_t child;

	*number = differs(pid, "ns/mnt") || differs(pid, "root") ? number_inside(pid) : pid;
	if (*number <= 0 || !open_spaces(pid, fds))
		return ENTER_REFUSED;
	fflush(NULL);
	child = fork();
	if (child < 0)
		return ENTER_REFUSED;
	if (child == 0) {
		if (!fork_inside(fds))
			_exit(NOT_ENTERED);
		return ENTER_INSIDE;
	}
	*status = status_of(child);
	for (size_t i = 0; i < SPACES; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return *status == NOT_ENTERED ? ENTER_REFUSED : ENTER_ENDED;
}

static bool is_same_file(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static bool copy_all(int from, int to)
{
	off_t at = 0;
	struct stat st;

	if (fstat(from, &st) != 0)
		return false;
	while (at < st.st_size)
		if (sendfile(to, from, &at, (size_t)(st.st_size - at)) <= 0)
			return false;
	return true;
}

static void drop_library(void)
{
	char *slash = strrchr(copy, '/');

	if (!is_copied)
		return;
	unlink(copy);
	*slash = '\0';
	rmdir(copy);
	*slash = '/';
	is_copied = false;
}

bool enter_with_library(int library, const char *seen)
{
	char *slash = strrchr(copy, '/');
	int fd;

	if (is_same_file(library, seen))
		return setenv("ORSHIM_LIB", seen, 1) == 0;
	*slash = '\0';
	is_copied = mkdtemp(copy) && chmod(copy, 0755) == 0; /* its user reads it, too */
	*slash = '/';
	fd = is_copied && atexit(drop_library) == 0
		 ? open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)
		 : -1;
	return fd >= 0 && copy_all(library, fd) && fchmod(fd, 0644) == 0 && close(fd) == 0 &&
	       setenv("ORSHIM_LIB", copy, 1) == 0;
}

void enter_keep_library(void)
{
	is_copied = false;
}
