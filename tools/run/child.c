/* SPDX-License-Identifier: MIT */
#include "tools/run/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/command.h"

enum { STATUS_NOT_EXECUTABLE = 126, STATUS_NOT_FOUND = 127, STATUS_SIGNAL = 128 };

/* A signal handler has no other way to know. */
static volatile sig_atomic_t child_pid;

/*
 * What the terminal sends (SI_KERNEL) goes to the whole foreground group, so
 * the tool has it already; what somebody sent to us alone is passed on.
 */
static void pass_on(int signal, siginfo_t *info, void *context)
{
	int before = errno;

	(void)context;
	if (child_pid > 0 && info->si_code <= 0 && info->si_pid != child_pid)
		kill(child_pid, signal);
	errno = before;
}

static const int passed[] = {
	SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH
};

enum { PASSED_COUNT = sizeof(passed) / sizeof(passed[0]) };

static void watch_signals(struct sigaction before[PASSED_COUNT])
{
	struct sigaction action = { .sa_sigaction = pass_on, .sa_flags = SA_SIGINFO | SA_RESTART };

	sigfillset(&action.sa_mask);
	for (int i = 0; i < PASSED_COUNT; i++) {
		sigaction(passed[i], NULL, &before[i]);
		/* nohup: what our parent ignores stays ignored. */
		if (before[i].sa_handler != SIG_IGN)
			sigaction(passed[i], &action, NULL);
	}
}

static void restore_signals(const struct sigaction before[PASSED_COUNT])
{
	for (int i = 0; i < PASSED_COUNT; i++)
		sigaction(passed[i], &before[i], NULL);
}

/* In the child. ERROR_PIPE closes by itself when the exec succeeds. */
static void become_tool(const char *path, char **argv, int error_pipe)
{
	int error;

	execv(path, argv);
	error = errno;
	if (error == ENOEXEC) { /* a script without #!: what a shell does */
		char *shell[] = { (char *)"sh", (char *)path, NULL };
		size_t n = 0;
		while (argv[n])
			n++;
		char **all = calloc(n + 2, sizeof(*all));
		if (all) {
			memcpy(all, shell, 2 * sizeof(*all));
			memcpy(all + 2, argv + 1, n * sizeof(*all));
			execv("/bin/sh", all);
		}
	}
	if (write(error_pipe, &error, sizeof(error)) < 0)
		_exit(STATUS_NOT_EXECUTABLE);
	_exit(STATUS_NOT_EXECUTABLE);
}

/* When the tool stops itself (a pager's ^Z), so do we, and go on together. */
static int wait_for_end(pid_t pid)
{
	int status;

	for (;;) {
		pid_t got = waitpid(pid, &status, WUNTRACED);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return STATUS_NOT_EXECUTABLE;
		if (WIFSTOPPED(status)) {
			raise(SIGSTOP);
			kill(pid, SIGCONT);
		} else if (WIFSIGNALED(status)) {
			return STATUS_SIGNAL + WTERMSIG(status);
		} else {
			return WEXITSTATUS(status);
		}
	}
}

int child_run(const char *path, char **argv, void (*before_exec)(void *arg), void *arg)
{
	struct sigaction before[PASSED_COUNT];
	sigset_t all, mask;
	int pipe_fd[2];
	int error = 0;

	if (pipe2(pipe_fd, O_CLOEXEC) != 0)
		die("cannot make a pipe: %s", strerror(errno));
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &mask); /* none may come before child_pid is known */
	watch_signals(before);
	pid_t pid = fork();
	if (pid < 0)
		die("cannot start a process: %s", strerror(errno));
	if (pid == 0) {
		restore_signals(before);
		sigprocmask(SIG_SETMASK, &mask, NULL);
		if (before_exec)
			before_exec(arg);
		become_tool(path, argv, pipe_fd[1]);
	}
	child_pid = pid;
	sigprocmask(SIG_SETMASK, &mask, NULL);
	close(pipe_fd[1]);
	ssize_t n = read(pipe_fd[0], &error, sizeof(error));
	close(pipe_fd[0]);
	int status = wait_for_end(pid);
	child_pid = 0;
	restore_signals(before);
	if (n == (ssize_t)sizeof(error)) {
		warn("cannot run %s: %s", path, strerror(error));
		return error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
	}
	return status;
}
