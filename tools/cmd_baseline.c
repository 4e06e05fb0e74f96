/* SPDX-License-Identifier: MIT */
/*
 * Sends the documented request with curl under the shim, as a reference for the
 * tool's request. curl reads its options from stdin: a command line is visible
 * to every user of the machine, so the key must not be on it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/log/runs.h"
#include "tools/program/program.h"
#include "tools/report/run_report.h"

enum { CONFIG_MAX = 64 * 1024 };

struct baseline {
	const char *base, *key_env, *model;
	const char *key;
	char *log;
	struct program curl;
};

static void check(struct baseline *b)
{
	b->key = getenv(b->key_env);
	if (!b->key || !*b->key)
		die("baseline: %s is not set; export the key in it, or name another variable with "
		    "--key-env",
		    b->key_env);
	if (strpbrk(b->key, "\r\n"))
		die("baseline: the value of %s contains a line break; set it again without",
		    b->key_env);
	if (program_find(&b->curl, "curl") != PROGRAM_FINE)
		die("baseline: curl is missing; install it (apt-get install curl)");
	if (b->curl.no_preload)
		die("baseline: curl cannot be observed: %s", b->curl.no_preload);
	b->log = state_path("baseline.log", true);
	if (!b->log)
		die("baseline: there is no folder to keep it in; set XDG_STATE_HOME or HOME");
	if (unlink(b->log) != 0 && errno != ENOENT)
		die("baseline: cannot replace %s: %s", b->log, strerror(errno));
}

/* curl(1), "-K": in double quotes, with backslashes. */
static void say_option(struct buf *out, const char *name, const char *before, const char *value)
{
	say(out, "%s = \"", name);
	for (const char *parts[] = { before, value, NULL }, **part = parts; *part; part++)
		for (const char *p = *part; *p; p++)
			say(out, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
	say(out, "\"\n");
}

static void say_request(const struct baseline *b, const char *path, struct buf *out)
{
	struct buf url;

	buf_init(&url, CONFIG_MAX);
	size_t n = strlen(b->base);
	while (n && b->base[n - 1] == '/')
		n--;
	say(&url, "%.*s%s", (int)n, b->base, path);
	if (buf_add(&url, "", 1) != 0)
		die("out of memory");
	say_option(out, "url", "", url.p);
	say_option(out, "header", "Authorization: Bearer ", b->key);
	say(out, "http1.1\nsilent\nshow-error\nmax-time = 60\noutput = \"/dev/null\"\n");
	buf_release(&url);
}

static void say_config(const struct baseline *b, struct buf *out)
{
	struct buf body;

	buf_init(&body, CONFIG_MAX);
	say(&body,
	    "{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"Say hello\"}],"
	    "\"max_tokens\":1}",
	    b->model);
	if (strpbrk(b->model, "\"\\") || buf_add(&body, "", 1) != 0)
		die("baseline: --model is not a model's name: %s", b->model);
	say_request(b, "/key", out);
	say(out, "next\n");
	say_request(b, "/chat/completions", out);
	say_option(out, "header", "", "Content-Type: application/json");
	say_option(out, "data-binary", "", body.p);
	buf_release(&body);
}

static void set(const char *name, const char *value)
{
	if (setenv(name, value, 1) != 0)
		die("out of memory");
}

/* Preload the shim with our own log; treat the host of --base as OpenRouter unless it is known. */
static void prepare_environment(const struct baseline *b)
{
	const char *hosts = getenv("ORSHIM_HOSTS");
	const char *host = b->base + strlen("https://");
	int n = (int)strcspn(host, "/?#");
	char library[PATH_MAX];
	struct buf text;

	library_find(library);
	set("LD_PRELOAD", library);
	set("ORSHIM_LOG", b->log);
	set("ORSHIM_TEXT", "off");
	buf_init(&text, LIMIT_ENVIRON);
	say(&text, "%s%s%.*s=openrouter", hosts ? hosts : "", hosts && *hosts ? "," : "", n, host);
	if (buf_add(&text, "", 1) != 0)
		die("out of memory");
	if (!strstr(b->base, "//openrouter.ai/") && !(hosts && strstr(hosts, host)))
		set("ORSHIM_HOSTS", text.p);
	buf_release(&text);
}

/* Runs curl and returns its exit status; SAID gets its error messages. */
static int run_curl(const struct baseline *b, const struct buf *config, struct buf *said)
{
	int in[2], err[2], status;
	char piece[4096];
	ssize_t n;

	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0)
		die("baseline: %s", strerror(errno));
	pid_t pid = fork();
	if (pid < 0)
		die("baseline: %s", strerror(errno));
	if (pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(err[1], STDERR_FILENO);
		execl(b->curl.path, "curl", "-q", "-K", "-", (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(err[1]);
	/* A configuration fits into a pipe: CONFIG_MAX is a pipe's size. */
	write_all(in[1], buf_slice(config));
	close(in[1]);
	while ((n = read(err[0], piece, sizeof(piece))) > 0)
		buf_add_some(said, piece, (size_t)n);
	close(err[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int tell(const struct baseline *b, int curl_status, const struct buf *said)
{
	struct run_result *result = malloc(sizeof(*result));
	struct buf out;

	if (!result)
		die("out of memory");
	run_result_read(result, b->log);
	const struct report *r = &result->report;
	buf_init(&out, LIMIT_LINE);
	if (r->exchanges == 0 && said->n) {
		mask_text(&out, slice_trim(slice_sub(buf_slice(said), 0, strcspn(said->p, "\n"))),
			    LIMIT_SHOWN_MESSAGE);
		die("baseline: no request was made: %.*s", SLICE_ARG(buf_slice(&out)));
	}
	if (r->exchanges == 0)
		die("baseline: no request was seen (curl ended with %d); `orshim doctor curl` may "
		    "say why",
		    curl_status);
	say(&out, "orshim: baseline: ");
	if (r->refused)
		report_verdict(r, &out);
	else
		say(&out, "the key in %s is accepted; `orshim diff last-good last-bad` compares",
		    b->key_env);
	say(&out, "\n");
	for (size_t i = 0; i < result->log.count; i++) {
		if (result->log.rows[i].kind != LOG_EXCHANGE)
			continue;
		say(&out, "  ");
		row_words(&result->log.rows[i], &out);
		say(&out, "  key %s\n",
		    result->log.rows[i].token ? result->log.rows[i].token : "none");
	}
	int status = report_status(r);
	print_out(&out);
	buf_release(&out);
	run_result_release(result);
	free(result);
	return status;
}

int cmd_baseline(const struct arguments *a)
{
	struct buf config, said;
	const struct baseline_options *o = a->options;
	struct baseline b = { .base = o->base ? o->base : "https://openrouter.ai/api/v1",
			      .key_env = o->key_env ? o->key_env : "OPENROUTER_API_KEY",
			      .model = o->model ? o->model : "openai/gpt-4o-mini" };

	if (strncmp(b.base, "https://", 8) != 0)
		die("baseline: --base takes a URL that begins with https://, not '%s'", b.base);
	if (strcspn(b.base + 8, "/?#:") == 0)
		die("baseline: --base takes a URL with a host, not '%s'", b.base);
	check(&b);
	buf_init(&config, CONFIG_MAX);
	buf_init(&said, CONFIG_MAX);
	say_config(&b, &config);
	prepare_environment(&b);
	int curl_status = run_curl(&b, &config, &said);
	explicit_bzero(config.p, config.n);
	if (buf_add(&said, "", 1) == 0)
		said.n--;
	int status = tell(&b, curl_status, &said);
	buf_release(&config);
	buf_release(&said);
	free(b.log);
	return status;
}
