/* SPDX-License-Identifier: MIT */
#include "tools/program/launcher.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "tools/program/elf.h"
#include "cJSON.h"

enum {
	SCRIPT_MAX = 1 << 20, /* bytes of a launcher or package.json */
	FOLDERS_UP = 4,       /* from a launcher to its package.json */
	FOLDERS_DOWN = 5,     /* from a platform package to its binary */
};

#if defined(__aarch64__)
static const char *const our_platform[] = { "linux-arm64", "linux-aarch64" };
#else
static const char *const our_platform[] = { "linux-x64", "linux-x86_64" };
#endif

static bool is_elf(const char *path, off_t *size)
{
	char magic[SELFMAG];
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool elf;

	if (fd < 0)
		return false;
	elf = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & 0111 &&
	      read(fd, magic, sizeof(magic)) == SELFMAG && memcmp(magic, ELFMAG, SELFMAG) == 0;
	close(fd);
	if (elf)
		*size = st.st_size;
	return elf;
}

static bool load(const char *path, struct buf *text)
{
	char chunk[8192];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	buf_init(text, SCRIPT_MAX);
	if (fd < 0)
		return false;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0 &&
	       buf_add_some(text, chunk, (size_t)n) == (size_t)n)
		;
	close(fd);
	return text->n > 0;
}

/* An add-on (.node) or a library may be executable, too, but is not a program. */
static bool is_program(const char *path)
{
	const char *why;
	struct elf e;

	if (!elf_open(&e, path, &why))
		return false;
	bool is = elf_is_program(&e);
	elf_close(&e);
	return is;
}

/* The largest ELF program below FOLDER; the others there are small tools such as rg. */
static void largest_elf(const char *folder, int depth, char best[PATH_MAX], off_t *best_size)
{
	DIR *d = depth ? opendir(folder) : NULL;
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		char path[PATH_MAX];
		off_t size;

		if (entry->d_name[0] == '.' ||
		    snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >= PATH_MAX)
			continue;
		if (entry->d_type == DT_DIR) {
			largest_elf(path, depth - 1, best, best_size);
		} else if (is_elf(path, &size) && size > *best_size && is_program(path)) {
			*best_size = size;
			memcpy(best, path, sizeof(path));
		}
	}
	if (d)
		closedir(d);
}

/* The package NAME as seen from FOLDER: in its node_modules or in one further up. */
static bool platform_package(const char *folder, const char *name, char real[PATH_MAX])
{
	char at[PATH_MAX];
	char path[PATH_MAX];
	off_t size = 0;

	snprintf(at, sizeof(at), "%s", folder);
	for (char *end = at + strlen(at); end; end = strrchr(at, '/')) {
		*end = '\0';
		if (snprintf(path, sizeof(path), "%s/node_modules/%s", at, name) < PATH_MAX)
			largest_elf(path, FOLDERS_DOWN, real, &size);
		if (size)
			return true;
	}
	return false;
}

static bool names_our_platform(const char *package, bool musl)
{
	return (strstr(package, our_platform[0]) || strstr(package, our_platform[1])) &&
	       !!strstr(package, "musl") == musl;
}

static bool follow_package(const char *folder, const cJSON *json, char real[PATH_MAX])
{
	const cJSON *optional = cJSON_GetObjectItemCaseSensitive(json, "optionalDependencies");
	const cJSON *row;

	/* npm installs one of the two; where both are, glibc's is the one that runs. */
	for (int musl = 0; musl < 2; musl++)
		cJSON_ArrayForEach(row, optional)
		{
			if (names_our_platform(row->string, musl) &&
			    platform_package(folder, row->string, real))
				return true;
		}
	return false;
}

/* The package.json nearest above SCRIPT names a package for this platform. */
static bool follow_npm(const char *script, char real[PATH_MAX])
{
	char folder[PATH_MAX];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", script);
	for (int i = 0; i < FOLDERS_UP && (slash = strrchr(folder, '/')); i++) {
		struct buf text;
		bool found;
		cJSON *json;

		snprintf(slash, (size_t)(folder + PATH_MAX - slash), "/package.json");
		found = load(folder, &text);
		*slash = '\0';
		json = found ? cJSON_ParseWithLength(text.p, text.n) : NULL;
		buf_release(&text);
		found = json && follow_package(folder, json, real);
		cJSON_Delete(json);
		if (json)
			return found;
	}
	return false;
}

/* A path that the script names is the program, or a folder with a program of the same name. */
static bool try_word(struct slice word, const char *name, char real[PATH_MAX])
{
	char path[PATH_MAX];
	off_t size;
	const char *file;

	if (word.n < 2 || word.n > PATH_MAX / 2)
		return false;
	snprintf(path, sizeof(path), "%.*s", SLICE_ARG(word));
	file = strrchr(path, '/');
	if (strcmp(file + 1, name) == 0 && is_elf(path, &size) && realpath(path, real))
		return true;
	snprintf(path, sizeof(path), "%.*s/%s", SLICE_ARG(word), name);
	return is_elf(path, &size) && realpath(path, real);
}

static bool follow_shell(const char *script, char real[PATH_MAX])
{
	static const char ends[] = " \t\n\"'`;:=()${}<>|&";
	const char *name = strrchr(script, '/');
	char up[PATH_MAX];
	struct buf text;
	bool found = false;

	if (!name || !load(script, &text))
		return false;
	for (size_t i = 0; i < text.n && !found; i++) {
		size_t n = 0;

		if (text.p[i] != '/' || (i > 0 && !strchr(ends, text.p[i - 1])))
			continue;
		while (i + n < text.n && text.p[i + n] && !strchr(ends, text.p[i + n]))
			n++;
		found = try_word((struct slice){ text.p + i, n }, name + 1, real);
		i += n - 1;
	}
	buf_release(&text);
	if (found)
		return true;
	snprintf(up, sizeof(up), "%.*s/..", (int)(name - script), script);
	return try_word(slice_of(up), name + 1, real); /* bin/code of VS Code starts ../code */
}

/* The first line of ROOT/FILE, without its end; false: there is none. */
static bool read_version(const char *folder, const char *file, char version[64])
{
	char path[PATH_MAX];
	FILE *f;

	if (snprintf(path, sizeof(path), "%s/%s", folder, file) >= PATH_MAX ||
	    !(f = fopen(path, "re")))
		return false;
	bool read = fscanf(f, "%63s", version) == 1;
	fclose(f);
	return read;
}

/* As pyenv-version-name(1): the variable, .python-version here or above, ROOT/version. */
static bool pyenv_version(const char *root, char version[64])
{
	const char *given = getenv("PYENV_VERSION");
	char here[PATH_MAX];

	if (given && *given)
		return snprintf(version, 64, "%.*s", (int)strcspn(given, ":"), given) < 64;
	if (getcwd(here, sizeof(here)))
		for (char *end = here + strlen(here); end; end = strrchr(here, '/')) {
			*end = '\0';
			if (read_version(here, ".python-version", version))
				return true;
		}
	return read_version(root, "version", version);
}

/* ROOT/shims/NAME of pyenv executes ROOT/versions/VERSION/bin/NAME; of "system" what follows in PATH. */
static bool follow_pyenv(const char *script, char real[PATH_MAX])
{
	const char *name = strrchr(script, '/');
	const char *shims = strstr(script, "/shims/");
	char root[PATH_MAX], version[64], path[PATH_MAX];
	struct buf text;
	off_t size;

	if (!name || !shims || shims + strlen("/shims") != name || !load(script, &text))
		return false;
	bool is = slice_has(buf_slice(&text), SLICE("pyenv"));
	buf_release(&text);
	snprintf(root, sizeof(root), "%.*s", (int)(shims - script), script);
	return is && pyenv_version(root, version) &&
	       snprintf(path, sizeof(path), "%s/versions/%s/bin%s", root, version, name) <
		   PATH_MAX &&
	       is_elf(path, &size) && realpath(path, real);
}

bool launcher_follow(const char *script, char real[PATH_MAX], const char **how)
{
	if (follow_npm(script, real)) {
		*how = "its npm package brings a program for this platform";
		return true;
	}
	if (follow_pyenv(script, real)) {
		*how = "pyenv's shim executes the program of this version";
		return true;
	}
	*how = "the script names the program";
	return follow_shell(script, real);
}
