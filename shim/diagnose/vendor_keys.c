/* SPDX-License-Identifier: MIT */
#include "diagnose/vendor_keys.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"

const struct key_form key_forms[] = {
#define KEY(name, source, ...) { .vendor = VENDOR_##name, __VA_ARGS__ },
#include "diagnose/vendors.def"
};

const size_t key_form_count = sizeof(key_forms) / sizeof(key_forms[0]);

enum { ID_HEX = 32 }; /* digits of the id of KEY_ID_SECRET */

static bool is_in(enum key_alphabet alphabet, char c)
{
	switch (alphabet) {
	case KEY_HEX:
		return is_hex_byte(c);
	case KEY_ALNUM:
		return is_alphanumeric(c);
	case KEY_BASE64:
		return is_alphanumeric(c) || memchr("-_+/=", c, 5);
	case KEY_DOTTED:
	case KEY_JWT:
		return is_alphanumeric(c) || memchr("-_.", c, 3);
	case KEY_TOKEN:
	case KEY_ID_SECRET:
		break;
	}
	return is_token_byte(c);
}

/* How many bytes of S are of ALPHABET. */
static size_t run_of(enum key_alphabet alphabet, struct slice s)
{
	size_t n = 0;

	while (n < s.n && is_in(alphabet, s.p[n]))
		n++;
	return n;
}

static bool starts_id_secret(struct slice s)
{
	return s.n > ID_HEX + 1 && s.p[ID_HEX] == '.' &&
	       run_of(KEY_HEX, slice_sub(s, 0, ID_HEX)) == ID_HEX;
}

static bool has_three_pieces(struct slice s)
{
	long first = slice_byte(s, '.', 0);
	long second = first < 0 ? -1 : slice_byte(s, '.', (size_t)first + 1);

	return second > first + 1 && (size_t)second + 1 < s.n &&
	       slice_byte(s, '.', (size_t)second + 1) < 0;
}

/* What is behind the prefix of TOKEN, which begins as FORM says; absent if it does not. */
static struct slice behind_prefix(const struct key_form *form, struct slice token)
{
	if (form->alphabet == KEY_ID_SECRET)
		return starts_id_secret(token) ? slice_from(token, ID_HEX + 1)
					       : (struct slice){ NULL, 0 };
	size_t n = 0;
	while (form->prefix[n] && n < token.n && form->prefix[n] == token.p[n])
		n++;
	return form->prefix[n] ? (struct slice){ NULL, 0 } : slice_from(token, n);
}

static bool fits(const struct key_form *form, struct slice token)
{
	struct slice rest = behind_prefix(form, token);

	if (!rest.p || run_of((enum key_alphabet)form->alphabet, rest) != rest.n)
		return false;
	if (form->alphabet == KEY_JWT && !has_three_pieces(token))
		return false;
	if (form->exact || form->whole) {
		if (rest.n < form->least || (form->most && rest.n > form->most))
			return false;
	}
	return slice_has(token, slice_of(form->holds));
}

#define BYTE(c) ((unsigned char)(c))
#define THREE(a, b, c) (BYTE(a) | BYTE(b) << 8 | BYTE(c) << 16)

bool vendor_may_own(struct slice token)
{
	if (token.n < 3)
		return false;
	/* Called for every word of every text that is shown. A unit test compares it with vendors.def. */
	switch (THREE(token.p[0], token.p[1], token.p[2])) {
	case THREE('s', 'k', '-'):
	case THREE('s', 'k', '_'):
	case THREE('g', 's', 'k'):
	case THREE('x', 'a', 'i'):
	case THREE('A', 'I', 'z'):
	case THREE('A', 'Q', '.'):
	case THREE('y', 'a', '2'):
	case THREE('n', 'v', 'a'):
	case THREE('h', 'f', '_'):
	case THREE('a', 'p', 'i'):
	case THREE('p', 'p', 'l'):
	case THREE('t', 'g', 'p'):
	case THREE('f', 'w', '_'):
	case THREE('r', '8', '_'):
	case THREE('c', 's', 'k'):
	case THREE('g', 'h', 'u'):
	case THREE('g', 'h', 'o'):
	case THREE('g', 'h', 'p'):
	case THREE('g', 'h', 's'):
	case THREE('g', 'h', 'r'):
	case THREE('g', 'i', 't'):
	case THREE('c', 'p', 'k'):
	case THREE('j', 'i', 'n'):
	case THREE('p', 'a', '-'):
	case THREE('p', 'k', '-'):
	case THREE('a', 'r', 'k'):
	case THREE('d', 'a', 'p'):
	case THREE('A', 'B', 'S'):
	case THREE('b', 'e', 'd'):
	case THREE('v', 'c', 'k'):
	case THREE('r', 'q', 's'):
		return true;
	default:
		return token.n > ID_HEX && token.p[ID_HEX] == '.';
	}
}

static bool is_owned_by(const struct key_form *form, struct slice token)
{
	if (form->shared)
		return false;
	return form->whole ? fits(form, token) : behind_prefix(form, token).p != NULL;
}

static const struct vendor *owner_of(const struct key_form *form)
{
	return &vendors[form->vendor];
}

/* The form that identifies the vendor of TOKEN; NULL: none. */
static const struct key_form *own_form(struct slice token)
{
	const struct key_form *best = NULL;
	size_t longest = 0;

	if (!vendor_may_own(token))
		return NULL;
	for (size_t i = 0; i < key_form_count; i++) {
		const struct key_form *form = &key_forms[i];
		if (form->prefix[0] && form->prefix[0] != token.p[0])
			continue;
		size_t n = strlen(form->prefix);
		if (best && n <= longest)
			continue;
		if (is_owned_by(form, token)) {
			best = form;
			longest = n;
		}
	}
	return best;
}

const struct vendor *vendor_of_key(struct slice token)
{
	const struct key_form *form = own_form(token);

	return form ? owner_of(form) : NULL;
}

size_t vendor_base64_key(struct slice text)
{
	struct slice key = slice_sub(text, 0, run_of(KEY_BASE64, text));
	const struct key_form *form = own_form(key);

	return form && form->alphabet == KEY_BASE64 ? key.n : 0;
}

struct slice vendor_key_prefix(const struct vendor *vendor, struct slice token)
{
	size_t longest = 0;

	for (size_t i = 0; i < key_form_count; i++) {
		const struct key_form *form = &key_forms[i];
		if (owner_of(form) != vendor || !is_owned_by(form, token))
			continue;
		size_t n = strlen(form->prefix);
		if (n > longest)
			longest = n;
	}
	return slice_sub(token, 0, longest);
}

bool vendor_key_form_certain(const struct vendor *vendor)
{
	return vendor && vendor->keys_certain;
}

/* Does OWN say more of a token than FORM, which many share? OpenAI's older keys are sk- and more. */
static bool says_more(const struct key_form *own, const struct key_form *form)
{
	return own && form->shared && owner_of(own) != owner_of(form) &&
	       (own->holds[0] || strlen(own->prefix) > strlen(form->prefix));
}

bool vendor_key_fits(const struct vendor *vendor, struct slice token)
{
	const struct key_form *own = vendor ? own_form(token) : NULL;

	for (size_t i = 0; vendor && i < key_form_count; i++) {
		const struct key_form *form = &key_forms[i];
		if (owner_of(form) == vendor && !form->owner_only && fits(form, token) &&
		    !says_more(own, form))
			return true;
	}
	return false;
}

static const char *alphabet_words(enum key_alphabet alphabet)
{
	static const char words[][28] = {
		[KEY_TOKEN] = "letters, digits, - and _",
		[KEY_ALNUM] = "letters and digits",
		[KEY_HEX] = "hex digits",
		[KEY_BASE64] = "bytes of base64",
		[KEY_DOTTED] = "letters, digits, - _ and .",
		[KEY_ID_SECRET] = "letters and digits",
		[KEY_JWT] = "letters, digits, - _ and .",
	};
	return words[alphabet];
}

/* One form, as in "sk-or-v1- and 64 hex digits, 73 bytes". */
static int form_words(const struct key_form *form, bool alone, char *out, size_t size)
{
	size_t prefix = strlen(form->prefix);

	if (form->alphabet == KEY_JWT)
		return snprintf(out, size, "a JWT");
	if (form->alphabet == KEY_ID_SECRET)
		return snprintf(out, size, "32 hex digits, a dot and %u bytes", form->least);
	if (form->holds[0])
		return snprintf(out, size, "%s with %s inside", form->prefix, form->holds);
	if (alone && form->least == form->most)
		return snprintf(out, size, "%s and %u %s, %zu bytes", form->prefix, form->least,
				alphabet_words((enum key_alphabet)form->alphabet),
				prefix + form->least);
	return snprintf(out, size, "%s", form->prefix);
}

static bool is_in_words(const struct vendor *vendor, const struct key_form *form)
{
	return owner_of(form) == vendor && !form->owner_only && !form->rare;
}

void vendor_key_form_words(const struct vendor *vendor, char *out, size_t size)
{
	size_t forms = 0, used = 0, said = 0;

	if (size)
		out[0] = '\0';
	for (size_t i = 0; vendor && i < key_form_count; i++)
		forms += is_in_words(vendor, &key_forms[i]);
	for (size_t i = 0; vendor && i < key_form_count && used < size; i++) {
		const struct key_form *form = &key_forms[i];
		if (!is_in_words(vendor, form))
			continue;
		said++;
		int n = snprintf(out + used, size - used, "%s",
				 said == 1       ? ""
				 : said == forms ? " or "
						 : ", ");
		used += n > 0 ? (size_t)n : 0;
		if (used < size) {
			n = form_words(form, forms == 1, out + used, size - used);
			used += n > 0 ? (size_t)n : 0;
		}
	}
}
