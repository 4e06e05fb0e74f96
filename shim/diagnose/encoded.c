/* SPDX-License-Identifier: MIT */
/* The forms in which tools keep keys: encodings, ciphertexts, hashes. */
#include "diagnose/encoded.h"
#include "diagnose/credential.h"
#include "diagnose/shape.h"

enum { DECODED_MAX = 256, LEAST_CIPHERTEXT = 16 };

static bool is_base64_byte(char c)
{
	return is_token_byte(c) || c == '+' || c == '/' || c == '=';
}

/* How many bytes of S are base64, padding included. */
static size_t base64_run(struct slice s)
{
	size_t n = 0;

	while (n < s.n && is_base64_byte(s.p[n]))
		n++;
	return n;
}

/* Base64 of a key of known prefix, and of nothing else. */
static bool is_base64_of_key(struct slice s)
{
	char bytes[DECODED_MAX];
	long n = s.n < 20 ? -1 : base64_decode(s, bytes, sizeof(bytes));
	struct slice decoded = { bytes, n > 0 ? (size_t)n : 0 };

	if (n < 16 || !vendor_of_key(decoded))
		return false;
	for (size_t i = 0; i < decoded.n; i++)
		if (!is_token_byte(decoded.p[i]) && decoded.p[i] != '.' && decoded.p[i] != '\n')
			return false;
	return true;
}

/* A beginning that a ciphertext has by its format, in base64 or hex. */
struct ciphertext {
	char begins[17];
	unsigned char least; /* bytes in all */
	char says[56];
};

static const struct ciphertext *known_ciphertext(struct slice s)
{
	static const struct ciphertext formats[] = {
		/* github.com/fernet/spec: version 0x80 and a time */
		{ "gAAAAA", 20, "begin as a Fernet token does" },
		/* openssl enc and CryptoJS: "Salted__" */
		{ "U2FsdGVkX1", 24, "begin as OpenSSL's and CryptoJS's ciphertexts do" },
		/* Chromium's os_crypt, Electron's safeStorage: "v10", "v11" */
		{ "djEw", 24, "begin as ciphertexts of Electron's safeStorage do" },
		{ "djEx", 24, "begin as ciphertexts of Electron's safeStorage do" },
		/* CryptProtectData(): version and the provider's GUID */
		{ "AQAAANCMnd8BFdER", 40, "begin as ciphertexts of Windows' DPAPI do" },
		{ "01000000d08c9ddf", 60, "begin as ciphertexts of Windows' DPAPI do" },
		/* AWS KMS */
		{ "AQICAH", 100, "begin as ciphertexts of AWS KMS do" },
		/* crypt(3) */
		{ "$2a$", 40, "are a hash of a password (bcrypt)" },
		{ "$2b$", 40, "are a hash of a password (bcrypt)" },
		{ "$2y$", 40, "are a hash of a password (bcrypt)" },
		{ "$argon2", 40, "are a hash of a password (argon2)" },
		{ "$pbkdf2", 40, "are a hash of a password (pbkdf2)" },
		{ "sha256:", 40, "are a hash (sha256)" },
		{ "sha512:", 40, "are a hash (sha512)" },
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (s.n >= formats[i].least && slice_starts(s, slice_of(formats[i].begins)))
			return &formats[i];
	return NULL;
}

size_t ciphertext_beginning(struct slice s)
{
	const struct ciphertext *known = known_ciphertext(s);

	return known ? strlen(known->begins) : 0;
}

static bool is_hex_piece(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_hex_byte((char)(s.p[i] | 0x20)))
			return false;
	return s.n >= LEAST_CIPHERTEXT && s.n % 2 == 0;
}

static bool is_base64_piece(struct slice s)
{
	return s.n >= LEAST_CIPHERTEXT && s.n % 4 == 0 && base64_run(s) == s.n;
}

/*
 * Pieces with colons between, as tools write nonce, tag and ciphertext of AES:
 * all hex, the first as long as a nonce is (12 or 16 bytes); or all whole
 * groups of base64, at least one with its padding.
 */
static bool is_nonce_and_ciphertext(struct slice s)
{
	struct slice rest = s;
	struct slice piece;
	size_t count = 0;
	bool hex = true, base64 = true, padded = false;

	while (slice_cut(&rest, ':', &piece)) {
		if (count == 0 && piece.n != 24 && piece.n != 32)
			hex = false;
		hex = hex && is_hex_piece(piece);
		base64 = base64 && is_base64_piece(piece);
		padded = padded || (piece.n && piece.p[piece.n - 1] == '=');
		count++;
	}
	return count >= 2 && count <= 4 && (hex || (base64 && padded));
}

bool means_encrypted(struct slice word)
{
	return slice_has_nocase(word, SLICE("crypt")) || slice_has_nocase(word, SLICE("cipher")) ||
	       slice_has_nocase(word, SLICE("dpapi")) ||
	       slice_has_nocase(word, SLICE("safestorage")) ||
	       slice_starts_nocase(word, SLICE("aes")) || slice_has_nocase(word, SLICE("_vault")) ||
	       slice_equal_nocase(word, SLICE("enc")) || slice_equal(word, SLICE("EJ"));
}

/* Something long enough to be a ciphertext, and no mere word. */
static bool may_be_ciphertext(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		size_t n = base64_run(slice_from(s, i));
		struct slice run = slice_sub(s, i, n);
		if (n >= LEAST_CIPHERTEXT && slice_has_digit(run))
			return true;
		i += n;
	}
	return false;
}

bool is_marked_encrypted(struct slice s)
{
	size_t at = s.n && memchr("{$[(@!", s.p[0], 6) ? 1 : 0;
	size_t n = token_run(s, at);
	struct slice word = slice_sub(s, at, n);

	if (slice_starts_nocase(s, SLICE("vault:v")) || slice_starts_nocase(s, SLICE("enc:")))
		return true;
	if (slice_has(s, SLICE("_enc_")) || slice_starts(s, SLICE("-----BEGIN PGP MESSAGE")))
		return true;
	if (n == 0 || at + n >= s.n || !memchr(":;|,}])([/.", s.p[at + n], 11))
		return slice_starts_nocase(s, SLICE("encrypted")) &&
		       may_be_ciphertext(slice_from(s, 9));
	return means_encrypted(word) && may_be_ciphertext(slice_from(s, at + n + 1));
}

const char *encoding_of(struct slice s)
{
	const struct ciphertext *known = known_ciphertext(s);

	if (known)
		return known->says;
	if (is_marked_encrypted(s))
		return "are marked as encrypted";
	if (is_nonce_and_ciphertext(s))
		return "look like a nonce and a ciphertext, with a colon between";
	return is_base64_of_key(s) ? "are base64 of a key" : NULL;
}
