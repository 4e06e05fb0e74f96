/* SPDX-License-Identifier: MIT */
#define OPENSSL_API_COMPAT 0x10100000L /* SHA256_Init() without EVP's fetching and locks */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "report/machine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/direct.h"
#include "diagnose/mask.h"
#include "report/record.h"

_Static_assert((int)START_SIZE >= (int)TIMESTAMP_SIZE, "a start is a timestamp");

enum { HMAC_BLOCK = 64, ID_DIGITS = 64, PIECE = 4096, TICKS_PER_SECOND = 100 };

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool machine_name_is_fit(const char *name)
{
	size_t n = 0;

	for (; name[n]; n++) {
		char c = name[n], lower = (char)(c | 0x20);
		if (!(lower >= 'a' && lower <= 'z') && !(c >= '0' && c <= '9') && c != '.' &&
		    c != '_' && c != '-')
			return false;
	}
	return n > 0 && n < MACHINE_NAME;
}

/* SHA-256 over KEY xored with PAD, then over TEXT. */
static void keyed_hash(const char *key, char pad, const void *text, size_t n,
		       unsigned char out[SHA256_DIGEST_LENGTH])
{
	char block[HMAC_BLOCK];
	SHA256_CTX context;

	for (size_t i = 0; i < HMAC_BLOCK; i++)
		block[i] = (char)(key[i] ^ pad);
	SHA256_Init(&context);
	SHA256_Update(&context, block, sizeof(block));
	SHA256_Update(&context, text, n);
	SHA256_Final(out, &context);
}

void machine_name(struct slice machine_id, char out[MACHINE_NAME])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char hash[SHA256_DIGEST_LENGTH];
	char key[HMAC_BLOCK] = { 0 };

	memcpy(key, machine_id.p, machine_id.n < HMAC_BLOCK ? machine_id.n : HMAC_BLOCK);
	keyed_hash(key, 0x36, "orshim", 6, hash);
	keyed_hash(key, 0x5c, hash, sizeof(hash), hash);
	for (int i = 0; i < 6; i++) {
		out[2 * i] = digits[hash[i] >> 4];
		out[2 * i + 1] = digits[hash[i] & 15];
	}
	out[12] = '\0';
}

/* As much of the file as fits; how much. */
static size_t read_whole(const char *path, char *to, size_t room)
{
	int fd = direct_open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
	size_t n = 0;
	ssize_t more;

	if (fd < 0)
		return 0;
	while (n < room && (more = direct_read(fd, to + n, room - n)) > 0)
		n += (size_t)more;
	direct_close(fd);
	return n;
}

static bool learn_id(struct machine *m, const char *path)
{
	char text[64];
	size_t n = read_whole(path, text, sizeof(text)), digits = 0;

	while (digits < n && is_hex(text[digits]))
		digits++;
	if (digits != 32)
		return false; /* "uninitialized", empty: machine-id(5) */
	machine_name((struct slice){ text, digits }, m->id);
	return true;
}

static void learn_boot(struct machine *m)
{
	size_t n = read_whole("/proc/sys/kernel/random/boot_id", m->boot, BOOT_NAME - 1);

	for (size_t i = 0; i < n; i++)
		if (!is_hex(m->boot[i]) && m->boot[i] != '-')
			n = 0;
	m->boot[n == BOOT_NAME - 1 ? n : 0] = '\0';
}

struct slice machine_container(struct slice text, struct slice mark)
{
	size_t run = 0;

	for (size_t i = 0; i <= text.n; i++) {
		if (i < text.n && is_hex(text.p[i])) {
			run++;
			continue;
		}
		const char *id = text.p + i - run;
		if (run == ID_DIGITS && (size_t)(id - text.p) >= mark.n &&
		    memcmp(id - mark.n, mark.p, mark.n) == 0)
			return (struct slice){ id, run };
		run = 0;
	}
	return (struct slice){ NULL, 0 };
}

/* PATH is searched in pieces that overlap, up to LIMIT_MOUNTS. */
static bool find_container(struct machine *m, const char *path, struct slice mark)
{
	int fd = direct_open(path, O_RDONLY | O_CLOEXEC, 0);
	char text[PIECE];
	size_t n = 0, all = 0;
	ssize_t more;
	struct slice id = { NULL, 0 };

	while (fd >= 0 && !id.p && all < LIMIT_MOUNTS &&
	       (more = direct_read(fd, text + n, sizeof(text) - n)) > 0) {
		n += (size_t)more;
		all += (size_t)more;
		/* An id at the end may go on: it is looked at with what follows. */
		size_t whole = n;
		while (whole && is_hex(text[whole - 1]))
			whole--;
		id = machine_container((struct slice){ text, whole }, mark);
		size_t keep = n < 256 ? n : 256;
		if (!id.p) {
			memmove(text, text + n - keep, keep);
			n = keep;
		}
	}
	if (fd >= 0)
		direct_close(fd);
	if (!id.p)
		return false;
	memcpy(m->container, id.p, ID_DIGITS);
	m->container[ID_DIGITS] = '\0';
	return true;
}

/* TEXT into TO, MACHINE_NAME or CI_NAME bytes, unless it looks like a key. */
static bool set_name(char *to, struct slice text)
{
	char shown[MACHINE_NAME * 2];
	struct buf masked = { .p = shown, .cap = sizeof(shown), .max = sizeof(shown) };

	if (!text.p || text.n >= MACHINE_NAME)
		return false;
	mask_text(&masked, text, MACHINE_NAME);
	if (!slice_equal(buf_slice(&masked), text))
		return false;
	memcpy(to, text.p, text.n);
	to[text.n] = '\0';
	if (machine_name_is_fit(to))
		return true;
	*to = '\0';
	return false;
}

/* The variable by which each CI system names a run, in the vendors' documentation. */
static void learn_ci(struct machine *m, const struct environment *env)
{
	static const char *const names[] = {
		"GITHUB_RUN_ID",      "CI_PIPELINE_ID",     "BUILDKITE_BUILD_ID",
		"CIRCLE_WORKFLOW_ID", "BUILD_BUILDID",      "BITBUCKET_BUILD_NUMBER",
		"TRAVIS_BUILD_ID",    "DRONE_BUILD_NUMBER", "BUILD_TAG",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !m->ci[0]; i++)
		set_name(m->ci, environment_value(env, slice_of(names[i])));
}

/* The number after N spaces; -1 if there is none. */
static int64_t number_after(struct slice text, int spaces)
{
	unsigned long long number;
	struct slice word;

	for (; spaces > 0; spaces--)
		if (!slice_cut(&text, ' ', &word))
			return -1;
	long end = slice_byte(text, ' ', 0);
	word = slice_sub(text, 0, end < 0 ? text.n : (size_t)end);
	return slice_number(word, &number) && number < INT64_MAX / 1000000 ? (int64_t)number : -1;
}

/* /proc/PID/stat has the start in ticks since the boot, field 22; proc(5). */
static int64_t ticks_of(int pid)
{
	char path[32], text[1024];

	if (pid == (int)getpid())
		memcpy(path, "/proc/self/stat", sizeof("/proc/self/stat"));
	else
		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	struct slice all = { text, read_whole(path, text, sizeof(text)) };
	size_t after = all.n;
	while (after && text[after - 1] != ')') /* the name may have any byte in it */
		after--;
	return after ? number_after(slice_from(all, after), 20) : -1;
}

/* "12345.67 …": hundredths of a second since the boot. */
static int64_t uptime_ticks(void)
{
	char text[64];
	size_t n = read_whole("/proc/uptime", text, sizeof(text));
	int64_t ticks = 0;

	for (size_t i = 0; i < n && text[i] != ' '; i++)
		if (text[i] >= '0' && text[i] <= '9')
			ticks = ticks * 10 + (text[i] - '0');
	return ticks;
}

static void learn_start(struct machine *m, int64_t now_us)
{
	int64_t ticks = ticks_of(m->pid), up = uptime_ticks();
	int64_t ago_us = ticks >= 0 && up > ticks ? (up - ticks) * (1000000 / TICKS_PER_SECOND) : 0;

	record_timestamp(now_us - ago_us, m->start);
}

void machine_learn(struct machine *m, int pid, int64_t now_us, const char *name,
		   const struct environment *env)
{
	int saved = errno;

	if (!m->known) {
		m->known = true;
		if (!set_name(m->id, slice_of(name)) && !learn_id(m, "/etc/machine-id"))
			learn_id(m, "/var/lib/dbus/machine-id");
		learn_boot(m);
		if (!find_container(m, "/proc/self/cgroup", SLICE("")))
			find_container(m, "/proc/self/mountinfo", SLICE("containers/"));
		learn_ci(m, env);
	}
	if (m->pid != pid) {
		m->pid = pid;
		learn_start(m, now_us);
	}
	errno = saved;
}

void machine_learn_blindly(struct machine *m, int pid, int64_t now_us)
{
	if (m->pid == pid)
		return;
	m->pid = pid;
	record_timestamp(now_us, m->start);
}
