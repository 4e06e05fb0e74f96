/* SPDX-License-Identifier: MIT */
#include "tools/commands.h"

#include <stdint.h>

/* Rows of options; S is the command's struct, M the member that gets the value. */
#define FLAG(name, S, M, meaning) { name, NULL, OPTION_FLAG, OPTION_AT(S, M, bool), 0, meaning }
#define TEXT(name, value, S, M, meaning)                                                           \
	{ name, value, OPTION_TEXT, OPTION_AT(S, M, const char *), 0, meaning }
#define PATH(name, value, S, M, meaning)                                                           \
	{ name, value, OPTION_PATH, OPTION_AT(S, M, const char *), 0, meaning }
#define NUMBER(name, value, S, M, most, meaning)                                                   \
	{ name, value, OPTION_NUMBER, OPTION_AT(S, M, unsigned), most, meaning }
#define CHOICE(name, values, S, M, meaning)                                                        \
	{ name, values, OPTION_CHOICE, OPTION_AT(S, M, unsigned), 0, meaning }

#define LIST(name, value, S, M, meaning)                                                           \
	{ name, value, OPTION_LIST, OPTION_AT(S, M, struct option_list), 0, meaning }

/* Options that select requests; S has a struct filter_options called filter. */
#define FILTER(S)                                                                                  \
	TEXT("--since", "TIME", S, filter.since,                                                   \
	     "2026-11-24T09:30:00Z, 2026-11-24, a local HH:MM, or 90s, 10m, 2h, 3d ago"),                      \
	    TEXT("--until", "TIME", S, filter.until, "the same"),                                  \
	    LIST("--status", "STATUS", S, filter.status, "401, 4xx, or a list by commas"),         \
	    LIST("--host", "GLOB", S, filter.host, "requests to these hosts"),                     \
	    LIST("--process", "GLOB", S, filter.process,                                           \
		 "of these tools, or of a process by its number"),                                 \
	    LIST("--model", "GLOB", S, filter.model, "for these models"),                          \
	    LIST("--cause", "RULE", S, filter.cause, "refused for that reason; none: for none"),   \
	    LIST("--key", "KEY", S, filter.key,                                                    \
		 "sent with that key: its label, or 6 and more digits of its fingerprint"),        \
	    LIST("--machine", "GLOB", S, filter.places[FILTER_MACHINE], "from these machines"),    \
	    LIST("--container", "GLOB", S, filter.places[FILTER_CONTAINER],                        \
		 "from these containers"),                                                         \
	    LIST("--boot", "GLOB", S, filter.places[FILTER_BOOT], "from these boots of a machine"), \
	    LIST("--ci", "GLOB", S, filter.places[FILTER_CI], "from these runs of a CI system"),   \
	    LIST("--tool-version", "GLOB", S, filter.places[FILTER_TOOL_VERSION],                  \
		 "by these versions of the tool"),                                                 \
	    LIST("--orshim", "GLOB", S, filter.places[FILTER_ORSHIM],                              \
		 "seen by these versions of orshim")

#define OPTIONS(name) name##_options, sizeof(struct name##_options)
#define NO_OPTIONS no_options, 1

static const struct command_option no_options[] = { { 0 } };

static const char report_file_meaning[] =
    "write the whole report there, too: "
#define FORMAT(name, suffix, value, meaning) suffix ", "
#include "tools/report/formats.def"
#undef FORMAT
    "else text";

static const struct command_option run_options[] = {
	PATH("--log", "FILE", struct run_options, log, "append JSON lines to FILE (as ORSHIM_LOG does) and keep it"),
	PATH("--report", "FILE", struct run_options, report,
	  report_file_meaning),
	CHOICE("--relay", "auto|off|all|strict", struct run_options, relay,
	  "what goes through the relay: auto (default): programs whose TLS cannot be\n"
	  "tapped; off: nothing; all: every process that is not tapped; strict: refuse\n"
	  "what cannot be looked into, instead of passing it through"),
	CHOICE("--fail-on", "error|warning", struct run_options, fail_on,
	  "end with 1 if the tool ended with 0 and there is a finding of that level,\n"
	  "with 3 if nothing was seen"),
	FLAG("--annotate", struct run_options, annotate,
	  "annotations and a job summary of GitHub Actions; by itself where\n"
	  "GITHUB_ACTIONS is true"),
	FLAG("--quiet", struct run_options, quiet, "one line at the end, no diagnosis"),
	{ 0 },
};

static const struct command_option report_options[] = {
#define FORMAT(name, suffix, value, meaning)                                                       \
	{ "--" #name, sizeof(value) > 1 ? value : NULL,                                           \
	  sizeof(value) > 1 ? OPTION_PATH : OPTION_STDOUT,                                         \
	  offsetof(struct report_options, files) + REPORT_FORMAT_##name * sizeof(char *), 0, meaning },
#include "tools/report/formats.def"
#undef FORMAT
	FLAG("--summary", struct report_options, summary, "with --json: without the single requests"),
	FLAG("--annotate", struct report_options, annotate,
	  "annotations of GitHub Actions on stderr, and its job summary; by itself\n"
	  "where GITHUB_ACTIONS is true"),
	FILTER(struct report_options),
	PATH("--rollup", "FILE", struct report_options, rollup,
	  "what separates the refusals of many logs: FILE is CSV with the columns\n"
	  "attribute, value, n and refused (docs/fleet.md)"),
	{ 0 },
};

static const struct command_option runs_options[] = {
	FLAG("--json", struct runs_options, json, "one JSON object a line"),
	{ 0 },
};

static const struct command_option baseline_options[] = {
	TEXT("--base", "URL", struct baseline_options, base, "default https://openrouter.ai/api/v1"),
	TEXT("--key-env", "NAME", struct baseline_options, key_env, "the variable with the key, default OPENROUTER_API_KEY"),
	TEXT("--model", "ID", struct baseline_options, model, "default openai/gpt-4o-mini"),
	{ 0 },
};

static const struct command_option diff_options[] = {
	FLAG("--json", struct diff_options, json, "the differences as one JSON object"),
	PATH("--html", "FILE", struct diff_options, html, "one self-contained page"),
	FILTER(struct diff_options),
	{ 0 },
};

static const struct command_option watch_options[] = {
	FLAG("--all", struct watch_options, all, "begin with what is in it already"),
	FLAG("--json", struct watch_options, json, "one JSON object a line (watch.schema.json)"),
	FLAG("--plain", struct watch_options, plain, "lines on a terminal, too, not a full screen"),
	FILTER(struct watch_options),
	{ 0 },
};

static const struct command_option export_options[] = {
	FLAG("--flat", struct export_options, flat,
	  "one JSON object an exchange, without nesting and without null: what is\n"
	  "not known is \"\" or 0"),
	FLAG("--processes", struct export_options, processes,
	  "one flat JSON object a process: what orshim could look into, and why not"),
	CHOICE("--otlp", "traces|logs", struct export_options, otlp,
	  "OTLP/JSON, one object a line: a span or a log record an exchange, named by\n"
	  "the GenAI and HTTP semantic conventions; the same log gives the same ids"),
	FLAG("--follow", struct export_options, follow, "go on with what is added, until Ctrl-C, also when the log is rotated"),
	PATH("--state", "FILE", struct export_options, state,
	  "of --follow: keep in FILE how far it came, and begin there; a line may come\n"
	  "twice after a crash, none is left out"),
	FLAG("--columns", struct export_options, columns, "in place of a log: the members of --flat, or of --processes"),
	FILTER(struct export_options),
	{ 0 },
};

static const struct command_option curl_options[] = {
	FLAG("--fixed", struct curl_options, fixed, "with the key as it should be sent, instead of as it was"),
	PATH("--body", "FILE", struct curl_options, body, "the body; logs do not contain its text"),
	{ 0 },
};

static const struct command_option lint_options[] = {
	PATH("--request", "FILE", struct lint_options, request,
	  "bytes of HTTP/1.1 as the client sent them, one or several messages"),
	PATH("--response", "FILE", struct lint_options, response, "bytes of the answers, paired in order"),
	TEXT("--host", "NAME[:PORT]", struct lint_options, host, "where the request went, by its TLS server name"),
	PATH("--har", "FILE", struct lint_options, har,
	  "a recording of browser devtools, mitmproxy, HTTP Toolkit, Proxyman, Charles or\n"
	  "orshim; may be compressed (gzip, Zstandard)"),
	PATH("--environ", "FILE", struct lint_options, environ_file, "NAME=VALUE lines in place of this process's environment"),
	FLAG("--json", struct lint_options, json, "print exchange records"),
	{ 0 },
};

static const struct command_option replay_options[] = {
	FLAG("--json", struct replay_options, json, "print records rather than text"),
	CHOICE("--split", "recorded|bytes|whole", struct replay_options, split,
	  "how the bytes are cut: line by line as recorded (default),\n"
	  "one at a time, or all at once; the result is the same"),
	{ 0 },
};

static const struct command_option relay_options[] = {
	NUMBER("--port", "PORT", struct relay_options, port, UINT16_MAX, "listen on 127.0.0.1:PORT; without it on any free port"),
	TEXT("--upstream", "URL", struct relay_options, upstream, "the API behind it (default https://openrouter.ai/api/v1)"),
	PATH("--ca", "FILE", struct relay_options, ca, "certificates to trust (default: SSL_CERT_FILE, or the system's)"),
	PATH("--log", "FILE", struct relay_options, log, "append JSON lines to FILE"),
	FLAG("--until-eof", struct relay_options, until_eof, "end with the standard input, too"),
	{ 0 },
};

static const struct command_option rules_options[] = {
	FLAG("--json", struct rules_options, json, "one JSON object a line"),
	FLAG("--markdown", struct rules_options, markdown, "as docs/rules.md"),
	FLAG("--man", struct rules_options, man, "as the manual page orshim-rules(7)"),
	{ 0 },
};

static const struct command_option doctor_options[] = {
	FLAG("--json", struct doctor_options, json, "print one JSON object"),
	FLAG("--editor", struct doctor_options, editor,
	  "in place of a tool: which running editors of VS Code's kind, their\n"
	  "servers and extension hosts carry the shim, and which API keys they have"),
	{ 0 },
};

static const struct command_option check_options[] = {
	FLAG("--json", struct check_options, json, "print one JSON object (docs/check.md)"),
	CHOICE("--fail-on", "error|warning", struct check_options, fail_on,
	  "error (default) or warning: end with 1 at a finding of that level; with 3 if no key was found"),
	FLAG("--fix", struct check_options, fix,
	  "print the commands that would mend it; nothing is changed, no value is in them"),
	{ 0 },
};

static const struct command_option attach_options[] = {
	PATH("--log", "FILE", struct attach_options, log,
	  "append JSON lines to FILE (default: ORSHIM_LOG, else\n"
	  "$XDG_STATE_HOME/orshim/attached-NAME-PID.log)"),
	FLAG("--detach", struct attach_options, detach,
	  "put everything back; the library stays loaded and does nothing"),
	FLAG("--list", struct attach_options, list,
	  "in place of a process: yours that carry the shim, since when, and\n"
	  "their logs"),
	{ 0 },
};

static const struct command_option env_options[] = {
	FLAG("--man", struct env_options, man, "as the manual page liborshim(7)"),
	{ 0 },
};

static const struct command_option help_options[] = {
	FLAG("--man", struct help_options, man, "all of them as the manual page orshim(1)"),
	{ 0 },
};

/* clang-format off: a table, a command a paragraph */
const struct command commands[] = {
	{ "run", cmd_run, "run a tool with the shim preloaded, then say what was found",
	  "[--] TOOL ARGS...", "LINE", WORDS_ANY, OPTIONS(run),
	  "Exits with the tool's own status, 128+n if signal n ended it, 127 if the tool was\n"
	  "not found, 126 if it cannot be executed. What was found follows on stderr.\n"
	  "ORSHIM_LIB names the library if it is neither beside orshim nor installed.",
	  "orshim run -- python3 agent.py" },
	{ "report", cmd_report, "read logs: what was wrong, how often, what to try next",
	  "[LOG...]\nN|LOG:N", "FILE", WORDS_ANY, OPTIONS(report),
	  "N is one exchange of it in detail, LOG:N one of LOG. Without LOG: the newest run that `orshim run` kept.\n"
	  "Several logs and quoted patterns are merged by time; - is stdin.\n"
	  "Exits with 0 if nothing was refused and no error found, 1 otherwise, 3 if nothing was seen.",
	  "orshim report --html report.html orshim.log" },
	{ "runs", cmd_runs, "list the kept runs, newest first",
	  "", NULL, 0, OPTIONS(runs),
	  "The last 20 runs of `orshim run` are kept in $XDG_STATE_HOME/orshim/runs (or\n"
	  "~/.local/state/orshim/runs), readable by you alone.",
	  "orshim runs" },
	{ "rerun", cmd_rerun, "repeat the newest run and say whether its failure is gone",
	  "", NULL, 0, NO_OPTIONS,
	  "Runs the newest kept run's command in its folder, with the environment of now.\n"
	  "A command with an argument that looks like a secret was not kept whole and cannot be\n"
	  "repeated. Exits with 0 if nothing is refused now, with 1 if something is.",
	  "orshim rerun" },
	{ "baseline", cmd_baseline, "make the documented request with curl, to compare with",
	  "", NULL, 0, OPTIONS(baseline),
	  "GET /key, then a chat of one token, by curl under the shim; the key is passed to curl\n"
	  "on stdin. What was sent is kept for `orshim diff last-good last-bad`.",
	  "orshim baseline" },
	{ "diff", cmd_diff, "two requests side by side: what differs, most telling difference first",
	  "A B [LOG...]", "last-good|last-bad|FILE", WORDS_ANY, OPTIONS(diff),
	  "A and B are N (of the newest run), LOG:N, a .cap, last-good or last-bad: the newest\n"
	  "request that worked or did not, of LOG... or of the kept runs and the baseline.\n"
	  "Exits with 0 if nothing that matters differs, with 1 if something does.",
	  "orshim diff last-good last-bad" },
	{ "watch", cmd_watch, "follow a log while it is written",
	  "[LOG]", "FILE", 1, OPTIONS(watch),
	  "On a terminal: a list of requests on the full screen, each in detail, with keys that search\n"
	  "and select (? shows them). On a pipe, with --plain, TERM=dumb or on an unknown terminal:\n"
	  "lines; each cause is explained the first time it occurs. A log that is replaced, cut off or\n"
	  "not there yet is followed as well. Without LOG: the newest run's. Ends with Ctrl-C.",
	  "orshim watch orshim.log" },
	{ "export", cmd_export, "a log as lines that another engine reads, on standard output",
	  "[LOG...]", "FILE", WORDS_ANY, OPTIONS(export),
	  "LOG.1 is read before LOG; - is stdin. Without LOG: the newest run's. docs/fleet.md tells of\n"
	  "engines. Exits with 0, and with 3 if there was no exchange.",
	  "orshim export --flat orshim.log >exchanges.ndjson" },
	{ "curl", cmd_curl, "an exchange of a log as a curl command",
	  "N|LOG:N", "FILE", 1, OPTIONS(curl),
	  "The key is in it as the variable that it came from, else $OPENROUTER_API_KEY; no secret is\n"
	  "printed. If that variable has another key than the one that was sent, it says so.\n"
	  "N is one of the newest run.",
	  "orshim curl 3" },
	{ "lint", cmd_lint, "judge a request (and its answer) in files",
	  "\nCAPTURE.cap...", "FILE", WORDS_ANY, OPTIONS(lint),
	  "A FILE of - is stdin. Of a HAR only calls of APIs are judged, and not by the bytes, which no\n"
	  "recording has: see docs/har.md. The variables of this process are looked at with --request\n"
	  "alone.",
	  "orshim lint --request request.http --host openrouter.ai" },
	{ "replay", cmd_replay, "put captures through the same code as the shim",
	  "CAPTURE.cap...", "FILE", WORDS_ANY, OPTIONS(replay),
	  NULL,
	  "orshim replay tests/captures/auth_token_quoted/fires.cap" },
	{ "relay", cmd_relay, "for a tool that cannot be tapped: a base URL on this machine",
	  "", NULL, 0, OPTIONS(relay),
	  "Prints the base URL to put into the tool's settings, then each diagnosis on stderr, and\n"
	  "ends with Ctrl-C. Requests pass byte by byte, with the API's name in the Host field. A\n"
	  "cause is explained again for another key, host or path, and after the key was accepted;\n"
	  "the same failure again is one line. The API is reached through HTTPS_PROXY, unless\n"
	  "NO_PROXY names it. Exits with 1 if something was refused.",
	  "orshim relay --port 8787" },
	{ "explain", cmd_explain, "explain a rule, the words of an error, or a status",
	  "ID...|TEXT|STATUS", "RULE", WORDS_ANY, NO_OPTIONS,
	  "Of a rule: what, why, fix, example. Of an error's words or an HTTP status: which rules may\n"
	  "be behind it, as in orshim explain \"Provider returned error\", orshim explain 401.",
	  "orshim explain auth_token_quoted" },
	{ "rules", cmd_rules, "list the rules",
	  "", NULL, 0, OPTIONS(rules),
	  "Without an option: one line a rule.",
	  "orshim rules --markdown" },
	{ "doctor", cmd_doctor, "say which TLS a tool has, and whether it can be tapped",
	  "TOOL|PID", "PROGRAM|PID", 1, OPTIONS(doctor),
	  "Exits with 0 if the tool can be tapped, with 1 if it cannot. --editor compares the keys,\n"
	  "by their labels, with those of your login shell, which it runs without a terminal, and\n"
	  "exits with 0 if every extension host carries the shim and has the shell's keys.",
	  "orshim doctor node" },
	{ "check", cmd_check, "look for damaged and conflicting keys on this machine, without a request",
	  "", NULL, 0, OPTIONS(check),
	  "Reads the environment, .env up to the project's root, start files of shells, settings of\n"
	  "known tools, and the environments of running editors. Keys are shown by their labels.\n"
	  "Exits with 0 if no error was found, with 1 if one was.",
	  "orshim check --fail-on warning" },
	{ "attach", cmd_attach, "attach to a running process, or detach from it",
	  "PID|NAME", "PID", 1, OPTIONS(attach),
	  "The ORSHIM_* settings are those of this command. Connections that are open already are\n"
	  "seen from their next request on; a TLS library that is loaded later is not: detach and\n"
	  "attach again. From outside of a container, root attaches to what runs in there. If attaching\n"
	  "might harm the process, orshim refuses and says why. Exits with 0, with 1 if nothing of it\n"
	  "can be seen, with 2 if it was refused.",
	  "orshim attach 4711" },
	{ "env", cmd_env, "list the settings and their current values",
	  "", NULL, 0, OPTIONS(env),
	  NULL,
	  "ORSHIM_BODY_MAX=1M orshim env" },
	{ "completion", cmd_completion, "print what a shell needs to complete orshim",
	  "bash|zsh|fish", "bash|zsh|fish", 1, NO_OPTIONS,
	  "`make install` and the package put it where the shells look. By hand, in ~/.bashrc:\n"
	  "\n"
	  "    source <(orshim completion bash)",
	  "orshim completion fish >~/.config/fish/completions/orshim.fish" },
	{ "help", cmd_help, "say what a command does",
	  "[COMMAND]", "COMMAND", 1, OPTIONS(help),
	  NULL,
	  "orshim help report" },
	{ 0 },
};
/* clang-format on */
