/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/log/log_counts.h"
#include "tools/program/program.h"
#include "tools/relay_config.h"

enum {
	CONNECT_MS = 20,        /* between two checks that nginx listens */
	ERRORS_MAX = 64 * 1024, /* of nginx's output, until the line is complete */
	LOG_MAX = 1 << 30,
	TREE_DEPTH = 8,
};

struct relay {
	struct relay_upstream upstream;
	uint16_t port; /* 0: any */
	const char *ca;
	const char *log; /* --log; NULL */
	bool until_eof;
	char folder[PATH_MAX];
	char nginx[PATH_MAX];
	char log_path[PATH_MAX]; /* the log that the shim writes */
	off_t log_start;
	int errors; /* nginx's error log is read from here */
	struct buf error_text;
	int signals;
	sigset_t mask_before;
	pid_t pid; /* of nginx; 0: it has ended */
};

static void take_options(struct relay *r, const struct relay_options *o)
{
	const char *url = o->upstream ? o->upstream : "https://openrouter.ai/api/v1";
	const char *wrong = relay_parse(&r->upstream, url);

	if (wrong)
		die("relay: --upstream %s: %s", url, wrong);
	r->port = (uint16_t)o->port;
	r->ca = o->ca;
	r->log = o->log;
	r->until_eof = o->until_eof;
}

static void find_nginx(struct relay *r)
{
	static const char *const names[] = { "nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx",
					     "/opt/homebrew/bin/nginx" };
	struct program program;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (program_find(&program, names[i]) != PROGRAM_FINE)
			continue;
		if (program.no_preload)
			die("relay: %s will not do: %s", program.path, program.no_preload);
		memcpy(r->nginx, program.path, sizeof(r->nginx));
		return;
	}
	die("relay: nginx is not installed; install it with your package manager, for example "
	    "`apt-get install nginx-light` or `dnf install nginx`");
}

/* The CA certificates for nginx, which has no default. */
static void find_ca(struct relay *r)
{
	static const char *const usual[] = { "/etc/ssl/certs/ca-certificates.crt",
					     "/etc/pki/tls/certs/ca-bundle.crt",
					     "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem" };
	const char *given = getenv("SSL_CERT_FILE");

	if (!r->ca && given && *given)
		r->ca = given;
	for (size_t i = 0; !r->ca && i < sizeof(usual) / sizeof(usual[0]); i++)
		if (access(usual[i], R_OK) == 0)
			r->ca = usual[i];
	if (!r->ca)
		die("relay: no certificates to trust were found; name a file with --ca FILE");
	if (access(r->ca, R_OK) != 0)
		die("relay: cannot read %s: %s", r->ca, strerror(errno));
}

/*
 * Choose the port, or check that it is free, before nginx does: nginx would
 * report it late and with many lines. An nginx without a master process cannot
 * inherit a socket.
 */
static void choose_port(struct relay *r)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(r->port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof(at);
	int on = 1;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		die("relay: cannot make a socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 1) != 0) {
		if (errno == EADDRINUSE)
			die("relay: port %u is taken by another program; choose another --port, "
			    "or leave it out for any free one",
			    r->port);
		die("relay: cannot listen on port %u: %s", r->port, strerror(errno));
	}
	if (getsockname(fd, (struct sockaddr *)&at, &n) == 0)
		r->port = ntohs(at.sin_port);
	close(fd);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	remove(path);
	return 0;
}

static void remove_folder(const struct relay *r)
{
	nftw(r->folder, remove_one, TREE_DEPTH, FTW_DEPTH | FTW_PHYS);
}

/* Remove the folder and die with the reason. */
__attribute__((noreturn)) static void trouble(const struct relay *r, const char *what,
					      const char *path)
{
	int error = errno;

	remove_folder(r);
	die("relay: cannot %s %s: %s", what, path, strerror(error));
}

static void path_in(const struct relay *r, const char *file, char path[PATH_MAX])
{
	if (snprintf(path, PATH_MAX, "%s/%s", r->folder, file) >= PATH_MAX)
		die("relay: the name of TMPDIR is too long");
}

static void write_config(struct relay *r)
{
	char path[PATH_MAX];
	struct buf text;

	buf_init(&text, LIMIT_BLOCK);
	if (relay_configure(&text, &r->upstream, r->port) != 0)
		die("relay: out of memory");
	path_in(r, "nginx.conf", path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || !write_all(fd, buf_slice(&text)))
		trouble(r, "write", path);
	close(fd);
	buf_release(&text);
}

/* Create nginx's files under the names in its configuration. */
static void make_folder(struct relay *r)
{
	const char *base = getenv("TMPDIR");
	char *ca = realpath(r->ca, NULL);
	char path[PATH_MAX];

	snprintf(r->folder, sizeof(r->folder), "%s/orshim-XXXXXX", base && *base ? base : "/tmp");
	if (!mkdtemp(r->folder))
		die("relay: cannot make a folder: %s; set TMPDIR", strerror(errno));
	write_config(r);
	path_in(r, RELAY_CA_FILE, path);
	if (!ca || symlink(ca, path) != 0)
		trouble(r, "make", path);
	free(ca);
	path_in(r, RELAY_ERRORS_FILE, path);
	/* We open both ends, so there is always a reader and never an end of file. */
	r->errors = mkfifo(path, 0600) == 0 ? open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC) : -1;
	if (r->errors < 0)
		trouble(r, "make", path);
}

static void set(const char *name, const char *value)
{
	if (setenv(name, value, 1) != 0)
		die("relay: out of memory");
}

/*
 * Nothing else of our environment goes to nginx: a key in it is not evidence of
 * where the tool has its key from.
 */
static void leave_only_what_nginx_needs(void)
{
	static const char *const kept[] = { "PATH=",   "HOME=", "TERM=", "NO_COLOR=", "TZ=",
					    "TMPDIR=", "LANG=", "LC_",   "ORSHIM_" };
	extern char **environ;
	size_t n = 0;

	for (char **entry = environ; *entry; entry++)
		for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
			if (strncmp(*entry, kept[i], strlen(kept[i])) == 0) {
				environ[n++] = *entry;
				break;
			}
	environ[n] = NULL;
}

static void choose_log(struct relay *r)
{
	const char *given = r->log ? r->log : getenv("ORSHIM_LOG");
	struct stat st;

	if (given && *given)
		snprintf(r->log_path, sizeof(r->log_path), "%s", given);
	else
		path_in(r, "log", r->log_path);
	int fd = open(r->log_path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		trouble(r, "write to", r->log_path);
	r->log_start = fstat(fd, &st) == 0 ? st.st_size : 0;
	close(fd);
	set("ORSHIM_LOG", r->log_path);
}

static void set_environment(void)
{
	char library[PATH_MAX];

	library_find(library);
	if (strpbrk(library, " :"))
		die("relay: LD_PRELOAD cannot hold %s: it has a space or a colon; move the library",
		    library);
	leave_only_what_nginx_needs();
	if (!getenv("ORSHIM_TEXT"))
		set("ORSHIM_TEXT", "stderr");
	set("LD_PRELOAD", library);
}

static void become_nginx(const struct relay *r)
{
	char *argv[] = { (char *)r->nginx, (char *)"-p",         (char *)r->folder,
			 (char *)"-c",     (char *)"nginx.conf", NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigprocmask(SIG_SETMASK, &r->mask_before, NULL);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	execv(argv[0], argv);
	warn("relay: cannot run %s: %s", argv[0], strerror(errno));
	_exit(EXIT_TROUBLE);
}

static void start_nginx(struct relay *r)
{
	static const int watched[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD };
	sigset_t set_of;

	sigemptyset(&set_of);
	for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++)
		sigaddset(&set_of, watched[i]);
	sigprocmask(SIG_BLOCK, &set_of, &r->mask_before);
	r->signals = signalfd(-1, &set_of, SFD_CLOEXEC);
	if (r->signals < 0)
		die("relay: cannot wait for signals: %s", strerror(errno));
	r->pid = fork();
	if (r->pid < 0)
		die("relay: cannot start a process: %s", strerror(errno));
	if (r->pid == 0)
		become_nginx(r);
}

/* Print nginx's error lines; an incomplete line waits for its rest. */
static void tell_errors(struct relay *r)
{
	struct slice rest, line;
	char piece[4096];
	ssize_t n;

	while ((n = read(r->errors, piece, sizeof(piece))) > 0)
		if (buf_add(&r->error_text, piece, (size_t)n) != 0)
			buf_reset(&r->error_text);
	rest = buf_slice(&r->error_text);
	while (rest.n && memchr(rest.p, '\n', rest.n) && slice_cut(&rest, '\n', &line)) {
		struct slice what = relay_complaint(line);

		if (what.n)
			warn("relay: nginx: %.*s", SLICE_ARG(what));
	}
	n = (ssize_t)rest.n;
	if (n)
		memmove(r->error_text.p, rest.p, rest.n);
	r->error_text.n = (size_t)n;
}

/*
 * Wait until one of the descriptors, OTHER among them, is readable, or for that
 * time; handles signals. False: stop.
 */
static bool go_on(struct relay *r, int other, int milliseconds)
{
	struct pollfd fds[] = { { r->signals, POLLIN, 0 },
				{ r->errors, POLLIN, 0 },
				{ r->until_eof ? STDIN_FILENO : -1, POLLIN, 0 },
				{ other, POLLIN, 0 } };
	struct signalfd_siginfo signal;
	char piece[256];

	if (poll(fds, 4, milliseconds) < 0)
		return errno == EINTR;
	if (fds[1].revents)
		tell_errors(r);
	if (fds[0].revents && read(r->signals, &signal, sizeof(signal)) == sizeof(signal)) {
		if (signal.ssi_signo != SIGCHLD)
			return false;
		if (waitpid(r->pid, NULL, WNOHANG) == r->pid) {
			r->pid = 0;
			return false;
		}
	}
	return !fds[2].revents || read(STDIN_FILENO, piece, sizeof(piece)) > 0;
}

/* Connect to nginx; -1: stopped before a connection succeeded. */
static int connect_to(struct relay *r)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(r->port) };

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (;;) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd < 0)
			trouble(r, "make", "a socket");
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
			return fd;
		close(fd);
		if (!go_on(r, -1, CONNECT_MS))
			return -1;
	}
}

/* If nginx answers as the relay, it is ready, and the port is not another program's. */
static bool is_ready(struct relay *r)
{
	static const char request[] = "GET " RELAY_READY_PATH " HTTP/1.0\r\n\r\n";
	char answer[16] = { 0 };
	int fd = connect_to(r);

	if (fd < 0)
		return false;
	if (write_all(fd, slice_of(request)))
		while (go_on(r, fd, -1))
			if (recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT) >= 0 ||
			    errno != EAGAIN)
				break;
	close(fd);
	return r->pid && strncmp(answer, "HTTP/1.1 204", 12) == 0;
}

static void stop_nginx(struct relay *r)
{
	if (!r->pid)
		return;
	kill(r->pid, SIGTERM);
	while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
		;
	r->pid = 0;
}

static void say_how(const struct relay *r)
{
	struct buf out;
	char base[RELAY_PATH_SIZE + 64];

	snprintf(base, sizeof(base), "http://127.0.0.1:%u%s", r->port, r->upstream.path);
	buf_init(&out, LIMIT_BLOCK);
	say(&out, "%s\n\n", base);
	say(&out,
	    "Give the tool this base URL and leave its key as it is:\n"
	    "  OpenAI SDKs         OPENAI_BASE_URL=%s\n"
	    "  codex, config.toml  base_url = \"%s\"   (in the model provider's table)\n"
	    "  cline, continue, …  the setting \"base URL\" or \"API base\"\n"
	    "What it sends goes on to https://%s. It ends with Ctrl-C.\n",
	    base, base, r->upstream.host);
	print_out(&out);
	buf_release(&out);
}

static int tell(struct relay *r)
{
	struct buf log, out;
	struct log_counts t;
	char piece[16384];
	ssize_t n;
	int fd = open(r->log_path, O_RDONLY | O_CLOEXEC);

	buf_init(&log, LOG_MAX);
	buf_init(&out, LIMIT_BLOCK);
	log_counts_init(&t);
	for (off_t at = r->log_start; fd >= 0 && (n = pread(fd, piece, sizeof(piece), at)) > 0;
	     at += n)
		if (buf_add(&log, piece, (size_t)n) != 0)
			break;
	if (fd >= 0)
		close(fd);
	log_counts_add(&t, buf_slice(&log));
	say(&out, "orshim: relay: ");
	log_counts_say(&t, &out);
	say(&out, "\n");
	write_all(STDERR_FILENO, buf_slice(&out));
	int status = t.failed ? EXIT_FINDINGS : EXIT_CLEAN;
	log_counts_release(&t);
	buf_release(&log);
	buf_release(&out);
	return status;
}

int cmd_relay(const struct arguments *a)
{
	struct relay *r = calloc(1, sizeof(*r));
	int status = EXIT_TROUBLE;

	if (!r)
		die("relay: out of memory");
	buf_init(&r->error_text, ERRORS_MAX);
	take_options(r, a->options);
	find_nginx(r);
	find_ca(r);
	set_environment();
	choose_port(r);
	make_folder(r);
	choose_log(r);
	start_nginx(r);
	if (is_ready(r)) {
		say_how(r);
		while (go_on(r, -1, -1))
			;
		bool by_itself = !r->pid;
		stop_nginx(r);
		tell_errors(r);
		status = tell(r);
		if (by_itself) {
			warn("relay: nginx has ended by itself");
			status = EXIT_TROUBLE;
		}
	} else {
		stop_nginx(r);
		tell_errors(r);
		warn("relay: nginx did not start; what it said stands above");
	}
	remove_folder(r);
	buf_release(&r->error_text);
	free(r);
	return status;
}
