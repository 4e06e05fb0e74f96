/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/settings.h"
#include "tools/commands.h"
#include "tools/docgen/roff.h"
#include "tools/malformed.h"

static void put_setting(struct buf *out, const struct text_style *style, const struct settings *s,
			size_t id, bool wrong)
{
	const struct setting *row = &settings_table[id];

	say(out, "%s%s%s", style->colour ? "\033[1m" : "", row->name,
	    style->colour ? "\033[0m" : "");
	if (s->given[id]) {
		say(out, "=");
		mask_text(out, slice_of(s->given[id]), LIMIT_SHOWN_VALUE);
	}
	say(out, "%s\n    %s\n    accepted: %s\n    default:  %s\n",
	    wrong ? "   (not understood: the default is used)" : "", row->meaning, row->accepted,
	    row->shown_default);
}

static const char *const after_settings =
	"A malformed setting costs one line on standard error; its default is used, and the tool "
	"runs on.";

static const char *const log_words =
	"One JSON object a line, each with v (1), record, ts and pid; lines of several processes "
	"never mix. record is process (one that speaks TLS, and how it is observed, or why not), "
	"exchange (a request with its answer, the findings and the verdict) or connection (without "
	"an exchange: nothing was sent on it, its TLS handshake failed, or it was not read and "
	"blind says why, as http3 for HTTP/3).\n\n    jq -c 'select(.record==\"exchange\") | "
	"[.status, .verdict.cause]' LOG";

static const char *const privacy_words =
	"Never written anywhere: a key, a cookie, the text of a body. A key of a known shape "
	"appears as the label that its vendor's dashboard shows and as the first 12 hex digits of "
	"its SHA-256. Files are created for their owner alone. Nothing is sent anywhere.";

static const char *const limit_words =
	"orshim sees programs that use OpenSSL or BoringSSL, shared or built in, or a shared "
	"GnuTLS. It does not see Go, rustls, static and setuid programs from inside: `orshim run` "
	"sends them through a relay. `orshim doctor TOOL` says which TLS a tool has. Of HTTP/3 "
	"only the handshake is seen: run the tool with HTTP/2 (curl --http2 or "
	"--http1.1).\n\nORSHIM_FOLLOW follows children that are started through the C library: "
	"exec*, posix_spawn*, system, popen and wordexp (the last three while the process has one "
	"thread). It cannot follow a program that executes another by a raw system call "
	"(syscall(2), Go's runtime, a static program): the child has the shim if it was given "
	"LD_PRELOAD.\n\nA process that was attached to keeps the library until it ends, also after "
	"--detach, and up to 64 MiB of address space (of that some 20 KiB of memory) that "
	"malloc(3) set apart for the thread that loaded it; the process's next thread takes that "
	"over. Of HTTP/2 connections that were there before, fields are missing that only the "
	"connection's beginning told.";

/* liborshim.7 */
static void put_manual(struct buf *out)
{
	say(out, ".TH LIBORSHIM 7 \"\" orshim\n.ad l\n.SH NAME\n"
		 "liborshim \\- see what a tool sends through its TLS library, and say what is wrong\n"
		 ".SH SYNOPSIS\n.B LD_PRELOAD=liborshim.so\n.I TOOL\n.RI [ ARGS ]\n"
		 ".SH DESCRIPTION\nPreloaded into a tool that is refused with 401 although its key "
		 "is right, the library sees the plaintext that goes into and comes out of TLS, finds "
		 "what is wrong with the Authorization header, the body or the destination, and says "
		 "it in one diagnosis.\n.BR \"orshim run\" (1)\npreloads it and reports.\n"
		 ".SH SETTINGS\nEnvironment variables, read once when the tool starts.\n");
	for (size_t id = 0; id < SETTING_COUNT; id++) {
		say(out, ".TP\n.B %s\n", settings_table[id].name);
		roff_text(out, settings_table[id].meaning);
		roff_line(out, "Accepted", settings_table[id].accepted);
		roff_line(out, "Default", settings_table[id].shown_default);
	}
	roff_paragraphs(out, after_settings);
	say(out, ".SH LOG\n");
	roff_paragraphs(out, log_words);
	say(out, ".SH PRIVACY\n");
	roff_paragraphs(out, privacy_words);
	say(out, ".SH LIMITS\n");
	roff_paragraphs(out, limit_words);
	say(out, ".SH SEE ALSO\n.BR orshim (1),\n.BR orshim\\-rules (7),\n.BR ld.so (8)\n");
}

static int print_manual(void)
{
	struct buf out;

	buf_init(&out, DOCUMENT_MAX);
	put_manual(&out);
	print_out(&out);
	buf_release(&out);
	return EXIT_CLEAN;
}

int cmd_env(const struct arguments *a)
{
	const struct env_options *o = a->options;
	struct text_style style;
	struct settings s;
	struct buf out;
	bool wrong = false;

	if (o->man)
		return print_manual();
	style_of(STDOUT_FILENO, &style);
	settings_load(&s, getenv);
	buf_init(&out, LIMIT_BLOCK);
	for (size_t id = 0; id < SETTING_COUNT; id++) {
		bool malformed = malformed_part(&s, (enum setting_id)id).n > 0;
		put_setting(&out, &style, &s, id, malformed);
		wrong |= malformed;
	}
	print_out(&out);
	buf_release(&out);
	return wrong ? EXIT_TROUBLE : EXIT_CLEAN;
}
