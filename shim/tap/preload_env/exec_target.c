/* SPDX-License-Identifier: MIT */
#include "tap/preload_env/exec_target.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/direct.h"
#include "base/limits.h"
#include "base/slice.h"

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OWN_MACHINE EM_AARCH64
#else
#define OWN_MACHINE EM_NONE
#endif

extern char **environ;

static bool is_own_elf(const Elf64_Ehdr *e)
{
	return memcmp(e->e_ident, ELFMAG, SELFMAG) == 0 && e->e_ident[EI_CLASS] == ELFCLASS64 &&
	       e->e_machine == OWN_MACHINE && e->e_phentsize == sizeof(Elf64_Phdr);
}

/* glibc's and musl's. */
static const struct slice loaders[] = { SLICE("ld-linux"), SLICE("ld-musl-") };

static bool is_heeded(struct slice loader)
{
	return slice_has(loader, loaders[0]) || slice_has(loader, loaders[1]);
}

/* Decide by the loader that the ELF file names. */
static enum exec_target_kind kind_by_loader(int fd, const Elf64_Ehdr *e)
{
	for (unsigned i = 0; i < e->e_phnum; i++) {
		Elf64_Phdr ph;
		char name[LIMIT_INTERPRETER];

		if (direct_pread(fd, &ph, sizeof(ph), (off_t)(e->e_phoff + i * sizeof(ph))) !=
		    sizeof(ph))
			return EXEC_STATIC;
		if (ph.p_type != PT_INTERP)
			continue;
		size_t n = ph.p_filesz < sizeof(name) ? ph.p_filesz : sizeof(name);
		ssize_t got = direct_pread(fd, name, n, (off_t)ph.p_offset);
		struct slice loader = { name, got > 0 ? (size_t)got : 0 };
		return is_heeded(loader) ? EXEC_LOADS : EXEC_OTHER_LIBC;
	}
	return EXEC_STATIC;
}

static bool gains_privilege(int fd)
{
	struct stat st;

	if (direct_fstat(fd, &st) == 0 && (st.st_mode & (S_ISUID | S_ISGID)))
		return true;
	return fgetxattr(fd, "security.capability", NULL, 0) > 0;
}

/* The program after "#!" in HEAD (N bytes, ended by NUL) into PATH; false if there is none. */
static bool shebang(const char *head, size_t n, char path[LIMIT_PATH])
{
	struct slice line = { head, n };
	struct slice program;

	if (!slice_starts(line, SLICE("#!")))
		return false;
	line = slice_from(line, 2);
	slice_cut(&line, '\n', &program);
	program = slice_trim(program);
	for (size_t i = 0; i < program.n; i++)
		if (program.p[i] == ' ' || program.p[i] == '\t')
			program.n = i;
	if (program.n == 0 || program.n >= LIMIT_PATH)
		return false;
	memcpy(path, program.p, program.n);
	path[program.n] = '\0';
	return true;
}

/* "ld-linux-x86-64.so.2 PROGRAM": the loader started by name obeys LD_PRELOAD, too. */
static bool is_loader(const char *path)
{
	const char *slash = strrchr(path, '/');

	struct slice name = slice_of(slash ? slash + 1 : path);

	return slice_starts(name, loaders[0]) || slice_starts(name, loaders[1]);
}

static enum exec_target_kind kind_of_elf(int fd, const Elf64_Ehdr *e, const char *path)
{
	if (!is_own_elf(e))
		return EXEC_FOREIGN;
	enum exec_target_kind kind = kind_by_loader(fd, e);
	if (kind == EXEC_STATIC && is_loader(path))
		return EXEC_LOADS;
	return kind == EXEC_LOADS && gains_privilege(fd) ? EXEC_PRIVILEGED : kind;
}

static unsigned long size_of(int fd)
{
	struct stat st;

	return direct_fstat(fd, &st) == 0 ? (unsigned long)st.st_size : 0;
}

/* FD is the open file; its PATH may be unknown. For a script, look at its interpreter, once. */
static void look_at_open(struct exec_target *t, int fd, const char *path, bool follow_shebang)
{
	union {
		Elf64_Ehdr elf;
		char text[LIMIT_INTERPRETER];
	} head = { .text = "" };
	ssize_t n = direct_pread(fd, &head, sizeof(head), 0);

	t->kind = EXEC_LOADS;
	if (n >= 2 && follow_shebang && shebang(head.text, (size_t)n, t->path)) {
		t->is_script = true;
		int next = direct_open(t->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
		if (next >= 0) {
			look_at_open(t, next, t->path, false);
			direct_close(next);
		}
		return;
	}
	if (n < (ssize_t)sizeof(head.elf) || memcmp(head.text, ELFMAG, SELFMAG) != 0)
		return;
	t->kind = kind_of_elf(fd, &head.elf, path);
	t->size = size_of(fd);
	size_t length = strlen(path);
	if (path != t->path && length < sizeof(t->path))
		memcpy(t->path, path, length + 1);
}

void exec_target_at(struct exec_target *t, int dir, const char *path)
{
	t->kind = EXEC_LOADS;
	t->path[0] = '\0';
	t->is_script = false;
	t->size = 0;
	if (!path)
		return;
	if (*path == '\0') {
		look_at_open(t, dir, "", true);
		return;
	}
	int fd = direct_openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	if (fd < 0)
		return;
	look_at_open(t, fd, path, true);
	direct_close(fd);
}

void exec_target_of(struct exec_target *t, const char *path)
{
	/* An empty name is no file, and no descriptor either. */
	exec_target_at(t, AT_FDCWD, path && *path ? path : NULL);
}

static const char *search_path(void)
{
	for (char **e = environ; e && *e; e++)
		if (strncmp(*e, "PATH=", 5) == 0)
			return *e + 5;
	return "/bin:/usr/bin";
}

void exec_target_in_path(struct exec_target *t, const char *file)
{
	struct slice rest = slice_of(search_path());
	struct slice name = slice_of(file);
	struct slice dir;
	char path[LIMIT_PATH];

	exec_target_of(t, file && slice_byte(name, '/', 0) >= 0 ? file : NULL);
	if (!file || slice_byte(name, '/', 0) >= 0)
		return;
	while (slice_cut(&rest, ':', &dir)) {
		if (dir.n + name.n + 2 > sizeof(path))
			continue;
		char *end = mempcpy(path, dir.p, dir.n);
		if (dir.n)
			*end++ = '/';
		memcpy(end, name.p, name.n + 1);
		if (direct_access(path, X_OK) == 0) {
			exec_target_of(t, path);
			return;
		}
	}
}
