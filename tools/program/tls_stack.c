/* SPDX-License-Identifier: MIT */
#include "tools/program/tls_stack.h"

#include <ctype.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap/find/find.h"

enum { LIBRARIES_MAX = 128 };

/* A library that TLS is known by, from its file name on. */
#define TLS_LIBRARY(name, file, first, second, how, driver) { file, name, how, "" },
#define TLS_UNTAPPED(name, file, reason) { file, name, TAP_NONE, reason },
static const struct {
	const char *file;
	const char *library;
	enum tap_kind tap;
	const char *reason;
} by_file[] = {
#include "tap/find/tls_libraries.def"
};
#undef TLS_LIBRARY
#undef TLS_UNTAPPED

/* Interpreters that load their TLS library only when a script needs it. */
static const struct {
	const char *program; /* how the file name starts */
	const char *modules[3];
} loads_later[] = {
	{ "python", { "%s/../lib/python3*/lib-dynload/_ssl.*.so" } },
	{ "ruby", { "%s/../lib/*/ruby/*/openssl.so", "%s/../lib/ruby/*/*/openssl.so" } },
	{ "lua",
	  { "%s/../lib/*/lua/*/ssl.so", "%s/../lib/lua/*/ssl.so",
	    "%s/../local/lib/lua/*/ssl.so" } },
	{ "perl", { "%s/../lib/*/perl5/*/auto/Net/SSLeay/SSLeay.so" } },
};

struct libraries {
	char *path[LIBRARIES_MAX];
	size_t count;
};

/*
 * Add a finding unless it is known; NULL then. OBJECT is the library that hides
 * it, "" if none does.
 */
static struct tls_stack *add_in(struct tls_survey *s, const char *library, const char *object,
				enum tap_kind tap, const char *reason)
{
	struct tls_stack *t;

	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->found[i].library, library) == 0 &&
		    strcmp(s->found[i].object, object) == 0)
			return NULL;
	if (s->count == STACKS_MAX)
		return NULL;
	t = &s->found[s->count++];
	*t = (struct tls_stack){ .library = library, .tap = tap };
	snprintf(t->object, sizeof(t->object), "%s", object);
	snprintf(t->reason, sizeof(t->reason), "%s", reason);
	return t;
}

static struct tls_stack *add(struct tls_survey *s, const char *library, enum tap_kind tap,
			     const char *reason)
{
	return add_in(s, library, "", tap, reason);
}

/*
 * The offset of TEXT in the program's constants; absent if it is not there.
 * Extends to the segment's end.
 */
static struct slice find_text(const struct elf *e, const char *text, size_t n)
{
	struct slice data;

	for (size_t i = 0; elf_data(e, i, &data); i++) {
		const char *p = memmem(data.p, data.n, text, n);

		if (p)
			return slice_from(data, (size_t)(p - data.p));
	}
	return (struct slice){ NULL, 0 };
}

/* The word after the first N bytes of S, as a version: digits, dots, letters. */
static void copy_version(char out[32], struct slice s, size_t n)
{
	size_t k = 0;

	for (size_t i = n; i < s.n && k < 31; i++) {
		char c = s.p[i];

		if (!isalnum((unsigned char)c) && c != '.')
			break;
		out[k++] = c;
	}
	out[k] = '\0';
}

/* "OpenSSL 3.0.19 27 Jan 2026"; the text also occurs alone in many messages. */
static bool openssl_version(const struct elf *e, char out[32])
{
	struct slice data;

	out[0] = '\0';
	for (size_t i = 0; elf_data(e, i, &data); i++) {
		const char *p = data.p;
		const char *end = data.p + data.n;

		while ((p = memmem(p, (size_t)(end - p), "OpenSSL ", 8))) {
			p += 8;
			copy_version(out, (struct slice){ p, (size_t)(end - p) }, 0);
			size_t n = strlen(out);
			if (isdigit((unsigned char)out[0]) && (size_t)(end - p) > n + 1 &&
			    p[n] == ' ' && isdigit((unsigned char)p[n + 1]))
				return true;
			out[0] = '\0';
		}
	}
	return false;
}

static void look_for_rust_and_go(struct tls_survey *s, const struct elf *e)
{
	struct slice rustls = find_text(e, "/rustls-0.", 10);
	struct slice go = find_text(e, "\xff Go buildinf:", 14);
	struct tls_stack *t;

	if (rustls.p && (t = add(s, "rustls", TAP_NONE,
				 "rustls has no functions to tap: it is "
				 "compiled into the program"))) {
		copy_version(t->version, rustls, 8);
		for (size_t n = strlen(t->version);
		     n > 0 && !isdigit((unsigned char)t->version[n - 1]); n--)
			t->version[n - 1] = '\0';
		snprintf(t->evidence, sizeof(t->evidence), "names its source folder rustls-%s",
			 t->version);
		s->speaks_h2 = true;
	}
	if (go.p && (t = add(s, "Go crypto/tls", TAP_NONE,
			     "Go has its own TLS, compiled into the "
			     "program"))) {
		snprintf(t->evidence, sizeof(t->evidence), "carries Go's build information");
		s->speaks_h2 = true;
	}
}

/*
 * A library without symbols: EVIDENCE shows that it is there, and in which
 * library OBJECT, if any.
 */
static void put_evidence(struct tls_stack *t, const char *object, const char *evidence)
{
	if (object[0])
		snprintf(t->evidence, sizeof(t->evidence),
			 "inside %s, which exports none of it; %s", object, evidence);
	else
		snprintf(t->evidence, sizeof(t->evidence), "no symbols; %s", evidence);
}

static void tell_of_boringssl(struct tls_survey *s, const char *object, const struct find *found)
{
	struct tls_stack *t =
	    add_in(s, "BoringSSL", object, found->reason ? TAP_NONE : TAP_METHOD_TABLE,
		   found->reason ? found->reason : "");
	char evidence[128];

	if (!t)
		return;
	snprintf(evidence, sizeof(evidence),
		 "method table at %#llx and SSL_write at %#llx confirm each other",
		 (unsigned long long)found->at[0], (unsigned long long)found->at[1]);
	put_evidence(t, object, found->reason ? "names its source file ssl/s3_pkt.cc" : evidence);
}

static void tell_of_openssl(struct tls_survey *s, const struct elf *e, const char *object,
			    bool found)
{
	static const char file[] = "ssl/s3_lib.c"; /* with its NUL: BoringSSL's ends in .cc */
	static const char why[] =
	    "it is linked in without symbols, and its method tables were not found";
	struct tls_stack *t;

	if (!found && !find_text(e, file, sizeof(file)).p)
		return;
	t = add_in(s, "OpenSSL", object, found ? TAP_METHOD_TABLE : TAP_NONE, found ? "" : why);
	if (!t)
		return;
	openssl_version(e, t->version);
	put_evidence(t, object,
		     found ? "names its source file ssl/s3_lib.c; method tables found"
			   : "names its source file ssl/s3_lib.c");
}

static void tell_of_rustls(struct tls_survey *s, const struct elf *e, const char *object,
			   const struct find *found)
{
	struct slice folder = find_text(e, "/rustls-0.", 10);
	struct tls_stack *t = add_in(s, "rustls", object, TAP_NONE, found->reason);

	if (!t)
		return;
	if (folder.p)
		copy_version(t->version, folder, 8);
	snprintf(t->evidence, sizeof(t->evidence),
		 "inside %s, which exports none of it; names its source files", object);
}

/* What is linked into E, which is the library OBJECT, or "": the program itself. */
static void look_inside(struct tls_survey *s, struct elf *e, const char *object)
{
	struct tls_stack *t;
	struct image m;
	struct find found;

	if (elf_exports(e, "SSL_write") && elf_exports(e, "SSL_CTX_new")) {
		t = object[0] ? NULL : add(s, "OpenSSL", TAP_METHOD_TABLE, "");
		if (!t)
			return;
		openssl_version(e, t->version);
		snprintf(t->evidence, sizeof(t->evidence),
			 "linked in, and exports SSL_write and SSL_CTX_new");
		return;
	}
	elf_image(e, &m);
	find_tls(&m, &found);
	if (found.library == FIND_BORINGSSL)
		tell_of_boringssl(s, object, &found);
	else
		tell_of_openssl(s, e, object, found.library == FIND_OPENSSL);
	if (found.library == FIND_NOTHING && find_is_addon(object) && find_rustls(&m, &found))
		tell_of_rustls(s, e, object, &found);
}

/* The tap searches the library at PATH if it has as much code and such locks (hidden.c). */
static void look_inside_library(struct tls_survey *s, struct elf *e, const char *path)
{
	if (elf_code_size(e) >= LIMIT_EMBEDDED_MIN && !elf_exports(e, "OPENSSL_init_crypto") &&
	    (find_is_addon(path) || elf_imports(e, "pthread_rwlock_rdlock") ||
	     elf_imports(e, "OPENSSL_init_crypto")))
		look_inside(s, e, path);
}

static void judge_file(struct tls_survey *s, const char *path, const char *why)
{
	const char *file = strrchr(path, '/');
	struct tls_stack *t;

	file = file ? file + 1 : path;
	if (strncmp(file, "libnghttp2.so", 13) == 0)
		s->speaks_h2 = true;
	if (strncmp(file, "libnghttp3.so", 13) == 0)
		s->speaks_h3 = true;
	for (size_t i = 0; i < sizeof(by_file) / sizeof(by_file[0]); i++) {
		if (strncmp(file, by_file[i].file, strlen(by_file[i].file)) != 0)
			continue;
		t = add(s, by_file[i].library, by_file[i].tap, by_file[i].reason);
		if (t)
			snprintf(t->evidence, sizeof(t->evidence), "%s %s", why, path);
	}
}

/*
 * The file of library NAME that FROM needs, as the loader would look for it
 * below the root folder of S; without ld.so.cache.
 */
static char *resolve(const struct tls_survey *s, const char *name, const struct elf *from,
		     const char *from_path)
{
	static const char folders[] = "/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:"
				      "/lib/aarch64-linux-gnu:/usr/lib/aarch64-linux-gnu:"
				      "/lib64:/usr/lib64:/lib:/usr/lib:/usr/local/lib";
	const char *runpath = elf_runpath(from), *given = s->library_path;
	struct slice own = slice_of(from_path + strlen(s->root));
	char search[PATH_MAX * 3], real[PATH_MAX];
	struct slice rest, folder;

	while (own.n && own.p[own.n - 1] != '/')
		own.n--;
	snprintf(search, sizeof(search), "%s:%s:%s", given ? given : "", runpath ? runpath : "",
		 folders);
	rest = slice_of(search);
	while (slice_cut(&rest, ':', &folder)) {
		char path[PATH_MAX];
		bool origin = slice_starts(folder, SLICE("$ORIGIN"));
		struct slice tail = slice_from(folder, origin ? 7 : 0);

		snprintf(path, sizeof(path), "%.*s%.*s/%s", origin ? (int)own.n : 0, own.p,
			 SLICE_ARG(tail), name);
		if (folder.n && rooted_path(s->root, path, real))
			return strdup(real);
	}
	return NULL;
}

static void add_needed(struct libraries *l, const struct elf *e, const char *path,
		       struct tls_survey *s)
{
	const char *name;

	for (size_t i = 0; (name = elf_needed(e, i)); i++) {
		char *file = resolve(s, name, e, path);
		bool known = !file || l->count == LIBRARIES_MAX;

		judge_file(s, name, "needs");
		for (size_t k = 0; k < l->count && !known; k++)
			known = strcmp(l->path[k], file) == 0;
		if (known)
			free(file);
		else
			l->path[l->count++] = file;
	}
}

/* The libraries of E, theirs, and so on. */
static void look_at_needed(struct tls_survey *s, const struct elf *e, const char *path)
{
	struct libraries l = { .count = 0 };
	const char *why;

	add_needed(&l, e, path, s);
	for (size_t i = 0; i < l.count; i++) {
		struct elf library;

		judge_file(s, l.path[i], "needs");
		if (!elf_open(&library, l.path[i], &why))
			continue;
		add_needed(&l, &library, l.path[i], s);
		look_inside_library(s, &library, l.path[i]);
		for (size_t k = 0; k < s->count; k++)
			if (!s->found[k].version[0] &&
			    strcmp(s->found[k].library, "OpenSSL") == 0 &&
			    strstr(l.path[i], "/libcrypto.so"))
				openssl_version(&library, s->found[k].version);
		elf_close(&library);
	}
	for (size_t i = 0; i < l.count; i++)
		free(l.path[i]);
}

static void look_at_module(struct tls_survey *s, const char *path)
{
	size_t before = s->count;
	struct elf module;
	const char *why;

	if (!elf_open(&module, path, &why))
		return;
	look_at_needed(s, &module, path);
	look_inside_library(s, &module, path);
	elf_close(&module);
	for (; before < s->count; before++) {
		struct tls_stack *t = &s->found[before];
		size_t n = strlen(t->evidence);

		snprintf(t->evidence + n, sizeof(t->evidence) - n, " (by %s, when it is loaded)",
			 strrchr(path, '/') + 1);
	}
}

static void look_at_modules(struct tls_survey *s, const char *path)
{
	const char *file = strrchr(path, '/');

	for (size_t i = 0; file && i < sizeof(loads_later) / sizeof(loads_later[0]); i++) {
		if (strncmp(file + 1, loads_later[i].program, strlen(loads_later[i].program)) != 0)
			continue;
		for (size_t k = 0; k < 3 && loads_later[i].modules[k]; k++) {
			const char *star = loads_later[i].modules[k] + 2; /* past "%s" */
			char pattern[PATH_MAX + 64], real[PATH_MAX];
			glob_t g;

			snprintf(pattern, sizeof(pattern), "%.*s%s", (int)(file - path), path,
				 star);
			if (glob(pattern, 0, NULL, &g) == 0 &&
			    rooted_path(s->root, g.gl_pathv[g.gl_pathc - 1] + strlen(s->root),
					real))
				look_at_module(s, real);
			globfree(&g);
		}
	}
}

static void begin(struct tls_survey *s, const char *root, const char *library_path)
{
	memset(s, 0, sizeof(*s));
	snprintf(s->root, sizeof(s->root), "%s", root);
	s->library_path = library_path;
}

void tls_survey(struct tls_survey *s, struct elf *e, const char *path, const char *root,
		const char *library_path)
{
	begin(s, root, library_path);
	look_inside(s, e, "");
	look_for_rust_and_go(s, e);
	look_at_needed(s, e, path);
	look_at_modules(s, path);
	if (elf_exports(e, "nghttp2_session_mem_recv"))
		s->speaks_h2 = true;
}

/* PATH was mapped: a line of /proc/PID/maps for each of its segments. */
static void look_at_mapped(struct tls_survey *s, const char *path, char last[PATH_MAX])
{
	char real[PATH_MAX];
	const char *why;
	struct elf e;

	if (strcmp(path, last) == 0)
		return;
	snprintf(last, PATH_MAX, "%s", path);
	judge_file(s, path, "has mapped");
	if (strstr(path, "/liborshim.so") || !rooted_path_of_proc(s->root, path, real) ||
	    !elf_open(&e, real, &why))
		return;
	if (!elf_is_program(&e))
		look_inside_library(s, &e, real);
	elf_close(&e);
}

void tls_survey_process(struct tls_survey *s, int pid, const char *root, bool *has_shim)
{
	char line[PATH_MAX + 128];
	char last[PATH_MAX] = "";
	char name[64];
	FILE *maps;

	begin(s, root, NULL);
	*has_shim = false;
	snprintf(name, sizeof(name), "/proc/%d/maps", pid);
	maps = fopen(name, "re");
	while (maps && fgets(line, sizeof(line), maps)) {
		char *path = strchr(line, '/');

		if (!path)
			continue;
		path[strcspn(path, "\n")] = '\0';
		*has_shim |= strstr(path, "/liborshim.so") != NULL;
		look_at_mapped(s, path, last);
	}
	if (maps)
		fclose(maps);
}

const char *tls_http_guess(const struct tls_survey *s)
{
	if (s->count == 0)
		return "unknown: no TLS library was recognised";
	if (strcmp(s->found[0].library, "BoringSSL") == 0)
		return "HTTP/1.1 (Bun); HTTP/2 (Chromium, Electron)";
	return s->speaks_h2 ? "HTTP/2 where the server offers it, else HTTP/1.1" : "HTTP/1.1";
}
