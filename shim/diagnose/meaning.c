/* SPDX-License-Identifier: MIT */
#include "diagnose/meaning.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum concept {
#define CONCEPT(name, words) CONCEPT_##name,
#include "diagnose/meaning.def"
#undef CONCEPT
	CONCEPT_COUNT
};

typedef uint64_t concepts;
#define C(name) ((concepts)1 << CONCEPT_##name)
_Static_assert(CONCEPT_COUNT <= 64, "a set of concepts is a word of 64 bits");

/* At which statuses words are believed. */
enum {
	AT_KEY = 1,      /* 401, 403, 407: the caller was turned away */
	AT_400 = 2,      /* vendors say everything with it */
	AT_REQUEST = 4,  /* the other 4xx */
	AT_403 = 32,     /* turned away although known, by what the status means */
	AT_QUOTA = 8,    /* 402, 429 */
	AT_TROUBLE = 16, /* 5xx */
};

static unsigned status_class(int status)
{
	if (status == 401 || status == 403 || status == 407)
		return status == 403 ? AT_KEY | AT_403 : AT_KEY;
	if (status == 402 || status == 429)
		return AT_QUOTA;
	if (status >= 500)
		return AT_TROUBLE;
	if (status >= 400)
		return status == 400 ? AT_400 : AT_REQUEST;
	return AT_KEY | AT_400 | AT_QUOTA | AT_REQUEST; /* an error inside a 2xx */
}

/* A pattern of the vocabulary. */
struct pattern {
	unsigned char concept;
	unsigned char n;
	char words[40];
};

/* In the order of their first bytes. */
static const struct pattern patterns[] = {
#define PATTERN(name, words) { CONCEPT_##name, sizeof(words) - 1, words },
#include "patterns.def"
#undef PATTERN
};

/* Which patterns begin with a byte. */
static const struct {
	unsigned short from, count;
} by_first_byte[256] = {
#define FIRST_BYTE(byte, from, count) [byte] = { from, count },
#include "patterns.def"
#undef FIRST_BYTE
};

struct codes {
	unsigned char saw;
	char names[500];
};

static const struct codes codes[] = {
#define CODE(saw, names) { saw, names },
#include "diagnose/meaning.def"
#undef CODE
};

struct meaning {
	unsigned char saw;
	unsigned char where; /* AT_… */
	concepts any, and, also, none;
};

static const struct meaning meanings[] = {
#define MEANING(saw, where, any, and, also, none, example) { saw, where, any, and, also, none },
#include "diagnose/meaning.def"
#undef MEANING
};

/*
 * The words of a message: lower case, one space between two, one at each end of
 * a sentence; '\n' after each sentence. AT[i] is where in the message byte i
 * comes from.
 */
struct words {
	char text[LIMIT_MEANING_TEXT];
	uint16_t at[LIMIT_MEANING_TEXT];
	size_t n;
};

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_word_byte(char c)
{
	return is_alnum(c) || (unsigned char)c >= 0x80;
}

static void add(struct words *w, char c, size_t at)
{
	bool blank = c == ' ' || c == '\n';

	if (w->n + 1 >= sizeof(w->text))
		return;
	if (blank && (w->n == 0 || w->text[w->n - 1] == '\n'))
		return;
	if (c == ' ' && w->text[w->n - 1] == ' ')
		return;
	if (c >= 'A' && c <= 'Z')
		c = (char)(c - 'A' + 'a');
	w->text[w->n] = c;
	w->at[w->n++] = (uint16_t)at;
}

/* Bytes of the quotation mark at AT that can open a quoted text; 0: none is there. */
static size_t quote_width(struct slice s, size_t at)
{
	struct slice rest = slice_from(s, at);

	if (slice_starts(rest, SLICE("“")) || slice_starts(rest, SLICE("‘")) ||
	    slice_starts(rest, SLICE("”")) || slice_starts(rest, SLICE("’")) ||
	    slice_starts(rest, SLICE("「")) || slice_starts(rest, SLICE("」")))
		return 3;
	return rest.n && (rest.p[0] == '"' || rest.p[0] == '`' || rest.p[0] == '\'') ? 1 : 0;
}

/* An apostrophe within a word is not a quotation mark. */
static bool is_quote(struct slice s, size_t at, size_t width)
{
	if (!width)
		return false;
	if (s.p[at] != '\'')
		return true;
	bool before = at > 0 && is_word_byte(s.p[at - 1]);
	bool after = at + 1 < s.n && is_word_byte(s.p[at + 1]);
	return !(before && after);
}

/* The text between the quotation mark at AT and the next one; absent if it is not closed soon. */
static struct slice quoted_text(struct slice s, size_t at, size_t width)
{
	enum { FAR = 200 };
	size_t start = at + width;

	for (size_t i = start; i < s.n && i < start + FAR; i++) {
		size_t closing = quote_width(s, i);
		if (is_quote(s, i, closing) && (closing > 1 || width > 1 || s.p[i] == s.p[at]))
			return slice_sub(s, start, i - start);
	}
	return (struct slice){ NULL, 0 };
}

static bool is_own_text(struct slice quoted, struct slice body)
{
	enum { LONG_ENOUGH = 12 };

	return quoted.n >= LONG_ENOUGH &&
	       slice_has(slice_sub(body, 0, LIMIT_MEANING_BODY), quoted);
}

bool is_credential_header(struct slice name)
{
	static const char names[][28] = {
		"authorization",
		"x-api-key",
		"api-key",
		"x-goog-api-key",
		"apikey",
		"ocp-apim-subscription-key",
		"x-auth-token",
		"x-auth-key",
		"cf-aig-authorization",
		"x-access-token",
		"proxy-authorization",
		"x-portkey-api-key",
		"x-litellm-api-key",
		"xi-api-key",
		"x-subscription-token",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_equal_nocase(name, slice_of(names[i])))
			return true;
	return false;
}

/* Are quoted words the server's? Names are not, sentences are if they are not the user's. */
static bool counts_quoted(struct slice quoted, struct slice body)
{
	if (slice_byte(quoted, ' ', 0) < 0)
		return is_credential_header(quoted) ||
		       slice_equal_nocase(quoted, SLICE("Bearer"));
	return !is_own_text(quoted, body);
}

static bool is_url(struct slice rest)
{
	return slice_starts_nocase(rest, SLICE("https://")) ||
	       slice_starts_nocase(rest, SLICE("http://")) ||
	       slice_starts_nocase(rest, SLICE("www."));
}

static void add_word(struct words *w, const char *word, size_t at)
{
	for (; *word; word++)
		add(w, *word, at);
}

/* Pass over the URL at AT; a page on which keys are managed leaves a word. */
static size_t pass_url(struct words *w, struct slice s, size_t at)
{
	size_t end = at;

	while (end < s.n && (unsigned char)s.p[end] > ' ' && !quote_width(s, end) &&
	       s.p[end] != ')' && s.p[end] != '>' && s.p[end] != '\\')
		end++;
	struct slice url = slice_sub(s, at, end - at);
	while (url.n &&
	       (url.p[url.n - 1] == '.' || url.p[url.n - 1] == ',' || url.p[url.n - 1] == ':'))
		url.n--;
	if (slice_ends(url, SLICE("/keys")))
		add_word(w, " urlkeys ", at);
	return at + url.n;
}

static bool ends_sentence(struct slice s, size_t at)
{
	char c = s.p[at];

	if (c == '\n' || c == ';' || c == '!' || c == '?')
		return true;
	if (c == '.')
		return at + 1 == s.n || s.p[at + 1] == ' ' || s.p[at + 1] == '\n' ||
		       s.p[at + 1] == '\\';
	return slice_starts(slice_from(s, at), SLICE("。"));
}

/* TokenExpired, in a name, is two words. */
static bool is_hump(struct slice s, size_t at)
{
	return at > 0 && s.p[at] >= 'A' && s.p[at] <= 'Z' && s.p[at - 1] >= 'a' &&
	       s.p[at - 1] <= 'z';
}

/* Bytes of the environment variable for a key that is named at AT: OPENAI_API_KEY; 0: none is. */
static size_t variable_width(struct slice s, size_t at)
{
	static const char others[][10] = { "INVALID", "MISSING", "EXPIRED", "INCORRECT",
					   "UNKNOWN", "NO_",     "BAD_",    "API_KEY" };
	size_t n = 0;

	if (at > 0 && (is_word_byte(s.p[at - 1]) || s.p[at - 1] == '_'))
		return 0;
	while (at + n < s.n && ((s.p[at + n] >= 'A' && s.p[at + n] <= 'Z') || s.p[at + n] == '_'))
		n++;
	struct slice name = slice_sub(s, at, n);
	if (!slice_ends(name, SLICE("_KEY")) && !slice_ends(name, SLICE("_TOKEN")))
		return 0;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (slice_starts(name, slice_of(others[i])))
			return 0;
	return n;
}

/* Append the words of S. */
static void split(struct words *w, struct slice s, struct slice body)
{
	for (size_t i = 0; i < s.n;) {
		size_t width = quote_width(s, i);
		if (is_quote(s, i, width)) {
			struct slice quoted = quoted_text(s, i, width);
			add(w, ' ', i);
			i += width;
			if (quoted.n && !counts_quoted(quoted, body))
				i += quoted.n + width;
			continue;
		}
		if (is_url(slice_from(s, i)) && (i == 0 || !is_word_byte(s.p[i - 1]))) {
			i = pass_url(w, s, i);
			continue;
		}
		if (ends_sentence(s, i)) {
			add(w, ' ', i);
			add(w, '\n', i);
			i += (unsigned char)s.p[i] >= 0x80 ? 3 : 1;
			continue;
		}
		if (is_hump(s, i))
			add(w, ' ', i);
		if (variable_width(s, i))
			add_word(w, "envname ", i);
		add(w, is_word_byte(s.p[i]) ? s.p[i] : ' ', i);
		i++;
	}
	add(w, ' ', s.n);
	add(w, '\n', s.n);
}

/* Does PATTERN fit at AT of S, at whole words? Its length, or 0. */
static size_t fits(struct slice s, size_t at, struct slice pattern)
{
	bool stem = pattern.p[pattern.n - 1] == '*';
	bool ascii = (unsigned char)pattern.p[0] < 0x80;
	size_t n = pattern.n - stem;

	if (!slice_starts(slice_from(s, at), slice_sub(pattern, 0, n)))
		return 0;
	if (ascii && !stem && at + n < s.n && is_word_byte(s.p[at + n]))
		return 0;
	return n;
}

/* The longest pattern at AT, and the concepts that have one of that length there. */
static size_t longest_at(struct slice s, size_t at, concepts *found)
{
	unsigned char first = (unsigned char)s.p[at];
	const struct pattern *p = patterns + by_first_byte[first].from;
	const struct pattern *end = p + by_first_byte[first].count;
	size_t longest = 0;

	for (; p < end; p++) {
		size_t fit = fits(s, at, (struct slice){ p->words, p->n });
		if (fit > longest) {
			longest = fit;
			*found = 0;
		}
		if (fit && fit == longest)
			*found |= (concepts)1 << p->concept;
	}
	return longest;
}

static concepts concepts_of(struct slice sentence)
{
	concepts all = 0;

	for (size_t at = 0; at < sentence.n;) {
		concepts found = 0;
		bool starts = sentence.p[at] != ' ' && (at == 0 || !is_alnum(sentence.p[at - 1]) ||
							!is_alnum(sentence.p[at]));
		size_t n = starts ? longest_at(sentence, at, &found) : 0;
		all |= found;
		at += n ? n : 1;
	}
	return all;
}

static bool means(const struct meaning *m, unsigned where, concepts has)
{
	return (m->where & where) && (has & m->any) && (!m->and || (has & m->and)) &&
	       (!m->also || (has & m->also)) && !(has & m->none);
}

/* The sentences of W that are not the user's own text. */
static size_t sentences_of(const struct words *w, struct slice message, struct slice body,
			   struct slice *list, struct slice *sources)
{
	struct slice rest = { w->text, w->n };
	struct slice sentence;
	size_t count = 0;

	while (count < LIMIT_MEANING_SENTENCES && slice_cut(&rest, '\n', &sentence)) {
		if (sentence.n == 0)
			continue;
		size_t from = w->at[sentence.p - w->text];
		size_t to = w->at[(size_t)(sentence.p - w->text) + sentence.n - 1];
		sources[count] = slice_sub(message, from, to > from ? to - from : 0);
		if (!is_own_text(slice_trim(sources[count]), body))
			list[count++] = sentence;
	}
	return count;
}

static enum saw meaning_of_words(struct words *w, const struct refusal_text *text,
				 struct slice *words)
{
	struct slice list[LIMIT_MEANING_SENTENCES], sources[LIMIT_MEANING_SENTENCES];
	concepts has[LIMIT_MEANING_SENTENCES];
	unsigned where = status_class(text->status);

	w->n = 0;
	split(w, slice_sub(text->message, 0, LIMIT_MEANING_TEXT), text->body);
	size_t count = sentences_of(w, text->message, text->body, list, sources);
	for (size_t i = 0; i < count; i++)
		has[i] = concepts_of(list[i]);
	for (size_t m = 0; m < sizeof(meanings) / sizeof(meanings[0]); m++)
		for (size_t i = 0; i < count; i++)
			if (means(&meanings[m], where, has[i])) {
				*words = sources[i];
				return (enum saw)meanings[m].saw;
			}
	return SAW_NOTHING;
}

/* The same of a code: "PermissionDenied", "model_permission_blocked_org" are words, too. */
static enum saw meaning_of_token(struct words *w, struct slice token, int status)
{
	struct refusal_text text = { .status = status, .message = token };
	struct slice words;

	return meaning_of_words(w, &text, &words);
}

/* TOKEN in lower case, letters and digits only; absent if it is longer than codes are. */
static struct slice bare_code(struct slice token, char *to, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < token.n; i++) {
		char c = token.p[i];
		if (!is_alnum(c))
			continue;
		if (n == size)
			return (struct slice){ NULL, 0 };
		to[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	return (struct slice){ to, n };
}

static enum saw meaning_of_code(struct slice token)
{
	char bytes[48];
	struct slice bare = bare_code(token, bytes, sizeof(bytes));

	for (size_t i = 0; bare.n && i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct slice rest = slice_of(codes[i].names);
		struct slice one;
		while (slice_cut(&rest, '|', &one))
			if (slice_equal(one, bare))
				return (enum saw)codes[i].saw;
	}
	return SAW_NOTHING;
}

/*
 * A code says that it is about the key, the words say what about it: "invalid_api_key"
 * beside "the token has expired". A code says that the caller is turned away, the words
 * that money is the reason (Kimi's access_terminated_error). A code says that there are
 * too many tokens, the words that too many wait (OpenAI's batches).
 */
static bool refines(enum saw words, enum saw code)
{
	return (code == SAW_UNKNOWN_KEY && saw_is_about_key(words)) ||
	       (code == SAW_CALLER && words == SAW_NO_MONEY) ||
	       (code == SAW_TOO_LARGE && words == SAW_RATE);
}

static enum saw meaning_of(struct words *w, const struct refusal_text *text, struct slice *words)
{
	struct slice said = { NULL, 0 };
	enum saw by_words = meaning_of_words(w, text, &said);

	*words = said;
	if (text->status == 413) /* whatever limit the words name */
		return SAW_TOO_LARGE;
	if (text->status == 402 && by_words == SAW_RATE) /* whatever limit they name besides */
		by_words = SAW_NO_MONEY;
	for (size_t i = 0; i < REFUSAL_TOKENS; i++) {
		enum saw code = meaning_of_code(text->tokens[i]);
		if (code == SAW_NOTHING)
			continue;
		if (refines(by_words, code))
			return by_words;
		*words = text->tokens[i];
		return code;
	}
	/* A member of the request named as wrong: the answer is about that. */
	if (text->param.n && (status_class(text->status) & (AT_400 | AT_REQUEST)) &&
	    by_words != SAW_TOO_LARGE && by_words != SAW_MODEL && by_words != SAW_NO_MONEY) {
		*words = text->param;
		return SAW_REQUEST;
	}
	for (size_t i = 0; by_words == SAW_NOTHING && i < REFUSAL_TOKENS; i++) {
		by_words = meaning_of_token(w, text->tokens[i], text->status);
		*words = by_words == SAW_NOTHING ? said : text->tokens[i];
	}
	return by_words;
}

enum saw refusal_meaning(const struct refusal_text *text, struct slice *words)
{
	struct words *w = malloc(sizeof(*w)); /* too large for the host's stack */
	enum saw saw = SAW_NOTHING;

	*words = (struct slice){ NULL, 0 };
	if (w)
		saw = meaning_of(w, text, words);
	free(w);
	return saw;
}

struct slice refusal_header(struct slice message)
{
	bool names_header = slice_has_nocase(message, SLICE("header")) ||
			    slice_has_nocase(message, SLICE("field")) ||
			    slice_has_nocase(message, SLICE("name="));

	for (size_t i = 0; names_header && i < message.n;) {
		size_t end = i;
		while (end < message.n && (is_alnum(message.p[end]) || message.p[end] == '-'))
			end++;
		struct slice word = slice_sub(message, i, end - i);
		if (is_credential_header(word))
			return word;
		i = end + 1;
	}
	return (struct slice){ NULL, 0 };
}
