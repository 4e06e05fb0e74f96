/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/log/log_counts.h"
#include "tools/redirect/base_port.h"
#include "tools/redirect/links.h"

enum { LOG_MAX = 1 << 30, TURNS_AT_THE_END = 1000 };

/* What ends the relay: a signal, or the end of its input. */
struct ending {
	struct source source;
	bool *ends;
};

struct base_relay {
	struct upstream upstream;
	char folder[PATH_MAX]; /* of the log, without --log */
	char log_path[PATH_MAX];
	off_t log_start;
	struct ending signals, input;
	bool ends;
	struct relay relay;
};

/* Certificates to trust: --ca, else what the variables name, else the system's. */
static void choose_ca(const char *ca)
{
	struct buf pem;

	if (!ca)
		return;
	if (access(ca, R_OK) != 0) /* "-", too: the relay reads a file by its name */
		die("relay: cannot read %s: %s", ca, strerror(errno));
	buf_init(&pem, LIMIT_TRUST);
	read_file(ca, &pem);
	if (!slice_has(buf_slice(&pem), SLICE("CERTIFICATE-----")))
		die("relay: no certificate is in %s; --ca takes a file of PEM", ca);
	buf_release(&pem);
	unsetenv("SSL_CERT_DIR");
	setenv("SSL_CERT_FILE", ca, 1);
}

static void take_upstream(struct base_relay *b, const char *given)
{
	const char *url = given ? given : "https://openrouter.ai/api/v1";
	const char *wrong = upstream_parse(&b->upstream, url);

	if (wrong)
		die("relay: --upstream %s: %s", url, wrong);
}

/* No other program can have the port from here on: the one that listens is the one that serves. */
static void open_port(struct base_relay *b, uint16_t port)
{
	int error = base_open(&b->relay, &b->upstream, port);

	if (error == EADDRINUSE)
		die("relay: port %u is taken by another program; choose another --port, "
		    "or leave it out for any free one",
		    port);
	if (error)
		die("relay: cannot listen on port %u: %s", port, strerror(error));
}

static void make_folder(struct base_relay *b)
{
	const char *base = getenv("TMPDIR");

	snprintf(b->folder, sizeof(b->folder), "%s/orshim-XXXXXX", base && *base ? base : "/tmp");
	if (!mkdtemp(b->folder))
		die("relay: cannot make a folder: %s; set TMPDIR", strerror(errno));
}

static void choose_log(struct base_relay *b, const char *log)
{
	const char *given = log ? log : getenv("ORSHIM_LOG");

	if (given && *given) {
		snprintf(b->log_path, sizeof(b->log_path), "%s", given);
	} else {
		make_folder(b);
		if (snprintf(b->log_path, PATH_MAX, "%s/log", b->folder) >= PATH_MAX)
			die("relay: the name of TMPDIR is too long");
	}
	b->log_start = log_size(b->log_path);
	int fd = open(b->log_path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		die("relay: cannot write to %s: %s", b->log_path, strerror(errno));
	close(fd);
	if (setenv("ORSHIM_LOG", b->log_path, 1) != 0)
		die("relay: out of memory");
}

static void remove_folder(const struct base_relay *b)
{
	char rotated[PATH_MAX + 4];

	if (!b->folder[0])
		return;
	unlink(b->log_path);
	snprintf(rotated, sizeof(rotated), "%s.1", b->log_path);
	unlink(rotated);
	rmdir(b->folder);
}

static void on_signal(struct source *s, uint32_t events)
{
	struct signalfd_siginfo signal;

	(void)events;
	if (read(s->fd, &signal, sizeof(signal)) == sizeof(signal))
		*((struct ending *)s)->ends = true;
}

static void on_input(struct source *s, uint32_t events)
{
	char piece[256];

	(void)events;
	if (read(s->fd, piece, sizeof(piece)) <= 0)
		*((struct ending *)s)->ends = true;
}

static void watch_end(struct base_relay *b, bool until_eof)
{
	static const int watched[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++)
		sigaddset(&set, watched[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	b->signals = (struct ending){ { signalfd(-1, &set, SFD_CLOEXEC), 0, on_signal }, &b->ends };
	if (b->signals.source.fd < 0 || !loop_watch(b->relay.loop, &b->signals.source, EPOLLIN))
		die("relay: cannot wait for signals: %s", strerror(errno));
	if (!until_eof)
		return;
	b->input = (struct ending){ { STDIN_FILENO, 0, on_input }, &b->ends };
	if (!loop_watch(b->relay.loop, &b->input.source, EPOLLIN)) /* a file, which ends at once */
		b->ends = true;
}

/* What of the relay of `orshim run` serves a base URL. */
static void prepare(struct relay *r)
{
	struct slice wrong;

	for (size_t i = 0; i < LIMIT_RELAY_LISTENERS; i++)
		r->listeners[i].source.fd = -1;
	r->near[0].source.fd = r->near[1].source.fd = -1;
	r->proxy.source.fd = r->control.source.fd = r->door.source.fd = -1;
	r->loop = loop_open();
	if (r->loop < 0)
		die("relay: cannot wait for connections: %s", strerror(errno));
	hosts_init(&r->hosts, getenv("ORSHIM_HOSTS"), &wrong);
	user_proxies_read(r->proxies);
	trust_init(&r->trust, NULL);
	OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* keys go through our memory */
}

static void serve(struct base_relay *b)
{
	struct relay *r = &b->relay;

	while (!b->ends) {
		loop_turn(r->loop, links_tick(r));
		links_sweep(r);
	}
	/* What has come already is looked at. */
	for (int i = 0; i < TURNS_AT_THE_END && loop_turn(r->loop, 0) > 0; i++)
		links_sweep(r);
	base_stop(r);
	links_sweep(r);
	peers_release(r);
	trust_release(&r->trust);
}

static void say_how(const struct base_relay *b)
{
	struct buf out;
	char base[UPSTREAM_PATH + 64];

	snprintf(base, sizeof(base), "http://127.0.0.1:%u%s", b->relay.base_port, b->upstream.path);
	buf_init(&out, LIMIT_BLOCK);
	say(&out, "%s\n\n", base);
	say(&out,
	    "Give the tool this base URL and leave its key as it is:\n"
	    "  OpenAI SDKs         OPENAI_BASE_URL=%s\n"
	    "  codex, config.toml  base_url = \"%s\"   (in the model provider's table)\n"
	    "  cline, continue, …  the setting \"base URL\" or \"API base\"\n"
	    "What it sends goes on to https://%s. It ends with Ctrl-C.\n",
	    base, base, b->upstream.host);
	print_out(&out);
	buf_release(&out);
}

static int tell(const struct base_relay *b)
{
	struct buf log, out;
	struct log_counts t;
	char piece[16384];
	ssize_t n;
	int fd = open(b->log_path, O_RDONLY | O_CLOEXEC);

	buf_init(&log, LOG_MAX);
	buf_init(&out, LIMIT_BLOCK);
	log_counts_init(&t);
	for (off_t at = b->log_start; fd >= 0 && (n = pread(fd, piece, sizeof(piece), at)) > 0;
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
	const struct relay_options *o = a->options;
	struct base_relay *b = calloc(1, sizeof(*b));

	if (!b)
		die("relay: out of memory");
	take_upstream(b, o->upstream);
	choose_ca(o->ca);
	prepare(&b->relay);
	open_port(b, (uint16_t)o->port);
	choose_log(b, o->log);
	if (!getenv("ORSHIM_TEXT"))
		setenv("ORSHIM_TEXT", "stderr", 1);
	watch_end(b, o->until_eof);
	say_how(b);
	serve(b);
	int status = tell(b);
	remove_folder(b);
	free(b);
	return status;
}
