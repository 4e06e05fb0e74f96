/* SPDX-License-Identifier: MIT */
#include "tools/attach/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/vfs.h>
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

/*
 * Whoever is root in a container may trace processes of the container's user,
 * and so reach what they have open and the file that they run, which is ours
 * (CVE-2019-5736 was that). The kernel refuses it for a process that is not
 * dumpable (prctl(2)). It stays so.
 */
static bool shut_others_out(void)
{
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

/*
 * Be the user namespace's root. Groups cannot be dropped where its setgroups
 * file says "deny" (user_namespaces(7)). Where no root is mapped, stay who we
 * are, but never with the user number 0 of outside: what that owns it may open
 * without any capability.
 */
static bool become_its_root(bool is_root)
{
	(void)setgroups(0, NULL);
	return (setgid(0) == 0 && setuid(0) == 0) || !is_root;
}

static bool move(const int fds[SPACES])
{
	const bool is_root = geteuid() == 0;

	for (size_t i = 0; i < SPACES; i++) {
		if (fds[i] < 0)
			continue;
		if (spaces[i].kind ? setns(fds[i], spaces[i].kind) != 0
				   : fchdir(fds[i]) != 0 || chroot(".") != 0)
			return false;
		if (spaces[i].kind == CLONE_NEWUSER && !become_its_root(is_root))
			return false;
		close(fds[i]);
	}
	return chdir("/") == 0 && shut_others_out(); /* again: setuid(2) may have undone it */
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
	pid_t child = shut_others_out() && move(fds) ? fork() : -1;

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

bool enter_has_true_proc(pid_t number)
{
	static const char *const files[] = { "status", "maps", "environ", "cmdline",
					     "comm",   "stat", "auxv" };
	struct statfs fs;
	struct stat folder, st;
	char path[64];

	path_of(path, number, "");
	if (statfs(path, &fs) != 0 || fs.f_type != PROC_SUPER_MAGIC || lstat(path, &folder) != 0)
		return false;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		path_of(path, number, files[i]);
		if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_dev != folder.st_dev)
			return false;
	}
	return true;
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
