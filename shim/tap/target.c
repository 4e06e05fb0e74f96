/* SPDX-License-Identifier: MIT */
#include "tap/target.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

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

/* The loader that the ELF file asks for must be glibc's: "ld-linux". */
static bool interpreter_is_glibc(int fd, const Elf64_Ehdr *e)
{
	for (unsigned i = 0; i < e->e_phnum; i++) {
		Elf64_Phdr ph;
		char name[LIMIT_INTERPRETER];

		if (pread(fd, &ph, sizeof(ph), (off_t)(e->e_phoff + i * sizeof(ph))) != sizeof(ph))
			return false;
		if (ph.p_type != PT_INTERP)
			continue;
		size_t n = ph.p_filesz < sizeof(name) ? ph.p_filesz : sizeof(name);
		ssize_t got = pread(fd, name, n, (off_t)ph.p_offset);
		return got > 0 && slice_has((struct slice){ name, (size_t)got }, SLICE("ld-linux"));
	}
	return false;
}

static bool gains_privilege(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && (st.st_mode & (S_ISUID | S_ISGID)))
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

static bool open_file_loads_preload(int fd, bool follow_shebang)
{
	union {
		Elf64_Ehdr elf;
		char text[LIMIT_INTERPRETER];
	} head = { .text = "" };
	char program[LIMIT_PATH];
	ssize_t n = pread(fd, &head, sizeof(head), 0);

	if (n < 2)
		return true;
	if (follow_shebang && shebang(head.text, (size_t)n, program)) {
		int next = open(program, O_RDONLY | O_CLOEXEC);
		bool loads = next < 0 || open_file_loads_preload(next, false);
		if (next >= 0)
			close(next);
		return loads;
	}
	if (n < (ssize_t)sizeof(head.elf) || memcmp(head.text, ELFMAG, SELFMAG) != 0)
		return true;
	return is_own_elf(&head.elf) && interpreter_is_glibc(fd, &head.elf) && !gains_privilege(fd);
}

bool target_at_loads_preload(int dir, const char *path)
{
	if (*path == '\0')
		return open_file_loads_preload(dir, true);
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return true;
	bool loads = open_file_loads_preload(fd, true);
	close(fd);
	return loads;
}

bool target_loads_preload(const char *path)
{
	return !path || *path == '\0' || target_at_loads_preload(AT_FDCWD, path);
}

static const char *search_path(void)
{
	for (char **e = environ; e && *e; e++)
		if (strncmp(*e, "PATH=", 5) == 0)
			return *e + 5;
	return "/bin:/usr/bin";
}

bool target_in_path_loads_preload(const char *file)
{
	struct slice rest = slice_of(search_path());
	struct slice name = slice_of(file);
	struct slice dir;
	char path[LIMIT_PATH];

	if (!file || slice_byte(name, '/', 0) >= 0)
		return target_loads_preload(file);
	while (slice_cut(&rest, ':', &dir)) {
		if (dir.n + name.n + 2 > sizeof(path))
			continue;
		char *end = mempcpy(path, dir.p, dir.n);
		if (dir.n)
			*end++ = '/';
		memcpy(end, name.p, name.n + 1);
		if (access(path, X_OK) == 0)
			return target_loads_preload(path);
	}
	return true;
}
