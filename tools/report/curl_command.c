/* SPDX-License-Identifier: MIT */
#include "tools/report/curl_command.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "diagnose/credential.h"
#include "diagnose/vendors.h"
#include "report/json_out.h"
#include "tools/command.h"
#include "tools/log/log_row.h"
#include "tools/report/report.h"

/* Single quotes: only the closing quote has a meaning inside. */
static void say_quoted(struct buf *out, struct slice s)
{
	say(out, "'");
	while (s.n) {
		const char *end = memchr(s.p, '\'', s.n);
		size_t n = end ? (size_t)(end - s.p) : s.n;
		if (buf_add(out, s.p, n) != 0)
			die("out of memory");
		if (end)
			say(out, "'\\''");
		s = slice_from(s, n + (end != NULL));
	}
	say(out, "'");
}

/* Text of the record, which may be hostile: mask keys, control characters and bidi characters. */
static void add_text(struct buf *out, const char *text)
{
	mask_text(out, slice_of(text ? text : ""), LIMIT_LINE);
}

/* BEFORE is our own text. */
static void say_word(struct buf *out, const char *before, const char *text)
{
	struct buf word;

	buf_init(&word, LIMIT_LINE);
	say(&word, "%s", before);
	add_text(&word, text);
	say_quoted(out, buf_slice(&word));
	buf_release(&word);
}

static bool is_left_out(const char *name)
{
	/* curl writes these itself, with the values of its own request. */
	static const char *const names[] = { "host",       "content-length",  "connection",
					     "user-agent", "accept-encoding", "transfer-encoding",
					     "date",       "idempotency-key" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return name[0] == ':' || strncasecmp(name, "x-stainless-", 12) == 0;
}

static bool is_key_header(const cJSON *auth, const char *name)
{
	const cJSON *carrier;

	cJSON_ArrayForEach(carrier, log_member(auth, "carriers"))
	{
		const char *s = cJSON_GetStringValue(carrier);
		if (s && strcasecmp(s, name) == 0)
			return true;
	}
	return false;
}

/*
 * The text around the key's label: the label begins at a vendor's prefix and
 * ends four characters after its dots. False: not a label.
 */
static bool around_label(const char *token, struct slice *before, struct slice *after)
{
	const char *dots = strstr(token, "...");
	const char *key = dots;

	*before = *after = slice_of("");
	if (strchr(token, '<'))
		return true; /* it is shown as its class only */
	if (!dots)
		return false;
	while (key > token &&
	       (strchr("-_", key[-1]) || (key[-1] >= '0' && key[-1] <= '9') ||
		(key[-1] >= 'a' && key[-1] <= 'z') || (key[-1] >= 'A' && key[-1] <= 'Z')))
		key--;
	size_t tail = strspn(dots + 3, "0123456789abcdefghijklmnopqrstuvwxyz"
				       "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_");
	*before = (struct slice){ token, (size_t)(key - token) };
	*after = slice_of(dots + 3 + tail);
	return true;
}

/* A log may be hostile: only a valid variable name may follow the `$`. */
static bool is_shell_name(const char *s)
{
	size_t n =
	    s ? strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789") : 0;

	return n && !s[n] && (s[0] < '0' || s[0] > '9');
}

/*
 * The variable that the key came from, so that the command tests the key that
 * was sent; with FIXED, the one that it should come from. Otherwise the
 * vendor's usual variable.
 */
static void choose_variable(struct curl_command *o, const struct log_row *row)
{
	const struct vendor *vendor = row->vendor ? vendor_named(slice_of(row->vendor)) : NULL;
	struct slice rest = slice_of(vendor ? vendor->variables : NULL);
	struct slice usual = SLICE("OPENROUTER_API_KEY");

	list_next(&rest, &usual);
	if (is_shell_name(row->source) &&
	    (!o->fixed || (vendor && list_has(vendor->variables, slice_of(row->source)))))
		usual = slice_of(row->source);
	snprintf(o->variable, sizeof(o->variable), "%.*s", SLICE_ARG(usual));
}

/* Is VALUE between BEFORE and AFTER the token of FINGERPRINT? */
static bool is_sent(struct slice before, const char *value, struct slice after,
		    const char *fingerprint)
{
	char made[FINGERPRINT_SIZE];
	struct buf token;

	buf_init(&token, LIMIT_LINE);
	say(&token, "%.*s%s%.*s", SLICE_ARG(before), value, SLICE_ARG(after));
	fingerprint_of(buf_slice(&token), made);
	if (token.n)
		explicit_bzero(token.p, token.n);
	buf_release(&token);
	return same_text(made, fingerprint);
}

/*
 * The command is worth nothing if the variable has another key than the one
 * that was sent, so warn about it. If the variable also contains the text
 * around the key, leave that text out.
 */
static void compare_variable(const struct curl_command *o, const cJSON *auth, struct slice *before,
			     struct slice *after)
{
	const char *value = getenv(o->variable);
	const char *fingerprint = log_text(auth, "fingerprint");
	struct buf label;

	if (!fingerprint || (value && is_sent(*before, value, *after, fingerprint)))
		return;
	if (value && is_sent(SLICE(""), value, SLICE(""), fingerprint)) {
		*before = *after = SLICE("");
		return;
	}
	buf_init(&label, LIMIT_LINE);
	mask_text(&label, slice_of(log_text(auth, "token")), LIMIT_SHOWN_NAME);
	warn(
	    "curl: %s %s; set it to the key that was sent (%.*s, %.19s) before you run the command",
	    o->variable, value && *value ? "has another key here" : "is not set here",
	    SLICE_ARG(buf_slice(&label)), fingerprint);
	buf_release(&label);
}

/* `-H 'Authorization: Bearer "'"$OPENROUTER_API_KEY"'"'` */
static void say_key(struct buf *out, const char *name, const cJSON *auth,
		    const struct curl_command *o)
{
	const char *scheme = log_text(auth, "scheme");
	const char *token = log_text(auth, "token");
	bool bearer = strcasecmp(name, "authorization") == 0;
	struct slice before, after;
	struct buf head;

	buf_init(&head, LIMIT_LINE);
	add_text(&head, name);
	say(&head, ": ");
	if (o->fixed) {
		say(&head, "%s", bearer ? "Bearer " : "");
	} else if (scheme) {
		add_text(&head, scheme);
		say(&head, " ");
	}
	say(out, " \\\n  -H ");
	if (!o->fixed && token && !around_label(token, &before, &after)) {
		/* Not a key but a word like undefined: send that word. */
		mask_text(&head, slice_of(token), LIMIT_LINE);
		say_quoted(out, buf_slice(&head));
		buf_release(&head);
		return;
	}
	if (!o->fixed && token) {
		if (o->for_here && strchr(token, '<'))
			warn("curl: the log shows the key only as %s; the command has the variable "
			     "in its place",
			     token);
		if (o->for_here)
			compare_variable(o, auth, &before, &after);
		mask_text(&head, before, LIMIT_LINE);
	}
	say_quoted(out, buf_slice(&head));
	say(out, "\"$%s\"", o->variable);
	if (!o->fixed && token && after.n) {
		buf_reset(&head);
		mask_text(&head, after, LIMIT_LINE);
		say_quoted(out, buf_slice(&head));
	}
	buf_release(&head);
}

static void say_field(struct buf *out, const char *name, const char *value)
{
	struct buf line;

	buf_init(&line, 2 * LIMIT_LINE);
	add_text(&line, name);
	say(&line, ": ");
	add_text(&line, value);
	say_quoted(out, buf_slice(&line));
	buf_release(&line);
}

static void say_headers(struct buf *out, const cJSON *record, const struct curl_command *o)
{
	const cJSON *auth = log_member(record, "auth");
	bool has_key = false;
	const cJSON *pair;

	cJSON_ArrayForEach(pair, log_member(log_member(record, "request"), "headers"))
	{
		const char *name = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0));
		const char *value = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 1));
		if (!name || is_left_out(name) ||
		    (o->fixed && has_key && is_key_header(auth, name)))
			continue;
		if (is_key_header(auth, name)) {
			say_key(out,
				o->fixed && strcasecmp(name, "x-api-key") != 0 ? "Authorization"
									       : name,
				auth, o);
			has_key = true;
		} else if (value && !strstr(value, "<redacted>") && !strstr(value, "<omitted>")) {
			say(out, " \\\n  -H ");
			say_field(out, name, value);
		}
	}
	if (o->fixed && !has_key)
		say(out, " \\\n  -H 'Authorization: Bearer '\"$%s\"", o->variable);
}

/* The smallest body for this model: the log does not record the messages. */
static void say_body(struct buf *out, const struct log_row *row, const cJSON *record,
		     const struct curl_command *o)
{
	const cJSON *body = log_member(log_member(record, "request"), "body");
	struct json_out j;
	struct buf text;

	if (o->body) {
		say(out, " \\\n  --data-binary ");
		say_word(out, "@", o->body);
		return;
	}
	if (log_number(body, "bytes", 0) == 0)
		return;
	buf_init(&text, LIMIT_LINE);
	json_out_init(&j, &text);
	json_object(&j, NULL);
	json_text(&j, "model", row->model ? row->model : "openai/gpt-4o-mini");
	json_array(&j, "messages");
	json_object(&j, NULL);
	json_text(&j, "role", "user");
	json_text(&j, "content", "Say hello");
	json_object_end(&j);
	json_array_end(&j);
	if (row->stream >= 0)
		json_bool(&j, "stream", row->stream);
	json_object_end(&j);
	say(out, " \\\n  --data-binary ");
	say_quoted(out, buf_slice(&text));
	buf_release(&text);
}

void curl_command(struct curl_command *o, const struct log_row *row, const cJSON *record,
		  struct buf *out)
{
	bool has_body =
	    log_number(log_member(log_member(record, "request"), "body"), "bytes", 0) > 0;
	struct buf url;

	choose_variable(o, row);
	buf_init(&url, LIMIT_LINE);
	row_origin(row, &url);
	say(&url, "%s", row->path ? row->path : "/");
	/*
	 * One request with exactly these bytes: no globbing of [1-3] and {a,b},
	 * no /../ resolved.
	 */
	say(out, "curl -sS -g --path-as-is --http%s",
	    row->http && strcmp(row->http, "2") == 0 ? "2" : "1.1");
	if (row->method && !has_body && strcmp(row->method, "HEAD") == 0) {
		say(out, " -I"); /* with -X it would wait for a body */
	} else if (row->method && strcmp(row->method, has_body ? "POST" : "GET") != 0) {
		say(out, " -X ");
		say_word(out, "", row->method);
	}
	say(out, " ");
	say_quoted(out, buf_slice(&url));
	say_headers(out, record, o);
	say_body(out, row, record, o);
	say(out, "\n");
	buf_release(&url);
}
