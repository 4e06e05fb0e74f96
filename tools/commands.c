/* SPDX-License-Identifier: MIT */
#include "tools/command.h"

static const struct command_option no_options[] = { { 0 } };

static const struct command_option run_options[] = {
	{ "--log", "FILE", "append JSON lines to FILE (as ORSHIM_LOG does) and keep it" },
	{ "--report", "FILE",
	  "write the whole report there, too: .html, .json, .md, .har, else text" },
	{ "--relay", "auto|off|all|strict",
	  "what goes through the relay: auto (default) programs whose TLS cannot be\n"
	  "tapped; off nothing; all every process that is not tapped; strict refuses\n"
	  "instead of passing through what cannot be looked into" },
	{ "--fail-on", "LEVEL",
	  "error or warning: end with 1 if the tool ended with 0 and such a finding is there, with 3 "
	  "if nothing was seen" },
	{ "--quiet", NULL, "one line at the end, no diagnosis" },
	{ 0 },
};

static const struct command_option report_options[] = {
	{ "--json", NULL, "the report as one JSON object" },
	{ "--markdown", NULL, "made to be pasted into an issue; nothing secret in it" },
	{ "--html", "FILE", "one self-contained page" },
	{ "--har", "FILE", "HTTP Archive 1.2, redacted" },
	{ "--rollup", "FILE",
	  "what separates the refusals of many logs: FILE is CSV with the columns\n"
	  "attribute, value, n and refused (docs/fleet.md)" },
	{ 0 },
};

static const struct command_option runs_options[] = {
	{ "--json", NULL, "one JSON object a line" },
	{ 0 },
};

static const struct command_option baseline_options[] = {
	{ "--base", "URL", "default https://openrouter.ai/api/v1" },
	{ "--key-env", "NAME", "the variable that holds the key, default OPENROUTER_API_KEY" },
	{ "--model", "ID", "default openai/gpt-4o-mini" },
	{ 0 },
};

static const struct command_option diff_options[] = {
	{ "--json", NULL, "the differences as one JSON object" },
	{ "--html", "FILE", "one self-contained page" },
	{ 0 },
};

static const struct command_option watch_options[] = {
	{ "--all", NULL, "begin with what is in it already" },
	{ 0 },
};

static const struct command_option export_options[] = {
	{ "--flat", NULL,
	  "one JSON object an exchange, without nesting and without null: what is\n"
	  "not known is \"\" or 0" },
	{ "--processes", NULL, "one flat JSON object a process: what orshim could look into, and why not" },
	{ "--otlp", "traces|logs",
	  "OTLP/JSON, one object a line: a span or a log record an exchange, named by\n"
	  "the GenAI and HTTP semantic conventions; the same log gives the same ids" },
	{ "--follow", NULL, "go on with what is added, until Ctrl-C; through logs that are set aside" },
	{ "--state", "FILE",
	  "of --follow: keep in FILE how far it came, and begin there; a line may come\n"
	  "twice after a crash, none is left out" },
	{ "--columns", NULL, "in place of a log: the members of --flat, or of --processes" },
	{ 0 },
};

static const struct command_option curl_options[] = {
	{ "--fixed", NULL, "with the key as it should be sent, instead of as it was" },
	{ "--body", "FILE", "the body; no log holds its text" },
	{ 0 },
};

static const struct command_option lint_options[] = {
	{ "--request", "FILE",
	  "bytes of HTTP/1.1 as the client sent them, one or several messages" },
	{ "--response", "FILE", "bytes of the answers, paired in order" },
	{ "--host", "NAME[:PORT]", "where the request went, by its TLS server name" },
	{ "--environ", "FILE", "NAME=VALUE lines in place of this process's environment" },
	{ "--json", NULL, "print exchange records" },
	{ 0 },
};

static const struct command_option replay_options[] = {
	{ "--json", NULL, "print records rather than text" },
	{ "--split", "recorded|bytes|whole",
	  "how the bytes are cut: line by line as recorded (default),\n"
	  "one at a time, or all at once; the result is the same" },
	{ 0 },
};

static const struct command_option relay_options[] = {
	{ "--port", "PORT", "listen on 127.0.0.1:PORT; without it on any free port" },
	{ "--upstream", "URL", "the API behind it (default https://openrouter.ai/api/v1)" },
	{ "--ca", "FILE", "certificates to trust (default: SSL_CERT_FILE, or the system's)" },
	{ "--log", "FILE", "append JSON lines to FILE" },
	{ "--until-eof", NULL, "end with the standard input, too" },
	{ 0 },
};

static const struct command_option rules_options[] = {
	{ "--json", NULL, "one JSON object a line" },
	{ "--markdown", NULL, "as docs/rules.md" },
	{ "--man", NULL, "as the manual page orshim-rules(7)" },
	{ 0 },
};

static const struct command_option doctor_options[] = {
	{ "--json", NULL, "print one JSON object" },
	{ "--editor", NULL,
	  "in place of a tool: which running editors of VS Code's kind, their\n"
	  "servers and extension hosts carry the shim, and which API keys they have" },
	{ 0 },
};

static const struct command_option attach_options[] = {
	{ "--log", "FILE",
	  "append JSON lines to FILE (default: ORSHIM_LOG, else\n"
	  "$XDG_STATE_HOME/orshim/attached-NAME-PID.log)" },
	{ "--detach", NULL,
	  "put everything back; the library stays loaded and does nothing" },
	{ "--list", NULL,
	  "in place of a process: yours that carry the shim, since when, and\n"
	  "their logs" },
	{ 0 },
};

static const struct command_option env_options[] = {
	{ "--man", NULL, "as the manual page liborshim(7)" },
	{ 0 },
};

static const struct command_option help_options[] = {
	{ "--man", NULL, "all of them as the manual page orshim(1)" },
	{ 0 },
};

/* clang-format off: a table, a command a paragraph */
const struct command commands[] = {
	{ "run", cmd_run, "run a tool with the shim preloaded, then say what was found",
	  "[--] TOOL ARGS...", "LINE", run_options,
	  "Exits with the tool's own status, 128+n if signal n ended it, 127 if there is no such\n"
	  "tool, 126 if it cannot be executed. What was found follows on stderr.\n"
	  "ORSHIM_LIB names the library if it is neither beside orshim nor installed.",
	  "orshim run -- curl https://openrouter.ai/api/v1/key" },
	{ "report", cmd_report, "read logs: what was wrong, how often, what to try next",
	  "[LOG...]\nN|LOG:N", "FILE", report_options,
	  "N is one exchange of it in detail, LOG:N one of LOG. Without LOG: the newest run that `orshim run` kept.\n"
	  "Several logs and quoted patterns are merged by time; - is stdin.\n"
	  "Exits with 0 if nothing was refused and no error found, 1 otherwise, 3 if nothing was seen.",
	  "orshim report --html report.html orshim.log" },
	{ "runs", cmd_runs, "list the runs that are kept, newest first",
	  "", NULL, runs_options,
	  "The last 20 runs of `orshim run` are kept in $XDG_STATE_HOME/orshim/runs (or\n"
	  "~/.local/state/orshim/runs), readable by you alone.",
	  "orshim runs" },
	{ "rerun", cmd_rerun, "repeat the newest run and say whether its failure is gone",
	  "", NULL, no_options,
	  "Runs the newest kept run's command in its folder, with the environment of now.\n"
	  "A command with an argument that looks like a secret was not kept whole and cannot be\n"
	  "repeated. Exits with 0 if nothing is refused now, with 1 if something is.",
	  "orshim rerun" },
	{ "baseline", cmd_baseline, "make the documented request with curl, to compare with",
	  "", NULL, baseline_options,
	  "GET /key, then a chat of one token, by curl under the shim; the key goes to curl by its\n"
	  "stdin. What was sent is kept for `orshim diff last-good last-bad`.",
	  "orshim baseline" },
	{ "diff", cmd_diff, "two requests side by side: what differs, what explains most first",
	  "A B [LOG...]", "last-good|last-bad|FILE", diff_options,
	  "A and B are N (of the newest run), LOG:N, a .cap, last-good or last-bad: the newest\n"
	  "request that worked or did not, of LOG... or of the kept runs and the baseline.\n"
	  "Exits with 0 if nothing that matters differs, with 1 if something does.",
	  "orshim diff last-good last-bad" },
	{ "watch", cmd_watch, "follow a log while it is written, one line an exchange",
	  "[LOG]", "FILE", watch_options,
	  "Each cause is explained when it comes first. A log that is replaced, cut off or not\n"
	  "there yet is followed as well. Without LOG: the newest run's. Ends with Ctrl-C.",
	  "orshim watch orshim.log" },
	{ "export", cmd_export, "a log as lines that another engine reads, on standard output",
	  "[LOG...]", "FILE", export_options,
	  "LOG.1 is read before LOG; - is stdin. Without LOG: the newest run's. docs/fleet.md tells of\n"
	  "engines. Exits with 0, and with 3 if there was no exchange.",
	  "orshim export --flat orshim.log >exchanges.ndjson" },
	{ "curl", cmd_curl, "an exchange of a log as a curl command",
	  "N|LOG:N", "FILE", curl_options,
	  "The key is in it as the variable that it came from, else $OPENROUTER_API_KEY; no secret is\n"
	  "printed. Where that variable holds another key than the one that was sent, it says so.\n"
	  "N is one of the newest run.",
	  "orshim curl 3" },
	{ "lint", cmd_lint, "judge a request (and its answer) kept in files",
	  "\nCAPTURE.cap...", "FILE", lint_options,
	  "A FILE of - is stdin.",
	  "orshim lint --request request.http --host openrouter.ai" },
	{ "replay", cmd_replay, "put captures through the same code as the shim",
	  "CAPTURE.cap...", "FILE", replay_options,
	  NULL,
	  "orshim replay tests/captures/auth_token_quoted/fires.cap" },
	{ "relay", cmd_relay, "for a tool that cannot be tapped: a base URL on this machine",
	  "", NULL, relay_options,
	  "Prints the base URL to put into the tool's settings, then each diagnosis on stderr, and\n"
	  "ends with Ctrl-C. It is nginx under the shim, so nginx must be installed. Requests pass\n"
	  "as they are but for the spaces around a header's value, which nginx takes away, and for\n"
	  "what nginx refuses as HTTP. Exits with 1 if something was refused.",
	  "orshim relay --port 8787" },
	{ "explain", cmd_explain, "explain a rule: what, why, fix, example",
	  "ID...", "RULE", no_options,
	  NULL,
	  "orshim explain auth_token_quoted" },
	{ "rules", cmd_rules, "list the rules",
	  "", NULL, rules_options,
	  "Without an option: one line a rule.",
	  "orshim rules --markdown" },
	{ "doctor", cmd_doctor, "say which TLS a tool has, and whether it can be tapped",
	  "TOOL|PID", "PROGRAM|PID", doctor_options,
	  "Exits with 0 if the tool can be tapped, with 1 if it cannot. --editor compares the keys,\n"
	  "by their labels, with those of your login shell, which it runs without a terminal, and\n"
	  "exits with 0 if every extension host carries the shim and has the shell's keys.",
	  "orshim doctor node" },
	{ "attach", cmd_attach, "bring the shim into a running process, and take it out again",
	  "PID|NAME", "PID", attach_options,
	  "The ORSHIM_* settings are those of this command. Connections that are open already are\n"
	  "seen from their next request on; a TLS library that is loaded later is not: detach and\n"
	  "attach again. A process that is not certain to stay whole is left alone, and the reason\n"
	  "said. Exits with 0, with 1 if nothing of it can be seen, with 2 if it was refused.",
	  "orshim attach 4711" },
	{ "env", cmd_env, "list the settings, and what they are here",
	  "", NULL, env_options,
	  NULL,
	  "ORSHIM_BODY_MAX=1M orshim env" },
	{ "completion", cmd_completion, "print what a shell needs to complete orshim",
	  "bash|zsh|fish", "bash|zsh|fish", no_options,
	  "`make install` and the package put it where the shells look. By hand, in ~/.bashrc:\n"
	  "\n"
	  "    source <(orshim completion bash)",
	  "orshim completion fish >~/.config/fish/completions/orshim.fish" },
	{ "help", cmd_help, "say what a command does",
	  "[COMMAND]", "COMMAND", help_options,
	  NULL,
	  "orshim help report" },
};
/* clang-format on */

const size_t command_count = sizeof(commands) / sizeof(commands[0]);
