/* SPDX-License-Identifier: MIT */
#include "tap/find_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/direct.h"
#include "base/hash.h"

/* Raise the version whenever the finder's results change. */
#define ENTRY_FORMAT "orshim-find 3 %d %llx %llx %.95s\n"

/* The GNU build-ID among the notes of one segment. */
static bool note_key(const unsigned char *p, size_t n, char key[FIND_KEY_SIZE])
{
	while (n >= sizeof(ElfW(Nhdr))) {
		ElfW(Nhdr) note;
		size_t name, whole;

		memcpy(&note, p, sizeof(note));
		name = sizeof(note) + ((note.n_namesz + 3ul) & ~3ul);
		whole = name + ((note.n_descsz + 3ul) & ~3ul);
		if (whole > n)
			return false;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    memcmp(p + sizeof(note), "GNU", 4) == 0 && note.n_descsz >= 8) {
			size_t digits = note.n_descsz < 24 ? note.n_descsz : 24;

			for (size_t i = 0; i < digits; i++)
				snprintf(key + 2 * i, 3, "%02x", p[name + i]);
			return true;
		}
		p += whole;
		n -= whole;
	}
	return false;
}

static bool object_key(const struct object *o, char key[FIND_KEY_SIZE])
{
	struct stat st;

	for (size_t i = 0; i < o->phdr_count; i++)
		if (o->phdr[i].p_type == PT_NOTE &&
		    note_key((const unsigned char *)(o->bias + o->phdr[i].p_vaddr),
			     o->phdr[i].p_filesz, key))
			return true;
	for (size_t i = 0; i < o->phdr_count; i++) {
		const ElfW(Phdr) *h = &o->phdr[i];

		if (h->p_type != PT_LOAD || h->p_offset != 0 || h->p_filesz < 4096)
			continue;
		if (direct_stat(object_file(o), &st) < 0)
			return false;
		snprintf(
		    key, FIND_KEY_SIZE, "%llx-%016llx", (unsigned long long)st.st_size,
		    (unsigned long long)hash_of(
			(struct slice){ (const char *)(o->bias + h->p_vaddr), 4096 }));
		return true;
	}
	return false;
}

bool find_cache_open(struct find_cache *c, const struct object *o, char *(*lookup)(const char *))
{
	const char *base = lookup("XDG_CACHE_HOME");
	const char *home = lookup("HOME");
	char key[FIND_KEY_SIZE];
	int saved = errno;
	bool keyed = object_key(o, key);
	int n = -1;

	if (keyed && base && base[0] == '/')
		n = snprintf(c->path, sizeof(c->path), "%s/orshim/tls-%s", base, key);
	else if (keyed && home && home[0] == '/')
		n = snprintf(c->path, sizeof(c->path), "%s/.cache/orshim/tls-%s", home, key);
	errno = saved;
	return n > 0 && (size_t)n < sizeof(c->path);
}

static bool parse(const char *text, struct find *found, char reason[FIND_REASON_SIZE])
{
	unsigned long long first, second;
	int library, at = 0;

	if (sscanf(text, "orshim-find 3 %d %llx %llx%n", &library, &first, &second, &at) != 3 ||
	    !at || library < FIND_NOTHING || library > FIND_RUSTLS || text[at] != ' ' ||
	    !strchr(text + at, '\n'))
		return false;
	at++;
	*found = (struct find){ .library = (enum find_library)library, .at = { first, second } };
	snprintf(reason, FIND_REASON_SIZE, "%.*s", (int)strcspn(text + at, "\n"), text + at);
	for (const char *c = reason; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			return false;
	found->reason = *reason ? reason : NULL;
	return true;
}

bool find_cache_read(const struct find_cache *c, struct find *found, char reason[FIND_REASON_SIZE])
{
	char text[256];
	struct stat st;
	int saved = errno;
	ssize_t n = -1;
	int fd = direct_open(c->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0);

	if (fd >= 0) {
		if (direct_fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		    st.st_uid == direct_geteuid() && !(st.st_mode & 077))
			n = direct_read(fd, text, sizeof(text) - 1);
		direct_close(fd);
	}
	errno = saved;
	if (n <= 0)
		return false;
	text[n] = '\0';
	return parse(text, found, reason);
}

/* Make the folder, and the cache folder above it; both may exist. */
static void make_folders(const char *path)
{
	char folder[sizeof(((struct find_cache *)0)->path)];
	char *own, *base;

	snprintf(folder, sizeof(folder), "%s", path);
	own = strrchr(folder, '/');
	*own = '\0';
	base = strrchr(folder, '/');
	*base = '\0';
	direct_mkdir(folder, 0700);
	*base = '/';
	direct_mkdir(folder, 0700);
}

void find_cache_write(const struct find_cache *c, const struct find *found)
{
	char temporary[sizeof(c->path) + 16];
	char text[256];
	int saved = errno;
	int n = snprintf(text, sizeof(text), ENTRY_FORMAT, (int)found->library,
			 (unsigned long long)found->at[0], (unsigned long long)found->at[1],
			 found->reason ? found->reason : "");
	int fd;

	snprintf(temporary, sizeof(temporary), "%s.%d", c->path, (int)getpid());
	make_folders(c->path);
	direct_unlink(temporary);
	fd = direct_open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0) {
		bool whole = direct_write(fd, text, (size_t)n) == n;

		/* Renamed over what is there: a reader sees the old or the new one, never a part. */
		if (direct_close(fd) < 0 || !whole || direct_rename(temporary, c->path) < 0)
			direct_unlink(temporary);
	}
	errno = saved;
}
