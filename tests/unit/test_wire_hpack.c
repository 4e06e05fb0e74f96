/* SPDX-License-Identifier: MIT */
/* Stories: sequences of header blocks by nghttp2's deflater, read back by both of our readers. */
#include "h2_write.h"
#include "wire/hpack.h"

enum { BLOCKS = 6, LONG_VALUE = 3000 };

#define GET ":method: GET\n:scheme: https\n:path: /\n"
#define LONG40 "abcdefghijklmnopqrstuvwxyz0123456789ABCD"
#define LONG200 LONG40 LONG40 LONG40 LONG40 LONG40

struct story {
	const char *name;
	size_t table
	    [BLOCKS]; /* table size asked for before that block; 0: as before, 1: really none */
	const char *blocks[BLOCKS];
};

static const struct story stories[] = {
	{ "static entries only",
	  { 0 },
	  { GET, GET, ":method: POST\n:scheme: http\n:path: /index.html\n" } },
	{ "every status of the static table",
	  { 0 },
	  { ":status: 200\n", ":status: 204\n", ":status: 206\n", ":status: 304\n",
	    ":status: 400\n", ":status: 404\n" } },
	{ "a status that is no entry",
	  { 0 },
	  { ":status: 401\n", ":status: 401\n", ":status: 403\n" } },
	{ "indexed on second use",
	  { 0 },
	  { GET "x-a: 1\n", GET "x-a: 1\n", GET "x-a: 1\nx-b: 2\n" } },
	{ "a name indexed, another value",
	  { 0 },
	  { GET "x-a: 1\n", GET "x-a: 2\n", GET "x-a: 3\nx-a: 1\n" } },
	{ "never indexed",
	  { 0 },
	  { GET "!authorization: Bearer abc\n", GET "!authorization: Bearer abc\n" } },
	{ "never indexed beside indexed",
	  { 0 },
	  { GET "!x-key: s\nx-a: 1\n", GET "!x-key: s\nx-a: 1\n", GET "x-key: s\n" } },
	{ "authorization",
	  { 0 },
	  { GET "authorization: Bearer " LONG40 "\n", GET "authorization: Bearer " LONG40 "\n" } },
	{ "a short cookie, a long cookie",
	  { 0 },
	  { GET "cookie: a=b\n", GET "cookie: " LONG40 "\n", GET "cookie: " LONG40 "\n" } },
	{ "Huffman's shortest codes",
	  { 0 },
	  { GET "x: 00112aaaceeeiooosst\n", GET "y: 00112aaaceeeiooosst\n" } },
	{ "Huffman's longest codes are sent plain",
	  { 0 },
	  { GET "x: \x01\x02\x7f\xff\xfe\x16\n", GET "x: {}|~^`\n" } },
	{ "bytes above 0x7f",
	  { 0 },
	  { GET "x: \xc3\xa9\xe2\x80\x8b\n", GET "x: \xc3\xa9\xe2\x80\x8b\n" } },
	{ "empty values", { 0 }, { GET "x: \nauthorization: \n", GET "x: \n" } },
	{ "values of spaces", { 0 }, { GET "x:   \ny:  a \n", GET "y:  a \n" } },
	{ "a long value fills a length of two bytes",
	  { 0 },
	  { GET "x: " LONG200 "\n", GET "x: " LONG200 "\n" } },
	{ "eviction by many",
	  { 0 },
	  { GET "a1: " LONG200 "\na2: " LONG200 "\na3: " LONG200 "\na4: " LONG200 "\n",
	    GET "a5: " LONG200 LONG200 LONG200 "\n",
	    GET "a6: " LONG200 LONG200 LONG200 LONG200 "\na7: " LONG200 LONG200 "\n",
	    GET "a1: " LONG200 "\n", GET "a7: " LONG200 LONG200 "\na6: 1\n",
	    GET "a5: 2\na4: " LONG200 "\n" } },
	{ "a table of 128",
	  { 128 },
	  { GET "x-a: 1\n", GET "x-b: 2\n", GET "x-c: 3\n", GET "x-a: 1\nx-c: 3\n" } },
	{ "a table of none", { 1 }, { GET "x-a: 1\n", GET "x-a: 1\n", GET "x-b: 1\n" } },
	{ "a table that shrinks",
	  { 0, 0, 64 },
	  { GET "x-a: 1\n", GET "x-b: 2\n", GET "x-a: 1\n", GET "x-a: 1\nx-b: 2\n" } },
	{ "a table that is emptied and grows again",
	  { 0, 1, 4096 },
	  { GET "x-a: 1\n", GET "x-a: 1\n", GET "x-a: 1\n", GET "x-a: 1\n" } },
	{ "a table that grows",
	  { 0, 16384 },
	  { GET "x-a: 1\n", GET "b: " LONG200 LONG200 LONG200 "\n",
	    GET "c: " LONG200 LONG200 LONG200 "\nx-a: 1\n",
	    GET "b: " LONG200 LONG200 LONG200 "\n" } },
	{ "one field many times",
	  { 0 },
	  { GET "x: 1\nx: 1\nx: 1\nx: 2\nx: 1\n", GET "x: 1\nx: 2\n" } },
	{ "many small fields",
	  { 0 },
	  { GET
	    "a: 1\nb: 2\nc: 3\nd: 4\ne: 5\nf: 6\ng: 7\nh: 8\ni: 9\nj: 10\nk: 11\nl: 12\nm: 13\n",
	    GET "m: 13\nl: 12\nk: 11\nj: 10\na: 1\n", GET "a: 1\nm: 14\n" } },
	{ "a typical browser",
	  { 0 },
	  { ":method: GET\n:authority: openrouter.ai\n:scheme: https\n:path: "
	    "/api/v1/models\nuser-agent: Mozilla/5.0\n"
	    "accept: */*\naccept-encoding: gzip, deflate, br, zstd\nreferer: "
	    "https://openrouter.ai/\n",
	    ":method: GET\n:authority: openrouter.ai\n:scheme: https\n:path: "
	    "/api/v1/key\nuser-agent: Mozilla/5.0\n"
	    "accept: */*\naccept-encoding: gzip, deflate, br, zstd\n" } },
	{ "a typical answer",
	  { 0 },
	  { ":status: 200\ndate: Tue, 24 Nov 2026 00:00:00 GMT\ncontent-type: "
	    "text/event-stream\nserver: cloudflare\ncf-ray: 1\n",
	    ":status: 401\ndate: Tue, 24 Nov 2026 00:00:01 GMT\ncontent-type: "
	    "application/json\nserver: cloudflare\ncf-ray: 2\n" } },
	{ "a value made of digits",
	  { 0 },
	  { GET "content-length: 1234567890\n", GET "content-length: 1234567890\n" } },
	{ "a name that is also a static one",
	  { 0 },
	  { GET "accept: a\n", GET "accept: b\naccept: a\n", GET "via: \n" } },
	{ "a block of nothing", { 0 }, { "", GET, "" } },
	{ "trailers", { 0 }, { GET, "grpc-status: 0\n", "grpc-status: 0\ngrpc-message: ok\n" } },
	{ "keys of many vendors",
	  { 0 },
	  { GET "x-api-key: " LONG40 "\napi-key: " LONG40 "\nx-goog-api-key: " LONG40 "\n",
	    GET "x-api-key: " LONG40 "\n", GET "!x-api-key: " LONG40 "\n" } },
	{ "upper case and controls pass through",
	  { 0 },
	  { GET "X-Up: A\rB\n", GET "X-Up: A\rB\n" } },
	{ "a larger table than we follow is not used by a deflater within it",
	  { 65536 },
	  { GET "x: 1\n", GET "x: 1\n" } },
};

static size_t wanted_table(const struct story *s, int block)
{
	return s->table[block] == 1 ? 0 : s->table[block];
}

/* Fields of a block as "name: value" lines; '!' of never-indexed ones is not on the wire. */
static void read_block(struct hpack *h, const uint8_t *bytes, size_t n, struct text *out,
		       int *unknown)
{
	struct hpack_field f;
	enum hpack_result result;

	hpack_begin(h, (struct slice){ (const char *)bytes, n });
	while ((result = hpack_next(h, &f)) == HPACK_FIELD) {
		if (f.known)
			text_add(out, "%.*s: %.*s\n", SLICE_ARG(f.name), SLICE_ARG(f.value));
		else
			++*unknown;
	}
	assert_int_equal(result, HPACK_END);
}

static void expected_block(const char *fields, struct text *out)
{
	for (; *fields; fields = strchr(fields, '\n') + 1)
		text_add(out, "%.*s\n", (int)(strchr(fields, '\n') - fields - (*fields == '!')),
			 fields + (*fields == '!'));
}

static void check_block(const struct story *s, int block, struct hpack *h, const uint8_t *bytes,
			size_t n, bool all)
{
	struct text got = { 0 };
	struct text want = { 0 };
	int unknown = 0;

	text_add(&got, "%s", "");
	text_add(&want, "%s", "");
	read_block(h, bytes, n, &got, &unknown);
	expected_block(s->blocks[block], &want);
	if (all && (unknown || strcmp(got.p, want.p) != 0))
		fail_msg("%s, block %d: wanted\n%sgot\n%s", s->name, block, want.p, got.p);
	/* Who came late may miss lines, but says nothing that was not sent. */
	for (char *line = strtok(got.p, "\n"); line; line = strtok(NULL, "\n"))
		if (!strstr(want.p, line))
			fail_msg("%s, block %d, late: \"%s\" is not in\n%s", s->name, block, line,
				 want.p);
	free(got.p);
	free(want.p);
}

/* Block FIRST is the first that the reader sees; 0: it is there from the beginning. */
static void tell(const struct story *s, int first, bool late)
{
	static uint8_t bytes[1 << 17];
	nghttp2_hd_deflater *deflater;
	struct hpack *h = hpack_new(late);

	assert_non_null(h);
	assert_int_equal(nghttp2_hd_deflate_new(&deflater, 65536), 0);
	assert_int_equal(nghttp2_hd_deflate_change_table_size(deflater, 4096), 0);
	for (int i = 0; i < BLOCKS && s->blocks[i]; i++) {
		if (s->table[i]) {
			assert_int_equal(
			    nghttp2_hd_deflate_change_table_size(deflater, wanted_table(s, i)), 0);
			assert_int_equal(hpack_limit(h, wanted_table(s, i)), 0);
		}
		size_t n = deflate_fields(deflater, s->blocks[i], bytes, sizeof(bytes));
		if (i >= first)
			check_block(s, i, h, bytes, n, first == 0);
	}
	nghttp2_hd_deflate_del(deflater);
	hpack_free(h);
}

static void every_story_is_read_as_it_was_written(void **state)
{
	(void)state;
	assert_true(sizeof(stories) / sizeof(stories[0]) >= 30);
	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++)
		tell(&stories[i], 0, false);
}

static void a_late_reader_that_was_there_from_the_beginning_misses_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++)
		tell(&stories[i], 0, true);
}

static void a_late_reader_says_nothing_that_was_not_sent(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++)
		for (int first = 1; first < BLOCKS; first++)
			tell(&stories[i], first, true);
}

static void bad_blocks_are_refused_for_good(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		enum hpack_result late;
	} bad[] = {
		{ "\x80", 1, HPACK_BAD },                         /* index 0 */
		{ "\xff\xff\xff\xff\xff\xff\xff", 7, HPACK_BAD }, /* an absurd integer */
		{ "\x40\x05"
		  "ab",
		  4, HPACK_BAD }, /* a string cut */
		{ "\x40", 1, HPACK_BAD },
		{ "\x00\x81\x00\x00", 4, HPACK_BAD }, /* Huffman's code with bad padding */
		{ "\xbe", 1, HPACK_FIELD }, /* an entry that is not there: late, it may have been */
	};
	struct hpack_field f;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (int late = 0; late < 2; late++) {
			struct hpack *h = hpack_new(late);
			struct slice block = { bad[i].bytes, bad[i].n };
			hpack_begin(h, block);
			assert_int_equal(hpack_next(h, &f), late ? bad[i].late : HPACK_BAD);
			if (!late || bad[i].late == HPACK_BAD) {
				hpack_begin(h, SLICE("\x82"));
				assert_int_equal(hpack_next(h, &f), HPACK_BAD);
			}
			hpack_free(h);
		}
}

static void of_a_table_larger_than_is_followed_the_oldest_is_forgotten(void **state)
{
	static uint8_t bytes[1 << 17];
	nghttp2_hd_deflater *deflater;
	struct hpack *h = hpack_new(true);
	struct text fields = { 0 };

	(void)state;
	assert_int_equal(nghttp2_hd_deflate_new(&deflater, 1 << 20), 0);
	assert_int_equal(nghttp2_hd_deflate_change_table_size(deflater, 1 << 20), 0);
	assert_int_equal(hpack_limit(h, 1 << 20), 0);
	for (int i = 0; i < 40; i++) {
		struct text got = { 0 };
		int unknown = 0;
		text_add(&fields, "x-%d: %03000d\n", i, 0);
		char *only = strrchr(fields.p, 'x');
		size_t n = deflate_fields(deflater, only, bytes, sizeof(bytes));
		text_add(&got, "%s", "");
		read_block(h, bytes, n, &got, &unknown);
		assert_int_equal(unknown, 0);
		assert_string_equal(got.p, only);
		/* Again: an index now. */
		n = deflate_fields(deflater, only, bytes, sizeof(bytes));
		read_block(h, bytes, n, &got, &unknown);
		assert_int_equal(unknown, 0);
		free(got.p);
	}
	/* The first was forgotten long ago: unknown, never another. */
	struct text got = { 0 };
	int unknown = 0;
	char *end = strchr(fields.p, '\n');
	end[1] = '\0';
	size_t n = deflate_fields(deflater, fields.p, bytes, sizeof(bytes));
	text_add(&got, "%s", "");
	read_block(h, bytes, n, &got, &unknown);
	assert_int_equal(unknown, 1);
	assert_string_equal(got.p, "");
	free(got.p);
	free(fields.p);
	nghttp2_hd_deflate_del(deflater);
	hpack_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_story_is_read_as_it_was_written),
		cmocka_unit_test(a_late_reader_that_was_there_from_the_beginning_misses_nothing),
		cmocka_unit_test(a_late_reader_says_nothing_that_was_not_sent),
		cmocka_unit_test(of_a_table_larger_than_is_followed_the_oldest_is_forgotten),
		cmocka_unit_test(bad_blocks_are_refused_for_good),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
