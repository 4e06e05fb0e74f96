/* SPDX-License-Identifier: MIT */
#include "tools/redirect/trust.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "tools/redirect/keystore.h"
#include "tools/redirect/roots.h"

enum { FILES_MAX = 4096 }; /* of a folder */

#define BIT(runtime) (1u << RUNTIME_##runtime)
#define EVERY ((1u << RUNTIME_COUNT) - 1)

static const struct {
	const char *name;
	bool adds;
	bool always;
	unsigned readers;
} variables[] = {
#define TRUST(name, adds, always, readers) { name, adds, always, readers },
#include "tools/redirect/trust.def"
#undef TRUST
};

enum { VARIABLES = sizeof(variables) / sizeof(variables[0]) };

/* As Go looks for it, crypto/x509/root_linux.go. */
static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/pki/tls/cacert.pem",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/cert.pem",
};

/* The value of variable I in our environment, which is the tool's; NULL: not set. */
static const char *given(size_t i)
{
	const char *value = getenv(variables[i].name);

	return value && *value ? value : NULL;
}

void trust_init(struct trust *t, const char *folder)
{
	memset(t, 0, sizeof(*t));
	t->folder = folder;
	buf_init(&t->own, LIMIT_LINE);
}

static void file_of(const char *folder, size_t i, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/trust-%s.pem", folder, variables[i].name);
}

/* Lists that are laid over others: of the system's bundle, and of Java's. */
static const char *const laid[] = { "system.pem", "java.jks" };

void trust_remove_files(const char *folder)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(laid) / sizeof(laid[0]); i++)
		if (snprintf(path, sizeof(path), "%s/trust-%s", folder, laid[i]) < PATH_MAX)
			unlink(path);

	for (size_t i = 0; i < VARIABLES; i++) {
		file_of(folder, i, path);
		unlink(path);
	}
}

void trust_release(struct trust *t)
{
	for (int i = 0; i < RUNTIME_COUNT; i++)
		SSL_CTX_free(t->contexts[i]);
	buf_release(&t->own);
	memset(t, 0, sizeof(*t));
}

/* Appends the file; false when it cannot be read or is too large. */
static bool append(struct buf *out, const char *path)
{
	char piece[16384];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return false;
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		if (buf_add(out, piece, (size_t)n) != 0)
			break;
	close(fd);
	return n == 0;
}

static const char *system_bundle(void)
{
	for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++)
		if (access(bundles[i], R_OK) == 0)
			return bundles[i];
	return NULL;
}

static void add_file(struct roots *to, const char *path)
{
	struct buf text;

	buf_init(&text, LIMIT_TRUST);
	if (path && append(&text, path))
		roots_add_pem(to, buf_slice(&text));
	buf_release(&text);
}

/* Each file in FOLDER, as Go and rustls read SSL_CERT_DIR: a list by colons. */
static void add_folders(struct roots *to, const char *list)
{
	struct slice rest = slice_of(list), one;
	char path[PATH_MAX];
	struct dirent *entry;

	while (slice_cut(&rest, ':', &one)) {
		snprintf(path, sizeof(path), "%.*s", SLICE_ARG(one));
		DIR *folder = opendir(path);
		for (int i = 0; folder && i < FILES_MAX && (entry = readdir(folder)); i++) {
			if (snprintf(path, sizeof(path), "%.*s/%s", SLICE_ARG(one), entry->d_name) <
			    (int)sizeof(path))
				add_file(to, path);
		}
		if (folder)
			closedir(folder);
	}
}

static void add_keystore(X509_STORE *to, const char *path)
{
	struct buf bytes;

	buf_init(&bytes, LIMIT_TRUST);
	if (append(&bytes, path))
		keystore_read(buf_slice(&bytes), to);
	buf_release(&bytes);
}

/* Does RUNTIME read variable I, and no variable before it that names the same file? */
static bool is_first_reader(size_t i, enum runtime runtime)
{
	if (!(variables[i].readers & 1u << runtime) || !given(i))
		return false;
	for (size_t j = 0; j < i; j++)
		if (variables[j].readers & 1u << runtime && given(j) &&
		    strcmp(given(j), given(i)) == 0 && variables[j].adds == variables[i].adds)
			return false;
	return true;
}

static bool fill(X509_STORE *store, enum runtime runtime, const char *java)
{
	const char *folders = getenv("SSL_CERT_DIR");
	struct roots *roots = roots_of(store);
	bool replaced = false;

	if (!roots)
		return false;

	for (size_t i = 0; i < VARIABLES; i++) {
		if (!is_first_reader(i, runtime))
			continue;
		replaced |= !variables[i].adds;
		add_file(roots, given(i));
	}
	if (folders && *folders && runtime != RUNTIME_DENO) {
		add_folders(roots, folders);
		replaced |= runtime != RUNTIME_GO;
	}
	if (runtime == RUNTIME_JAVA)
		add_keystore(store, java);
	else if (!replaced)
		add_file(roots, system_bundle());
	return true;
}

SSL_CTX *trust_context(struct trust *t, enum runtime runtime)
{
	SSL_CTX *c = t->contexts[runtime];

	if (c)
		return c;
	c = SSL_CTX_new(TLS_client_method());
	if (!c || !fill(SSL_CTX_get_cert_store(c), runtime, t->java)) {
		SSL_CTX_free(c);
		return NULL;
	}
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION);
	t->contexts[runtime] = c;
	return c;
}

/* A new file of the run's, readable by whoever the tool may become: there is nothing secret in it. */
static bool write_file(const char *path, struct slice text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	ssize_t n = 0;

	if (fd < 0)
		return false;
	while (text.n && (n = write(fd, text.p, text.n)) > 0)
		text = slice_from(text, (size_t)n);
	close(fd);
	return text.n == 0;
}

static bool make_file(struct trust *t, size_t i)
{
	const char *base = given(i);
	char path[PATH_MAX];
	struct buf text;

	if (t->made & 1u << i)
		return true;
	if (!base && !variables[i].adds && !getenv("SSL_CERT_DIR"))
		base = system_bundle();
	buf_init(&text, LIMIT_TRUST);
	bool done = (!base || append(&text, base)) && buf_add(&text, "\n", 1) == 0 &&
		    buf_add_slice(&text, buf_slice(&t->own)) == 0;
	file_of(t->folder, i, path);
	done = done && write_file(path, buf_slice(&text));
	buf_release(&text);
	if (done)
		t->made |= 1u << i;
	return done;
}

bool trust_variables(struct trust *t, struct buf *out)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < VARIABLES; i++) {
		if (!variables[i].always && !given(i))
			continue;
		/* What cannot be read the tool cannot read either: left as it is. */
		if (!make_file(t, i)) {
			if (given(i))
				continue;
			return false;
		}
		file_of(t->folder, i, path);
		if (buf_addf(out, "%s=%s", variables[i].name, path) != 0 ||
		    buf_add(out, "", 1) != 0)
			return false;
	}
	return true;
}

/* FILE over AT, as one more of the strings that trust_variables() makes. */
static bool add_laid(struct buf *out, const char *at, const char *file)
{
	return buf_addf(out, "@%s=%s", at, file) == 0 && buf_add(out, "", 1) == 0;
}

static bool lay_over_java(struct trust *t, const char *program, X509 *own, struct buf *out)
{
	struct buf old, new;
	char file[PATH_MAX];

	if (!keystore_of(program, t->java))
		return false;
	snprintf(file, sizeof(file), "%s/trust-java.jks", t->folder);
	buf_init(&old, LIMIT_TRUST);
	buf_init(&new, LIMIT_TRUST);
	bool done = append(&old, t->java) && keystore_with(buf_slice(&old), own, &new) &&
		    write_file(file, buf_slice(&new)) && add_laid(out, t->java, file);
	buf_release(&old);
	buf_release(&new);
	return done;
}

static bool lay_over_system(struct trust *t, struct buf *out)
{
	const char *bundle = system_bundle();
	char file[PATH_MAX], real[PATH_MAX];
	struct buf text;

	if (!bundle || !realpath(bundle, real))
		return false;
	snprintf(file, sizeof(file), "%s/trust-system.pem", t->folder);
	buf_init(&text, LIMIT_TRUST);
	bool done = append(&text, real) && buf_add(&text, "\n", 1) == 0 &&
		    buf_add_slice(&text, buf_slice(&t->own)) == 0 &&
		    write_file(file, buf_slice(&text)) && add_laid(out, real, file);
	buf_release(&text);
	return done;
}

bool trust_lay_over(struct trust *t, enum runtime runtime, const char *program, X509 *own,
		    struct buf *out)
{
	switch (runtime) {
	case RUNTIME_JAVA:
		return lay_over_java(t, program, own, out);
	case RUNTIME_GNUTLS:
		return lay_over_system(t, out);
	default:
		return true;
	}
}

bool trust_needs_laying(enum runtime runtime)
{
	return runtime == RUNTIME_JAVA || runtime == RUNTIME_GNUTLS;
}
