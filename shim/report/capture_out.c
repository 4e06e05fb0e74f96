/* SPDX-License-Identifier: MIT */
#include "report/capture_out.h"

#include "base/hash.h"
#include "diagnose/base_url.h"
#include "report/capture_http1.h"
#include "report/capture_http2.h"
#include "report/sink.h"

enum {
	NAMES_MAX = 64,   /* variables written to one capture (count) */
	TOOL_MAX = 64,    /* bytes of the tool's name in a file's name */
	TRIES = 9,        /* files of one name: a process id comes again, and exec() keeps it */
	VALUE_MAX = 4096, /* a variable's value */
};

struct capture_file {
	uint32_t number; /* connection */
	bool full;       /* nothing more goes in */
	bool open_end;   /* its last exchange ended with the connection */
	uint32_t stream; /* HTTP/2: the next exchange's */
	size_t bytes;
	struct pseudonyms names;
	uint64_t variables[NAMES_MAX]; /* hashes of the names written */
	size_t variable_count;
	char path[LIMIT_PATH];
};

void capture_out_init(struct capture_out *c, const char *folder)
{
	*c = (struct capture_out){ .folder = folder && *folder ? folder : NULL };
}

void capture_out_release(struct capture_out *c)
{
	for (size_t i = 0; i < c->count; i++)
		pseudonyms_release(&c->files[i].names);
	free(c->files);
	c->files = NULL;
	c->count = 0;
}

/* The tool's name as part of a file's: no slash, nothing that a shell reads. */
static void plain_name(const char *tool, char out[TOOL_MAX])
{
	size_t n = 0;

	for (; tool && tool[n] && n + 1 < TOOL_MAX; n++)
		out[n] = (char)(is_token_byte(tool[n]) || (n && tool[n] == '.') ? tool[n] : '_');
	memcpy(out + n, n ? "" : "tool", n ? 1 : 5);
}

/* Find a name that no file has, and make the file of TEXT. */
static bool create(const struct capture_out *c, struct capture_file *f, const struct origin *o,
		   struct slice text)
{
	char tool[TOOL_MAX];
	bool written = false;

	plain_name(o->tool, tool);
	for (int turn = 1; turn <= TRIES && !written; turn++) {
		char again[8] = "";
		struct sink sink;
		if (turn > 1)
			snprintf(again, sizeof(again), "-%d", turn);
		int n = snprintf(f->path, sizeof(f->path), "%s/%s-%d-%u%s.cap", c->folder, tool,
				 o->pid, f->number, again);
		if (n < 0 || n >= (int)sizeof(f->path))
			return false;
		sink_init_new_file(&sink, f->path);
		sink_open(&sink);
		bool is_there = !sink.failed;
		written = is_there && sink_write(&sink, text);
		sink_close(&sink);
		if (is_there)
			break;
	}
	return written;
}

static void append(const struct capture_out *c, struct capture_file *f, const struct origin *o,
		   struct slice text)
{
	bool written;

	if (f->full)
		return;
	if (f->bytes) {
		struct sink sink;
		sink_init_file(&sink, f->path);
		written = sink_write(&sink, text);
		sink_close(&sink);
	} else {
		written = create(c, f, o, text);
	}
	f->bytes += text.n;
	f->full = !written || f->bytes >= LIMIT_CAPTURE_FILE;
}

static struct capture_file *file_of(struct capture_out *c, uint32_t number)
{
	for (size_t i = c->count; i-- > 0;)
		if (c->files[i].number == number)
			return &c->files[i];
	return NULL;
}

static struct capture_file *add_file(struct capture_out *c, uint32_t number)
{
	if (c->count == LIMIT_CAPTURE_FILES)
		return NULL;
	struct capture_file *files = realloc(c->files, (c->count + 1) * sizeof(*files));
	if (!files)
		return NULL;
	c->files = files;
	struct capture_file *f = &files[c->count++];
	*f = (struct capture_file){ .number = number, .stream = 1 };
	pseudonyms_init(&f->names);
	return f;
}

static bool fits_line(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\n' || s.p[i] == '\r' || s.p[i] == '\0')
			return false;
	return s.n > 0 && s.n < VALUE_MAX;
}

/* The settings that the diagnosis depends on; they are not secret. */
static int add_settings(struct buf *out, const struct settings *s)
{
	static const enum setting_id ids[] = { SETTING_hosts, SETTING_rules, SETTING_body_max };
	int failed = 0;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct slice given = slice_of(s->given[ids[i]]);
		if (fits_line(given))
			failed |= buf_addf(out, "= env %s=%.*s\n", settings_table[ids[i]].name,
					   SLICE_ARG(given));
	}
	return failed;
}

static bool holds_name(const char *list, struct slice name)
{
	struct slice rest = slice_of(list);
	struct slice one;

	while (slice_cut(&rest, ' ', &one))
		if (slice_equal(one, name))
			return true;
	return false;
}

/* Does a finding depend on the variable NAME? */
static bool is_asked_for(const struct check_input *e, struct slice name)
{
	for (size_t i = 0; i < e->source_count; i++)
		if (slice_equal(e->sources[i], name))
			return true;
	if (e->vendor && holds_name(e->vendor->variables, name))
		return true;
	/* Names like OPENROUTER_API_KEY's, when nothing was sent. */
	return e->credentials.absent && environment_is_key_name(name) &&
	       (slice_starts(name, SLICE("OPENROUTER")) ||
		slice_starts(name, SLICE("OPEN_ROUTER")));
}

static bool is_written(struct capture_file *f, struct slice name)
{
	uint64_t hash = hash_of(name);

	for (size_t i = 0; i < f->variable_count; i++)
		if (f->variables[i] == hash)
			return true;
	if (f->variable_count < NAMES_MAX)
		f->variables[f->variable_count++] = hash;
	return f->variable_count == NAMES_MAX;
}

static bool is_break(char c)
{
	return c == '\n' || c == '\r';
}

/* A line of a capture cannot have a line break in it. *ODD: one was taken off. */
static struct slice without_break(struct slice s, bool *odd)
{
	size_t n = s.n;

	while (s.n && is_break(s.p[s.n - 1]))
		s.n--;
	while (s.n && is_break(s.p[0]))
		s = slice_from(s, 1);
	*odd = s.n < n;
	return s;
}

static int add_variables(struct buf *out, struct capture_file *f, const struct check_input *e)
{
	struct slice name, value;
	char copy[VALUE_MAX];
	int failed = 0;

	for (size_t at = 0; environment_next(e->environment, &at, &name, &value);) {
		bool odd;
		value = without_break(value, &odd);
		if (!fits_line(value) || !fits_line(name) || !is_asked_for(e, name) ||
		    is_written(f, name))
			continue;
		memcpy(copy, value.p, value.n);
		anonymise_token(&f->names, copy, value.n);
		failed |= buf_addf(out, "= env %.*s=", SLICE_ARG(name)) |
			  buf_add(out, copy, value.n) |
			  buf_add(out, odd ? " \n" : "\n", odd ? 2 : 1);
	}
	return failed;
}

/* The variables that decided that a base URL is not used: of their values the host alone. */
static int add_base_urls(struct buf *out, struct capture_file *f, const struct check_input *e)
{
	struct base_url unused;
	int failed = 0;

	for (size_t i = 0; i < e->base_source_count; i++) {
		struct slice name = e->base_sources[i];
		/* A switch is true or 1. */
		bool is_url = slice_has_nocase(environment_value(e->environment, name), e->x->host);
		if (fits_line(name) && fits_line(e->x->host) && !is_written(f, name))
			failed |= buf_addf(out, "= env %.*s=%s%.*s\n", SLICE_ARG(name),
					   is_url ? "https://" : "",
					   SLICE_ARG(is_url ? e->x->host : SLICE("true")));
	}
	if (e->answer.failed && base_url_unused(e, &unused) && fits_line(unused.host) &&
	    !is_written(f, unused.name))
		failed |= buf_addf(out, "= env %.*s=https://%.*s\n", SLICE_ARG(unused.name),
				   SLICE_ARG(unused.host));
	return failed;
}

/* One place in a file, with the key that was sent or another one. */
static int add_found_key(struct buf *out, struct capture_file *f, const struct check_input *e,
			 const struct found_key *key)
{
	bool sent = e->credential && slice_equal(key->fingerprint, slice_of(e->fingerprint));
	struct slice value = sent ? e->credential->token : SLICE("another-key");
	char copy[VALUE_MAX];

	if (!fits_line(value) || !fits_line(key->variable) || slice_byte(key->file, ' ', 0) >= 0)
		return 0;
	memcpy(copy, value.p, value.n);
	if (sent)
		anonymise_token(&f->names, copy, value.n);
	return buf_addf(out, "= found %s %.*s:%u %.*s=", found_kind_name(key->kind),
			SLICE_ARG(key->file), key->line, SLICE_ARG(key->variable)) |
	       buf_add(out, copy, value.n) | buf_add(out, "\n", 1);
}

static int add_found(struct buf *out, struct capture_file *f, const struct check_input *e)
{
	struct found_key key;
	int failed = 0;

	for (size_t at = 0, from = 0; found_next(e->found, &at, &key); from = at)
		if (is_asked_for(e, key.variable) ||
		    slice_equal(key.fingerprint, slice_of(e->fingerprint)))
			if (!is_written(f, slice_sub(e->found->text, from, at - from)))
				failed |= add_found_key(out, f, e, &key);
	return failed;
}

static int add_beginning(struct buf *out, const struct settings *s, const struct exchange *x)
{
	int failed = buf_addf(out, "# orshim: secrets and texts are replaced by others of the "
				   "same shape\n");

	if (x->sni.n && fits_line(x->sni))
		failed |= buf_addf(out, "= host %.*s\n", SLICE_ARG(x->sni));
	return failed | add_settings(out, s);
}

static int add_exchange(struct buf *out, struct capture_file *f, const struct settings *s,
			const struct diagnosis *d)
{
	const struct exchange *x = d->input.x;
	struct exchange_copy *copy = malloc(sizeof(*copy));
	int failed = -1;

	if (!copy)
		return -1;
	if (exchange_copy_make(copy, &f->names, d) == 0) {
		failed = f->bytes ? 0 : add_beginning(out, s, x);
		failed |= add_variables(out, f, &d->input);
		failed |= add_base_urls(out, f, &d->input);
		failed |= add_found(out, f, &d->input);
		if (x->version == HTTP_2)
			failed |= capture_http2(out, copy, x, f->stream);
		else
			failed |= capture_http1(out, copy, x);
	}
	exchange_copy_release(copy);
	free(copy);
	return failed;
}

void capture_out_exchange(struct capture_out *c, const struct settings *s, const struct origin *o,
			  const struct diagnosis *d)
{
	const struct exchange *x = d->input.x;
	struct capture_file *f;
	struct buf out;

	if (!c->folder)
		return;
	/* A forked child writes its own files. */
	if (c->pid != o->pid)
		capture_out_release(c);
	c->pid = o->pid;
	f = file_of(c, x->connection);
	if (!f)
		f = add_file(c, x->connection);
	if (!f || f->full)
		return;
	buf_init(&out, LIMIT_CAPTURE_FILE - (f->bytes < LIMIT_CAPTURE_FILE ? f->bytes : 0));
	if (add_exchange(&out, f, s, d) == 0) {
		append(c, f, o, buf_slice(&out));
		f->stream += 2;
		f->open_end = x->end == END_CLOSED ||
			      (x->version != HTTP_2 && x->response.body.framing == BODY_UNTIL_END &&
			       x->response.body.complete);
	}
	buf_release(&out);
}

void capture_out_pause(struct capture_out *c, uint32_t number)
{
	struct capture_file *f = c->folder ? file_of(c, number) : NULL;

	if (!f || !f->open_end)
		return;
	f->open_end = false;
	if (f->bytes && !f->full)
		append(c, f, NULL, SLICE("= close\n"));
}
