/* SPDX-License-Identifier: MIT */
#include "tools/program/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tools/command.h"

#ifndef ORSHIM_LIBDIR
#define ORSHIM_LIBDIR "/usr/local/lib"
#endif

enum {
	INTERPRETERS_MAX = 4, /* #! lines that are followed: as many as Linux does */
	HEAD_SIZE = 256,      /* of a #! line: BINPRM_BUF_SIZE */
};

#if defined(__x86_64__)
enum { OUR_MACHINE = EM_X86_64 };
#elif defined(__aarch64__)
enum { OUR_MACHINE = EM_AARCH64 };
#else
enum { OUR_MACHINE = EM_NONE };
#endif

static enum program_fault look_at(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return errno == EACCES ? PROGRAM_NOT_EXECUTABLE : PROGRAM_NOT_FOUND;
	if (!S_ISREG(st.st_mode) || access(path, X_OK) != 0)
		return PROGRAM_NOT_EXECUTABLE;
	return PROGRAM_FINE;
}

/* Look up NAME in PATH: the first file that can be executed, else the reason why not. */
static enum program_fault search(char out[PATH_MAX], const char *name)
{
	const char *folders = getenv("PATH");
	struct slice rest = slice_of(folders ? folders : "/usr/local/bin:/usr/bin:/bin");
	enum program_fault worst = PROGRAM_NOT_FOUND;
	struct slice folder;

	while (slice_cut(&rest, ':', &folder)) {
		char path[PATH_MAX];
		int n = folder.n ? snprintf(path, sizeof(path), "%.*s/%s", SLICE_ARG(folder), name)
				 : snprintf(path, sizeof(path), "./%s", name);
		if (n < 0 || n >= (int)sizeof(path))
			continue;
		enum program_fault fault = look_at(path);
		if (fault == PROGRAM_FINE) {
			memcpy(out, path, (size_t)n + 1);
			return PROGRAM_FINE;
		}
		if (fault == PROGRAM_NOT_EXECUTABLE)
			worst = fault;
	}
	return worst;
}

const char *program_hint(const char *name, enum program_fault fault)
{
	struct stat st;

	if (stat(name, &st) != 0 || !S_ISREG(st.st_mode))
		return "";
	if (fault == PROGRAM_NOT_FOUND)
		return "; a file of that name is in this folder: write ./ before it";
	return "; chmod +x makes it so, or name its interpreter before it";
}

/* The loader ignores LD_PRELOAD for a program that gains privileges (AT_SECURE). */
static const char *gained_rights(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return NULL;
	if ((st.st_mode & S_ISUID && st.st_uid != geteuid()) ||
	    (st.st_mode & S_ISGID && st.st_mode & S_IXGRP && st.st_gid != getegid()))
		return "it is setuid or setgid: the loader ignores LD_PRELOAD there";
	if (geteuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0)
		return "it has file capabilities: the loader ignores LD_PRELOAD there";
	return NULL;
}

/* The loader named in the program headers; "" if there is none. False if unreadable. */
static bool read_loader(int fd, const Elf64_Ehdr *head, char loader[PATH_MAX])
{
	Elf64_Phdr segment;

	loader[0] = '\0';
	for (unsigned i = 0; i < head->e_phnum; i++) {
		off_t at = (off_t)(head->e_phoff + (Elf64_Off)i * sizeof(segment));
		if (pread(fd, &segment, sizeof(segment), at) != sizeof(segment))
			return false;
		if (segment.p_type != PT_INTERP)
			continue;
		if (segment.p_filesz >= PATH_MAX)
			return false;
		ssize_t n = pread(fd, loader, segment.p_filesz, (off_t)segment.p_offset);
		loader[n > 0 ? n : 0] = '\0';
		return n > 0;
	}
	return true;
}

static const char *preload_refusal_of_elf(struct program *p, int fd)
{
	char loader[PATH_MAX];
	Elf64_Ehdr head;

	if (pread(fd, &head, sizeof(head), 0) != sizeof(head))
		return NULL;
	p->is_foreign = head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_machine != OUR_MACHINE;
	if (p->is_foreign)
		return "it is built for another architecture than the shim";
	if (head.e_phentsize != sizeof(Elf64_Phdr) || !read_loader(fd, &head, loader))
		return NULL;
	const char *rights = gained_rights(fd);
	p->gains_rights = rights != NULL;
	if (loader[0] == '\0')
		return "it is statically linked: no loader, so nothing can be preloaded";
	if (!strstr(loader, "ld-linux") && !strstr(loader, "ld-musl-"))
		return "it uses another libc than glibc and musl, for which the shim is built";
	return rights;
}

/* "#!/usr/bin/env node" leads to node; env's options and assignments are left out. */
static bool follow_script(const char *head, char next[PATH_MAX])
{
	char line[HEAD_SIZE + 1];
	char *rest = line;
	char *word;

	snprintf(line, sizeof(line), "%s", head + 2);
	line[strcspn(line, "\n")] = '\0';
	word = strsep(&rest, " \t");
	while (word && !*word && rest)
		word = strsep(&rest, " \t");
	if (!word || !*word)
		return false;
	const char *name = strrchr(word, '/');
	if (name && strcmp(name, "/env") == 0) {
		char *argument = rest ? strsep(&rest, " \t") : NULL;
		while (argument && (!*argument || *argument == '-' || strchr(argument, '=')))
			argument = rest ? strsep(&rest, " \t") : NULL;
		return argument && search(next, argument) == PROGRAM_FINE;
	}
	return snprintf(next, PATH_MAX, "%s", word) < PATH_MAX && look_at(next) == PROGRAM_FINE;
}

static void look_inside(struct program *p)
{
	snprintf(p->interpreter, sizeof(p->interpreter), "%s", p->path);
	for (int i = 0; i < INTERPRETERS_MAX; i++) {
		char head[HEAD_SIZE + 1];
		char next[PATH_MAX];
		int fd = open(p->interpreter, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		ssize_t n = pread(fd, head, HEAD_SIZE, 0);
		head[n > 0 ? n : 0] = '\0';
		bool is_elf = n > SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0;
		if (is_elf)
			p->no_preload = preload_refusal_of_elf(p, fd);
		close(fd);
		if (is_elf || strncmp(head, "#!", 2) != 0 || !follow_script(head, next))
			return;
		memcpy(p->interpreter, next, sizeof(next));
	}
}

enum program_fault program_find(struct program *p, const char *name)
{
	enum program_fault fault;

	memset(p, 0, sizeof(*p));
	if (!*name)
		return PROGRAM_NOT_FOUND;
	if (strchr(name, '/')) {
		snprintf(p->path, sizeof(p->path), "%s", name);
		fault = look_at(name);
	} else {
		fault = search(p->path, name);
	}
	if (fault == PROGRAM_FINE)
		look_inside(p);
	return fault;
}

static bool is_library(const char *path)
{
	char magic[SELFMAG];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	ssize_t n = read(fd, magic, sizeof(magic));
	close(fd);
	return n == SELFMAG && memcmp(magic, ELFMAG, SELFMAG) == 0;
}

/* The library in FOLDER/BELOW, as an absolute path without links. */
static bool library_in(struct slice folder, const char *below, char path[PATH_MAX])
{
	char tried[PATH_MAX];
	int n = snprintf(tried, sizeof(tried), "%.*s/%sliborshim.so", SLICE_ARG(folder), below);

	return n > 0 && n < PATH_MAX && realpath(tried, path) && is_library(path);
}

void library_find(char path[PATH_MAX])
{
	const char *given = getenv("ORSHIM_LIB");
	char self[PATH_MAX];

	if (given && *given) {
		if (!realpath(given, path) || !is_library(path))
			die("ORSHIM_LIB=%s cannot be read as a library; unset it or name "
			    "liborshim.so",
			    given);
		return;
	}
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self));
	while (n > 0 && self[n - 1] != '/')
		n--;
	struct slice here = { self, n > 0 ? (size_t)n - 1 : 0 };
	if (library_in(here, "", path) || library_in(here, "../lib/", path) ||
	    library_in(SLICE(ORSHIM_LIBDIR), "", path))
		return;
	die("liborshim.so is neither beside orshim nor installed; name it with ORSHIM_LIB=FILE");
}
