/* SPDX-License-Identifier: MIT */
/*
 * A lexer that accepts anything, and not a parser, reads the body, so that invalid
 * JSON stays invalid at the same place: only letters and digits change.
 */
#include "report/anonymise_body.h"

#include "base/ascii.h"
#include "diagnose/content.h"
#include "diagnose/secret_words.h"
#include "report/anonymise_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	WORD_MAX = 40,     /* an enumeration's word */
	MODEL_MAX = 128,   /* an enumeration's word, a model's name */
	LABEL_MAX = 128,   /* of a data: URL, up to its comma */
	MAGIC_LENGTH = 24, /* digits of base64 that have an image's magic number */
};

/* What is done with a string, by the name of its member. */
enum treatment {
	TREAT_TEXT,
	TREAT_WORD,            /* a role, a type, a model: kept */
	TREAT_ID,              /* replaced by the same pseudonym everywhere */
	TREAT_KEY,             /* a credential, or nothing */
	TREAT_WORDS_OF_SERVER, /* kept but for secrets */
	TREAT_SAID,            /* the same for a string; an object is not taken for an error */
	TREAT_INPUT,   /* a text, or a list as any other, or an object that is the user's own */
	TREAT_MODEL,   /* as a word, but longer */
	TREAT_PRIVATE, /* the user's own data: every string below it is a text */
};

enum { WORD_SIZE = 21 }; /* of a word of the tables, with its NUL */

static const char word_members[][WORD_SIZE] = {
	"role",
	"type",
	"object",
	"finish_reason",
	"native_finish_reason",
	"stop_reason",
	"status",
	"code",
	"detail",
	"format",
	"encoding_format",
	"media_type",
	"provider_name",
	"provider",
	"order",
	"only",
	"ignore",
	"service_tier",
	"tool_choice",
	"effort",
	"reasoning_effort",
	"modalities",
	"sort",
	"data_collection",
	"quantizations",
	"route",
	"transforms",
	"include",
	"event",
	"summary_format",
	"incomplete_details",
	"reason",
};

static const char id_members[][WORD_SIZE] = {
	"id",          "tool_call_id",         "tool_use_id",  "call_id", "item_id",
	"response_id", "previous_response_id", "conversation", "name",
};

/* What servers send back of a request when they refuse it. */
static const char echo_members[][WORD_SIZE] = { "flagged_input", "input", "prompt",
						"messages",      "body",  "request" };

/* Members other than "error" in which vendors report an error with status 200. */
static const char said_members[][WORD_SIZE] = { "msg",       "message",    "detail",
						"error_msg", "status_msg", "error_message",
						"reason" };

static bool is_one_of(struct slice name, const char (*names)[WORD_SIZE], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_equal(name, slice_of(names[i])))
			return true;
	return false;
}

/* data:TYPE;base64,DATA: rules read the label and the first bytes of the data, which stay. */
static bool anonymise_data(char *p, size_t n)
{
	static const char magics[][12] = { "iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR", "JVBERi0" };
	struct slice all = { p, n };
	size_t kept = 0;

	if (slice_starts_nocase(all, SLICE("data:"))) {
		long comma = slice_byte(slice_sub(all, 0, LABEL_MAX), ',', 0);
		kept = comma < 0 ? 5 : (size_t)comma + 1;
	}
	struct slice data = slice_from(all, kept);
	for (size_t i = 0; i < COUNT(magics); i++)
		if (slice_starts(data, slice_of(magics[i])))
			kept += data.n < MAGIC_LENGTH ? data.n : MAGIC_LENGTH;
	if (slice_starts_nocase(data, SLICE("data:")))
		kept += 5;
	if (kept == 0)
		return false;
	anonymise_string(p + kept, n - kept);
	return true;
}

struct lexer {
	struct pseudonyms *d;
	const struct pseudonym_keys *keys;
	enum body_kind kind;
	char *p;
	size_t n;
	size_t at;
	int depth;
	enum treatment next; /* of the value that comes */
	unsigned char
	    around[LIMIT_JSON_DEPTH]; /* enum treatment: of the arrays and objects that are open */
	bool is_array[LIMIT_JSON_DEPTH];
};

static enum treatment around(const struct lexer *l)
{
	return l->depth > 0 && l->depth <= LIMIT_JSON_DEPTH
		   ? (enum treatment)l->around[l->depth - 1]
		   : TREAT_TEXT;
}

static bool in_array(const struct lexer *l)
{
	return l->depth > 0 && l->depth <= LIMIT_JSON_DEPTH && l->is_array[l->depth - 1];
}

static enum treatment treatment_of(const struct lexer *l, struct slice name)
{
	enum treatment outer = around(l);

	if (l->kind != KIND_REQUEST && is_one_of(name, echo_members, COUNT(echo_members)))
		return TREAT_PRIVATE;
	if (outer == TREAT_PRIVATE || outer == TREAT_WORDS_OF_SERVER)
		return names_secret_within(name) ? TREAT_KEY : outer;
	if (l->kind == KIND_REFUSAL ||
	    (l->kind != KIND_REQUEST && slice_equal(name, SLICE("error"))) ||
	    (l->kind == KIND_FAILED && slice_equal(name, SLICE("base_resp"))))
		return TREAT_WORDS_OF_SERVER;
	if (l->kind == KIND_FAILED && l->depth == 1 &&
	    is_one_of(name, said_members, COUNT(said_members)))
		return TREAT_SAID;
	if (slice_equal(name, SLICE("model")) || slice_equal(name, SLICE("models")))
		return TREAT_MODEL;
	if (slice_equal(name, SLICE("input")) || slice_equal(name, SLICE("args")) ||
	    slice_equal(name, SLICE("arguments")))
		return TREAT_INPUT;
	if (is_one_of(name, word_members, COUNT(word_members)))
		return TREAT_WORD;
	if (is_one_of(name, id_members, COUNT(id_members)))
		return TREAT_ID;
	if (slice_equal(name, SLICE("metadata")))
		return TREAT_PRIVATE;
	return names_secret_within(name) ? TREAT_KEY : TREAT_TEXT;
}

static bool is_word(struct slice s, size_t max)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || (unsigned char)s.p[i] > 0x7e || s.p[i] == '\\')
			return false;
	return s.n <= max;
}

static void anonymise_key(struct lexer *l, char *p, size_t n)
{
	size_t scheme = slice_starts_nocase((struct slice){ p, n }, SLICE("bearer ")) ? 7 : 0;
	bool is_key = n >= 20 && vendor_of_key((struct slice){ p + scheme, n - scheme });

	if (is_key && is_word((struct slice){ p, n }, n))
		anonymise_token(l->d, p + scheme, n - scheme);
	else
		anonymise_string(p, n);
}

/* The inside of a string that is a value. */
static void anonymise_value(struct lexer *l, char *p, size_t n)
{
	struct slice value = { p, n };
	enum treatment t = l->next;

	if (t == TREAT_WORDS_OF_SERVER || t == TREAT_SAID ||
	    (l->kind == KIND_REFUSAL && l->depth == 0))
		anonymise_secrets(l->d, l->keys, p, n, true);
	else if (anonymise_data(p, n))
		return;
	else if ((t == TREAT_WORD && is_word(value, WORD_MAX)) ||
		 (t == TREAT_MODEL && is_word(value, MODEL_MAX)))
		anonymise_secrets(l->d, l->keys, p, n, true);
	else if (t == TREAT_ID && is_word(value, MODEL_MAX))
		anonymise_id(l->d, p, n);
	else if (t == TREAT_KEY)
		anonymise_key(l, p, n);
	else
		anonymise_string(p, n);
}

/* At an opening quote. A string before a colon is a name and stays. */
static void take_string(struct lexer *l)
{
	size_t from = l->at + 1;
	size_t end = from;

	while (end < l->n && l->p[end] != '"')
		end += l->p[end] == '\\' && end + 1 < l->n ? 2 : 1;
	if (end > l->n)
		end = l->n;
	l->at = end < l->n ? end + 1 : end;
	size_t after = l->at;
	while (after < l->n && memchr(" \t\r\n", l->p[after], 4))
		after++;
	struct slice inside = { l->p + from, end - from };
	if (!in_array(l) && l->depth > 0 && after < l->n && l->p[after] == ':') {
		anonymise_secrets(l->d, l->keys, l->p + from, inside.n, true);
		l->next = treatment_of(l, inside);
		return;
	}
	anonymise_value(l, l->p + from, inside.n);
}

static void open_level(struct lexer *l, bool array)
{
	enum treatment t = l->next;

	if (t == TREAT_INPUT)
		t = array ? TREAT_TEXT : TREAT_PRIVATE;
	else if (t == TREAT_SAID)
		t = TREAT_TEXT;
	if (l->depth < LIMIT_JSON_DEPTH) {
		l->around[l->depth] = (unsigned char)t;
		l->is_array[l->depth] = array;
	}
	l->depth++;
	/* Elements of an array are what their array is; members go by their names. */
	l->next = t;
	if (!array && t != TREAT_PRIVATE && t != TREAT_WORDS_OF_SERVER)
		l->next = TREAT_TEXT;
}

/* A word where JSON has none. No other letter becomes an x: a rule looks for 0x... */
static void anonymise_stray(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] >= '0' && p[i] <= '9')
			p[i] = '0';
		else if (p[i] != 'x' && p[i] != 'X' && p[i] != '_')
			p[i] = 'z';
	}
}

static void take_bare(struct lexer *l)
{
	size_t word = word_length(l->p, l->n, l->at);
	size_t number = number_length(l->p, l->n, l->at);

	if (number && number >= word) {
		l->at += number;
	} else if (word && is_json_word((struct slice){ l->p + l->at, word })) {
		l->at += word;
	} else if (word) {
		number = number < word ? number : 0;
		anonymise_stray(l->p + l->at + number, word - number);
		l->at += word;
	} else {
		l->at += anonymise_character(l->p, l->n, l->at, '0');
	}
}

static void take_json(struct lexer *l)
{
	while (l->at < l->n) {
		char c = l->p[l->at];
		switch (c) {
		case '"':
			take_string(l);
			break;
		case '{':
		case '[':
			open_level(l, c == '[');
			l->at++;
			break;
		case '}':
		case ']':
			if (l->depth > 0)
				l->depth--;
			l->at++;
			l->next = around(l);
			break;
		case ',':
			l->next = around(l);
			l->at++;
			break;
		default:
			take_bare(l);
			break;
		}
	}
}

static void anonymise_json(struct pseudonyms *d, const struct pseudonym_keys *keys,
			   enum body_kind kind, char *p, size_t n)
{
	struct lexer l = { .d = d, .keys = keys, .kind = kind, .p = p, .n = n };

	if (kind == KIND_REFUSAL)
		l.next = TREAT_WORDS_OF_SERVER;

	take_json(&l);
}

/* %XX: signs and controls are what a form is made of; letters are text. */
static size_t anonymise_percent(char *p, size_t n)
{
	int high = n < 3 ? -1 : hex_value(p[1]), low = n < 3 ? -1 : hex_value(p[2]);

	if (high < 0 || low < 0)
		return 1;
	if (high >= 8 || is_alphanumeric((char)(high * 16 + low)))
		memcpy(p + 1, "78", 2);
	return 3;
}

/* A name of a form that makes it a chat request, or of a message in it. */
static bool is_form_name(struct slice word, char after)
{
	return memchr("=[]%", after, 4) &&
	       (is_chat_member(word) || slice_equal(word, SLICE("role")) ||
		slice_equal(word, SLICE("content")));
}

/* A form, a multipart body, plain text. */
static void anonymise_plain(char *p, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t word = word_length(p, n, i);
		if (p[i] == '%')
			i += anonymise_percent(p + i, n - i);
		else if (word && i + word < n &&
			 is_form_name((struct slice){ p + i, word }, p[i + word]))
			i += word;
		else
			for (size_t end = i + (word ? word : 1); i < end;)
				i += anonymise_character(p, n, i, '0');
	}
}

/* Compressed without saying so: nothing but the first bytes may stay. */
static bool anonymise_compressed(char *p, size_t n)
{
	struct slice all = { p, n };
	size_t magic = slice_starts(all, SLICE("\x28\xb5\x2f\xfd")) ? 4
		       : slice_starts(all, SLICE("\x1f\x8b"))       ? 2
								    : 0;

	if (magic)
		memset(p + magic, 'x', n - magic);
	return magic > 0;
}

void anonymise_coded(char *p, size_t n)
{
	if (!anonymise_compressed(p, n))
		memset(p, 'x', n);
}

void anonymise_body(struct pseudonyms *d, const struct pseudonym_keys *keys, enum body_kind kind,
		    char *p, size_t n)
{
	size_t at = n >= 3 && is_byte_order_mark(p, 3) ? 3 : 0;

	if (n == 0 || anonymise_compressed(p, n))
		return;
	while (at < n && memchr(" \t\r\n", p[at], 4))
		at++;
	if (at < n && memchr("{[\"", p[at], 3))
		anonymise_json(d, keys, kind, p, n);
	else if (kind == KIND_REFUSAL)
		anonymise_secrets(d, keys, p, n, false);
	else
		anonymise_plain(p, n);
}

/* WHATWG HTML, section 9.2: `event`, `id`, `retry` and comments are the server's own. */
static bool is_servers_line(struct slice line)
{
	return line.n == 0 || line.p[0] == ':' || slice_starts(line, SLICE("event:")) ||
	       slice_starts(line, SLICE("id:")) || slice_starts(line, SLICE("retry:"));
}

void anonymise_events(struct pseudonyms *d, const struct pseudonym_keys *keys, char *p, size_t n)
{
	for (size_t at = 0; at < n;) {
		size_t end = at;
		while (end < n && p[end] != '\n' && p[end] != '\r')
			end++;
		struct slice line = { p + at, end - at };
		size_t head = slice_starts(line, SLICE("data:")) ? 5 : 0;
		while (head && head < line.n && line.p[head] == ' ')
			head++;
		struct slice data = slice_from(line, head);
		if (is_servers_line(line))
			anonymise_secrets(d, keys, p + at, line.n, false);
		else if (head == 0)
			anonymise_plain(p + at, line.n);
		else if (!slice_equal(slice_trim(data), SLICE("[DONE]")))
			anonymise_body(d, keys, KIND_ANSWER, p + at + head, data.n);
		at = end + 1;
	}
}
