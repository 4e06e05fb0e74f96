/* SPDX-License-Identifier: MIT */
#include "tools/run/system.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/slice.h"
#include "tools/program/elf.h"

enum { RELEASE_MAX = 16384, LIBC_MAX = 64 << 20 };

static void copy(char to[SYSTEM_TEXT], const char *before, struct slice s)
{
	snprintf(to, SYSTEM_TEXT, "%s%.*s", before, SLICE_ARG(s));
}

/* NAME="value" of os-release(5), which quotes as a shell does; escapes are rare and stay. */
static void read_release(struct system *s, const char *path)
{
	char text[RELEASE_MAX];
	struct slice rest, line;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text)) : -1;

	if (fd >= 0)
		close(fd);
	rest = (struct slice){ text, n > 0 ? (size_t)n : 0 };
	while (slice_cut(&rest, '\n', &line)) {
		if (!slice_starts(line, SLICE("PRETTY_NAME=")))
			continue;
		line = slice_from(line, sizeof("PRETTY_NAME=") - 1);
		while (line.n && strchr("\"'", line.p[0]))
			line = slice_from(line, 1);
		while (line.n && strchr("\"'\r", line.p[line.n - 1]))
			line.n--;
		copy(s->os, "", line);
	}
}

/* glibc says in itself: "GNU C Library (…) stable release version 2.36." */
static void read_glibc(struct system *s, const char *path)
{
	static const char mark[] = " release version ";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size < LIBC_MAX) {
		size_t size = (size_t)st.st_size;
		char *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
		const char *at =
		    bytes != MAP_FAILED ? memmem(bytes, size, mark, sizeof(mark) - 1) : NULL;
		size_t n = 0;
		if (at) {
			at += sizeof(mark) - 1;
			while (at + n < bytes + size && n < 16 && strchr("0123456789.", at[n]) &&
			       at[n])
				n++;
			copy(s->libc, "glibc ",
			     (struct slice){ at, n && at[n - 1] == '.' ? n - 1 : n });
		}
		if (bytes != MAP_FAILED)
			munmap(bytes, size);
	}
	close(fd);
}

static void read_libc(struct system *s, const char *program)
{
	char loader[PATH_MAX], whole[PATH_MAX], path[PATH_MAX + 16];
	const char *why;
	struct elf e;

	if (!elf_open(&e, program, &why))
		return;
	snprintf(loader, sizeof(loader), "%.*s", SLICE_ARG(elf_interpreter(&e)));
	elf_close(&e);
	const char *name = strrchr(loader, '/');
	if (!name || !realpath(loader, whole))
		return;
	if (strncmp(name, "/ld-musl-", strlen("/ld-musl-")) == 0) {
		copy(s->libc, "musl", SLICE(""));
		return;
	}
	*strrchr(whole, '/') = '\0';
	snprintf(path, sizeof(path), "%s/libc.so.6", whole);
	read_glibc(s, path);
}

void system_read(struct system *s, const char *program)
{
	struct utsname u;

	*s = (struct system){ 0 };
	read_release(s, "/usr/lib/os-release");
	read_release(s, "/etc/os-release");
	if (uname(&u) == 0) {
		snprintf(s->kernel, sizeof(s->kernel), "%.60s %.60s", u.sysname, u.release);
		snprintf(s->arch, sizeof(s->arch), "%.60s", u.machine);
	}
	read_libc(s, program);
}
