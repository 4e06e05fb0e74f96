/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CLEAN_CORPUS_H
#define ORSHIM_CLEAN_CORPUS_H

/*
 * Reads the corpus of clean traffic, tests/clean (README there). What is read is
 * kept until the test ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cJSON.h>
#include <cmocka.h>

#include "base/buf.h"

enum { CLEAN_FILE_MAX = 1 << 20, CLEAN_REQUESTS = 1024, CLEAN_VENDORS = 256, CLEAN_ANSWERS = 256 };

/* A request or an answer: remarks ("# name: value"), then the message as in HTTP/1.1. */
struct clean_file {
	char folder[256]; /* the vendor's, or the dialect's of an answer */
	char name[256];   /* without .http */
	struct slice remarks;
	struct slice head; /* start line and fields, each ended by LF */
	struct slice body;
};

/* A line of tests/clean/vendors. */
struct clean_vendor {
	struct slice folder;
	struct slice key;     /* "" for the key that is sent as {{key}}, NAME for {{key NAME}} */
	struct slice answers; /* the dialect of its answers */
	struct slice form;    /* of the key: text with [class]{count} in it */
	struct slice source;  /* where that form is told */
};

struct clean_corpus {
	struct clean_file requests[CLEAN_REQUESTS];
	size_t request_count;
	struct clean_file answers[CLEAN_ANSWERS];
	size_t answer_count;
	struct clean_vendor vendors[CLEAN_VENDORS];
	size_t vendor_count;
};

static inline const char *clean_root(void)
{
	const char *given = getenv("CLEAN");

	return given ? given : "tests/clean";
}

static inline void clean_put(struct buf *to, const void *bytes, size_t n)
{
	assert_int_equal(buf_add(to, bytes, n), 0);
}

static inline struct slice clean_read(const char *path)
{
	struct buf text;
	char piece[4096];
	ssize_t n;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		fail_msg("%s cannot be read", path);
	buf_init(&text, CLEAN_FILE_MAX);
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		clean_put(&text, piece, (size_t)n);
	close(fd);
	return buf_slice(&text);
}

/* The value of the remark "# NAME: value" of FILE; absent if there is none. */
static inline struct slice clean_remark(const struct clean_file *file, const char *name)
{
	struct slice rest = file->remarks;
	struct slice line;

	while (slice_cut(&rest, '\n', &line)) {
		struct slice value = slice_from(line, 2);
		struct slice word;
		if (slice_cut(&value, ':', &word) && slice_equal(word, slice_of(name)))
			return slice_trim(value);
	}
	return slice_of(NULL);
}

/* Is WORD one of LIST, words between blanks? */
static inline bool clean_lists(struct slice list, struct slice word)
{
	struct slice one;

	while (slice_cut(&list, ' ', &one))
		if (one.n && slice_equal(one, word))
			return true;
	return false;
}

/* The value of a field of FILE's head, by its name as it is written there; absent: none. */
static inline struct slice clean_field(const struct clean_file *file, const char *name)
{
	struct slice rest = file->head;
	struct slice line;

	while (slice_cut(&rest, '\n', &line)) {
		struct slice value = line;
		struct slice word;
		if (slice_cut(&value, ':', &word) && value.p &&
		    slice_equal_nocase(word, slice_of(name)))
			return slice_trim(value);
	}
	return slice_of(NULL);
}

/* The N-th word of the start line, from 0. */
static inline struct slice clean_start(const struct clean_file *file, int n)
{
	struct slice line = file->head;
	struct slice word = slice_of(NULL);

	line = slice_sub(line, 0, (size_t)slice_byte(line, '\n', 0));
	while (n-- >= 0)
		slice_cut(&line, ' ', &word);
	return word;
}

static inline void clean_parse(struct clean_file *file, const char *folder, const char *entry,
			       const char *path)
{
	struct slice text = clean_read(path);
	size_t at = 0;

	snprintf(file->folder, sizeof(file->folder), "%s", folder);
	snprintf(file->name, sizeof(file->name), "%.*s", (int)(strlen(entry) - strlen(".http")),
		 entry);
	while (at < text.n && text.p[at] == '#')
		at = (size_t)slice_byte(text, '\n', at) + 1;
	file->remarks = slice_sub(text, 0, at);
	long end = slice_find(text, SLICE("\n\n"), at);
	if (end < 0)
		fail_msg("%s: no empty line after the head", path);
	file->head = slice_sub(text, at, (size_t)end + 1 - at);
	file->body = slice_from(text, (size_t)end + 2);
	/* The editor's last line feed is no part of it. */
	if (file->body.n && file->body.p[file->body.n - 1] == '\n')
		file->body.n--;
}

/* All files *.http two levels below tests/clean/KIND, in order of their names. */
static inline size_t clean_load(const char *kind, struct clean_file *files, size_t room)
{
	struct dirent **folders, **entries;
	char path[PATH_MAX], file[PATH_MAX + 256];
	size_t count = 0;

	snprintf(path, sizeof(path), "%s/%s", clean_root(), kind);
	int n = scandir(path, &folders, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", clean_root(), kind, folders[i]->d_name);
		int m = folders[i]->d_name[0] == '.' ? 0 : scandir(path, &entries, NULL, alphasort);
		for (int j = 0; j < m; j++) {
			struct slice name = slice_of(entries[j]->d_name);
			if (slice_ends(name, SLICE(".http"))) {
				assert_true(count < room);
				snprintf(file, sizeof(file), "%s/%s", path, entries[j]->d_name);
				clean_parse(&files[count++], folders[i]->d_name, entries[j]->d_name,
					    file);
			}
			free(entries[j]);
		}
		if (m > 0)
			free(entries);
		free(folders[i]);
	}
	if (n >= 0)
		free(folders);
	return count;
}

/* "folder[/key name] | answers | form | source"; lines that begin with # are remarks. */
static inline void clean_load_vendors(struct clean_corpus *corpus)
{
	char path[PATH_MAX];
	struct slice line;

	snprintf(path, sizeof(path), "%s/vendors", clean_root());
	struct slice text = clean_read(path);
	while (slice_cut(&text, '\n', &line)) {
		struct clean_vendor *v = &corpus->vendors[corpus->vendor_count];
		struct slice name;
		if (line.n == 0 || line.p[0] == '#')
			continue;
		assert_true(corpus->vendor_count < CLEAN_VENDORS);
		slice_cut(&line, '|', &name);
		name = slice_trim(name);
		slice_cut(&name, '/', &v->folder);
		v->key = name;
		slice_cut(&line, '|', &v->answers);
		slice_cut(&line, '|', &v->form);
		v->answers = slice_trim(v->answers);
		v->form = slice_trim(v->form);
		v->source = slice_trim(line);
		corpus->vendor_count++;
	}
}

static inline const struct clean_vendor *clean_vendor(const struct clean_corpus *corpus,
						      const char *folder, struct slice key)
{
	for (size_t i = 0; i < corpus->vendor_count; i++)
		if (slice_equal(corpus->vendors[i].folder, slice_of(folder)) &&
		    slice_equal(corpus->vendors[i].key, key))
			return &corpus->vendors[i];
	fail_msg("tests/clean/vendors has no line for %s and its key \"%.*s\"", folder,
		 SLICE_ARG(key));
	return NULL;
}

static inline void clean_corpus_load(struct clean_corpus *corpus)
{
	memset(corpus, 0, sizeof(*corpus));
	clean_load_vendors(corpus);
	corpus->request_count = clean_load("requests", corpus->requests, CLEAN_REQUESTS);
	corpus->answer_count = clean_load("answers", corpus->answers, CLEAN_ANSWERS);
}

/* The letters that [class] stands for. */
static inline const char *clean_letters(struct slice class)
{
#define CLEAN_DIGITS "0123456789"
#define CLEAN_LOWER "abcdefghijklmnopqrstuvwxyz"
#define CLEAN_UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	static const char *const classes[][2] = {
		{ "hex", CLEAN_DIGITS "abcdef" },
		{ "lower", CLEAN_DIGITS CLEAN_LOWER },
		{ "upper", CLEAN_DIGITS CLEAN_UPPER },
		{ "alnum", CLEAN_DIGITS CLEAN_LOWER CLEAN_UPPER },
		{ "url", CLEAN_DIGITS CLEAN_LOWER CLEAN_UPPER "-_" },
		{ "base64", CLEAN_DIGITS CLEAN_LOWER CLEAN_UPPER "+/" },
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (slice_equal(class, slice_of(classes[i][0])))
			return classes[i][1];
	fail_msg("no class of letters [%.*s]", SLICE_ARG(class));
	return NULL;
}

/* Append a made-up key of V's form: always the same for the same line. */
static inline void clean_key(struct buf *to, const struct clean_vendor *v)
{
	uint64_t random = 0x9E3779B97F4A7C15u;

	for (size_t i = 0; i < v->folder.n + v->key.n; i++)
		random = (random ^ (unsigned char)v->folder.p[i]) * 0x100000001B3u;
	for (size_t i = 0; i < v->form.n; i++) {
		unsigned long long count = 0;
		if (v->form.p[i] != '[') {
			clean_put(to, v->form.p + i, 1);
			continue;
		}
		size_t end = (size_t)slice_byte(v->form, ']', i);
		size_t close = (size_t)slice_byte(v->form, '}', end);
		const char *letters = clean_letters(slice_sub(v->form, i + 1, end - i - 1));
		assert_true(slice_number(slice_sub(v->form, end + 2, close - end - 2), &count));
		while (count--) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			clean_put(to, letters + (random >> 32) % strlen(letters), 1);
		}
		i = close;
	}
}

/* Append TEXT of a request of FOLDER with {{key}} and {{key NAME}} filled in; every LF becomes EOL. */
static inline void clean_fill(struct buf *to, const struct clean_corpus *corpus, const char *folder,
			      struct slice text, const char *eol)
{
	for (size_t i = 0; i < text.n; i++) {
		struct slice rest = slice_from(text, i);
		if (slice_starts(rest, SLICE("{{key"))) {
			long end = slice_find(rest, SLICE("}}"), 0);
			assert_true(end > 0);
			struct slice name = slice_trim(slice_sub(rest, 5, (size_t)end - 5));
			clean_key(to, clean_vendor(corpus, folder, name));
			i += (size_t)end + 1;
		} else if (text.p[i] == '\n') {
			clean_put(to, eol, strlen(eol));
		} else {
			clean_put(to, text.p + i, 1);
		}
	}
}

static inline int clean_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/*
 * Which members a JSON value has, of which types, as text: names sorted, an
 * array by what different members stand in it. The caller's: free().
 */
static inline char *clean_structure(const cJSON *item)
{
	static const char *const scalars = "0bns";
	char *parts[256];
	struct buf text;
	size_t n = 0;

	buf_init(&text, CLEAN_FILE_MAX);
	if (!cJSON_IsObject(item) && !cJSON_IsArray(item)) {
		size_t type = cJSON_IsNull(item)     ? 0
			      : cJSON_IsBool(item)   ? 1
			      : cJSON_IsNumber(item) ? 2
						     : 3;
		return strndup(scalars + type, 1);
	}
	for (const cJSON *child = item->child; child; child = child->next) {
		char *below = clean_structure(child);
		assert_true(n < sizeof(parts) / sizeof(parts[0]));
		assert_true(
		    asprintf(&parts[n++], "%s:%s", child->string ? child->string : "", below) >= 0);
		free(below);
	}
	qsort(parts, n, sizeof(parts[0]), clean_compare);
	clean_put(&text, cJSON_IsObject(item) ? "{" : "[", 1);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || cJSON_IsObject(item) || strcmp(parts[i], parts[i - 1]) != 0) {
			clean_put(&text, parts[i], strlen(parts[i]));
			clean_put(&text, ",", 1);
		}
	for (size_t i = 0; i < n; i++)
		free(parts[i]);
	clean_put(&text, cJSON_IsObject(item) ? "}" : "]", 2);
	char *whole = strdup(text.p);
	buf_release(&text);
	return whole;
}

#endif
