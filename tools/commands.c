/* SPDX-License-Identifier: MIT */
#include "tools/command.h"

const struct command commands[] = {
	{ "run", cmd_run, "run a tool with the shim preloaded, then say what was found",
	  "run [--log FILE] [--report FILE] [--] TOOL ARGS...\n\n"
	  "  --log FILE      append JSON lines to FILE (as ORSHIM_LOG does) and keep it\n"
	  "  --report FILE   write the whole report there, too: .html, .json, .md, .har, else text\n\n"
	  "Exits with the tool's own status, 128+n if signal n ended it, 127 if there is no such\n"
	  "tool, 126 if it cannot be executed. What was found follows on stderr.\n"
	  "ORSHIM_LIB names the library if it is neither beside orshim nor installed",
	  "orshim run -- curl https://openrouter.ai/api/v1/key" },
	{ "report", cmd_report, "read logs: what was wrong, how often, what to try next",
	  "report [--json|--markdown] [--html FILE] [--har FILE] [LOG...]\n"
	  "       orshim report LOG#N\n\n"
	  "  --json        the report as one JSON object\n"
	  "  --markdown    made to be pasted into an issue; nothing secret in it\n"
	  "  --html FILE   one self-contained page\n"
	  "  --har FILE    HTTP Archive 1.2, redacted\n\n"
	  "LOG#N is one exchange in detail. Without LOG: the newest run that `orshim run` kept.\n"
	  "Several logs and quoted patterns are merged by time; - is stdin.\n"
	  "Exits with 0 if nothing was refused and no error found, 1 otherwise",
	  "orshim report --html report.html orshim.log" },
	{ "runs", cmd_runs, "list the runs that are kept, newest first",
	  "runs [--json]\n\n"
	  "The last 20 runs of `orshim run` are kept in $XDG_STATE_HOME/orshim/runs (or\n"
	  "~/.local/state/orshim/runs), readable by you alone",
	  "orshim runs" },
	{ "rerun", cmd_rerun, "repeat the newest run and say whether its failure is gone",
	  "rerun\n\n"
	  "Runs the newest kept run's command in its folder, with the environment of now.\n"
	  "A command with an argument that looks like a secret was not kept whole and cannot be\n"
	  "repeated. Exits with 0 if nothing is refused now, with 1 if something is",
	  "orshim rerun" },
	{ "baseline", cmd_baseline, "make the documented request with curl, to compare with",
	  "baseline [--base URL] [--key-env NAME] [--model ID]\n\n"
	  "  --base URL       default https://openrouter.ai/api/v1\n"
	  "  --key-env NAME   the variable that holds the key, default OPENROUTER_API_KEY\n"
	  "  --model ID       default openai/gpt-4o-mini\n\n"
	  "GET /key, then a chat of one token, by curl under the shim; the key goes to curl by its\n"
	  "stdin. What was sent is kept for `orshim diff last-good last-bad`",
	  "orshim baseline" },
	{ "diff", cmd_diff, "two requests side by side: what differs, what explains most first",
	  "diff [--json] [--html FILE] A B [LOG...]\n\n"
	  "  --json        the differences as one JSON object\n"
	  "  --html FILE   one self-contained page\n\n"
	  "A and B are LOG#N (#N: of the newest run), a .cap, last-good or last-bad: the newest\n"
	  "request that worked or did not, of LOG... or of the kept runs and the baseline.\n"
	  "Exits with 0 if nothing that matters differs, with 1 if something does",
	  "orshim diff last-good last-bad" },
	{ "watch", cmd_watch, "follow a log while it is written, one line an exchange",
	  "watch [--all] [LOG]\n\n"
	  "  --all   begin with what is in it already\n\n"
	  "Each cause is explained when it comes first. A log that is replaced, cut off or not\n"
	  "there yet is followed as well. Without LOG: the newest run's. Ends with Ctrl-C",
	  "orshim watch orshim.log" },
	{ "curl", cmd_curl, "an exchange of a log as a curl command",
	  "curl [--fixed] [--body FILE] LOG#N\n\n"
	  "  --fixed       with the key as it should be sent, instead of as it was\n"
	  "  --body FILE   the body; no log holds its text\n\n"
	  "The key is $OPENROUTER_API_KEY in it; no secret is printed. #N is one of the newest run",
	  "orshim curl 'orshim.log#3'" },
	{ "lint", cmd_lint, "judge a request (and its answer) kept in files",
	  "lint --request FILE [--response FILE] [--host HOST] [--environ FILE] [--json]\n"
	  "       orshim lint [--environ FILE] [--json] CAPTURE.cap...\n\n"
	  "  --request FILE    bytes of HTTP/1.1 as the client sent them, one or several messages\n"
	  "  --response FILE   bytes of the answers, paired in order\n"
	  "  --host HOST       where the request went, by its TLS server name\n"
	  "  --environ FILE    NAME=VALUE lines in place of this process's environment\n"
	  "  --json            print exchange records\n\n"
	  "A FILE of - is stdin",
	  "orshim lint --request request.http --host openrouter.ai" },
	{ "replay", cmd_replay, "put captures through the same code as the shim",
	  "replay [--json] [--split recorded|bytes|whole] CAPTURE.cap...\n\n"
	  "  --json    print records rather than text\n"
	  "  --split   how the bytes are cut: line by line as recorded (default), one at a time,\n"
	  "            or all at once; the result is the same",
	  "orshim replay tests/captures/auth_token_quoted/fires.cap" },
	{ "relay", cmd_relay, "for a tool that cannot be tapped: a base URL on this machine",
	  "relay [--port PORT] [--upstream URL] [--ca FILE] [--log FILE] [--until-eof]\n\n"
	  "  --port PORT      listen on 127.0.0.1:PORT; without it on any free port\n"
	  "  --upstream URL   the API behind it (default https://openrouter.ai/api/v1)\n"
	  "  --ca FILE        certificates to trust (default: SSL_CERT_FILE, or the system's)\n"
	  "  --log FILE       append JSON lines to FILE\n"
	  "  --until-eof      end with the standard input, too\n\n"
	  "Prints the base URL to put into the tool's settings, then each diagnosis on stderr, and\n"
	  "ends with Ctrl-C. It is nginx under the shim, so nginx must be installed. Requests pass\n"
	  "as they are but for the spaces around a header's value, which nginx takes away, and for\n"
	  "what nginx refuses as HTTP. Exits with 1 if something was refused",
	  "orshim relay --port 8787" },
	{ "explain", cmd_explain, "explain a rule: what, why, fix, example", "explain ID...",
	  "orshim explain auth_token_quoted" },
	{ "rules", cmd_rules, "list the rules",
	  "rules [--json|--markdown|--man]\n\n"
	  "Without an option: one line a rule",
	  "orshim rules --markdown" },
	{ "doctor", cmd_doctor, "say which TLS a tool has, and whether it can be tapped",
	  "doctor [--json] TOOL|PID\n"
	  "       orshim doctor --editor\n\n"
	  "  --json     print one JSON object\n"
	  "  --editor   which running extension hosts of VS Code carry the shim\n\n"
	  "Exits with 0 if the tool can be tapped, with 1 if it cannot",
	  "orshim doctor node" },
	{ "env", cmd_env, "list the settings, and what they are here", "env",
	  "ORSHIM_BODY_MAX=1M orshim env" },
};

const size_t command_count = sizeof(commands) / sizeof(commands[0]);
