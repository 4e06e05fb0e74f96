/* SPDX-License-Identifier: MIT */
/*
 * The environment of a child is rebuilt on the stack of the call (glibc's own
 * execl() takes its argument array from there too), handed to the real
 * function, and gone when it returns. LD_PRELOAD keeps what else stands in it,
 * ours in front. Targets that cannot load the library are left alone.
 */
#include "tap/follow.h"

#include <dlfcn.h>
#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/slice.h"
#include "tap/early.h"
#include "tap/target.h"

#define EXPORT __attribute__((visibility("default")))

#define PRELOAD "LD_PRELOAD="

extern char **environ;

/* Immutable after follow_start(). */
static struct {
	bool on;
	char library[LIMIT_PATH];
	char kept[LIMIT_KEPT_SETTINGS];   /* NAME=VALUE strings, each ended by NUL */
	char *settings[LIMIT_KEPT_COUNT]; /* into kept */
	size_t count;
} follow;

static struct {
	int (*execve)(const char *, char *const[], char *const[]);
	int (*execvpe)(const char *, char *const[], char *const[]);
	int (*execveat)(int, const char *, char *const[], char *const[], int);
	int (*fexecve)(int, char *const[], char *const[]);
	int (*posix_spawn)(pid_t *, const char *, const posix_spawn_file_actions_t *,
			   const posix_spawnattr_t *, char *const[], char *const[]);
	int (*posix_spawnp)(pid_t *, const char *, const posix_spawn_file_actions_t *,
			    const posix_spawnattr_t *, char *const[], char *const[]);
} real EARLY;

static void resolve_all(void)
{
	real.execve = dlsym(RTLD_NEXT, "execve");
	real.execvpe = dlsym(RTLD_NEXT, "execvpe");
	real.execveat = dlsym(RTLD_NEXT, "execveat");
	real.fexecve = dlsym(RTLD_NEXT, "fexecve");
	real.posix_spawn = dlsym(RTLD_NEXT, "posix_spawn");
	real.posix_spawnp = dlsym(RTLD_NEXT, "posix_spawnp");
}

void follow_start(bool on, const char *library, char *const *environment)
{
	size_t used = 0;

	resolve_all();
	if (!on || strlen(library) >= sizeof(follow.library))
		return;
	memcpy(follow.library, library, strlen(library) + 1);
	for (; *environment; environment++) {
		size_t size = strlen(*environment) + 1;
		if (strncmp(*environment, "ORSHIM_", 7) != 0)
			continue;
		if (follow.count == LIMIT_KEPT_COUNT || size > sizeof(follow.kept) - used)
			return; /* settings that do not fit: better no child than a child with half of them */
		memcpy(follow.kept + used, *environment, size);
		follow.settings[follow.count++] = follow.kept + used;
		used += size;
	}
	follow.on = true;
}

/* Is the variable of the entry KEPT ("NAME=VALUE") set in ENVP? */
static bool is_set(char *const *envp, const char *kept)
{
	size_t name = (size_t)(strchr(kept, '=') - kept) + 1;

	for (; *envp; envp++)
		if (strncmp(*envp, kept, name) == 0)
			return true;
	return false;
}

static char *const *preload_entry(char *const *envp)
{
	for (; *envp; envp++)
		if (strncmp(*envp, PRELOAD, sizeof(PRELOAD) - 1) == 0)
			return envp;
	return NULL;
}

static bool holds_library(const char *entry)
{
	return entry && slice_has(slice_of(entry), slice_of(follow.library));
}

/* What a child's environment takes on the stack. */
struct room {
	size_t entries; /* pointers, with the NULL */
	size_t preload; /* bytes of the LD_PRELOAD string */
};

/* False: ENVP can be passed as it is. */
static bool room_needed(char *const *envp, struct room *room)
{
	static char *const nothing[] = { NULL };

	if (!follow.on)
		return false;
	if (!envp)
		envp = nothing;
	char *const *entry = preload_entry(envp);
	if (entry && holds_library(*entry))
		return false;
	room->entries = follow.count + 2;
	for (char *const *e = envp; *e; e++)
		room->entries++;
	room->preload = sizeof(PRELOAD) + strlen(follow.library) + 1 + (entry ? strlen(*entry) : 0);
	return true;
}

/* Fill ENTRIES and PRELOAD_TEXT, both as large as room_needed() said. */
static char **rebuild(char *const *envp, char **entries, char *preload_text)
{
	char *const *old = envp ? preload_entry(envp) : NULL;
	const char *others = old ? *old + sizeof(PRELOAD) - 1 : "";
	char *end = mempcpy(preload_text, PRELOAD, sizeof(PRELOAD) - 1);
	size_t n = 0;

	end = mempcpy(end, follow.library, strlen(follow.library));
	if (*others)
		*end++ = ':';
	memcpy(end, others, strlen(others) + 1);

	entries[n++] = preload_text;
	for (size_t i = 0; i < follow.count; i++)
		if (!envp || !is_set(envp, follow.settings[i]))
			entries[n++] = follow.settings[i];
	for (char *const *e = envp; e && *e; e++)
		if (e != old)
			entries[n++] = *e;
	entries[n] = NULL;
	return entries;
}

/*
 * CALL with ENVP completed in `child_env`, unless TARGET_OK is false. The
 * arrays live in the calling function's frame, sized by what is there: this
 * cannot be a function of its own.
 */
#define WITH_SHIM(envp, target_ok, call)                                                  \
	do {                                                                              \
		struct room room;                                                         \
		char *const *child_env = (envp);                                          \
		int kept_errno = errno;                                                   \
		if (!real.execve) /* before our constructor */                            \
			resolve_all();                                                    \
		if (room_needed(child_env, &room) && (target_ok)) {                       \
			char **entries = __builtin_alloca(room.entries * sizeof(char *)); \
			char *text = __builtin_alloca(room.preload);                      \
			child_env = rebuild(child_env, entries, text);                    \
		}                                                                         \
		errno = kept_errno;                                                       \
		return call;                                                              \
	} while (0)

EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	WITH_SHIM(envp, target_loads_preload(path), real.execve(path, argv, child_env));
}

EXPORT int execv(const char *path, char *const argv[])
{
	WITH_SHIM(environ, target_loads_preload(path), real.execve(path, argv, child_env));
}

EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	WITH_SHIM(envp, target_in_path_loads_preload(file), real.execvpe(file, argv, child_env));
}

EXPORT int execvp(const char *file, char *const argv[])
{
	WITH_SHIM(environ, target_in_path_loads_preload(file), real.execvpe(file, argv, child_env));
}

EXPORT int execveat(int dir, const char *path, char *const argv[], char *const envp[], int flags)
{
	WITH_SHIM(envp, target_at_loads_preload(dir, path),
		  real.execveat(dir, path, argv, child_env, flags));
}

EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	WITH_SHIM(envp, target_at_loads_preload(fd, ""), real.fexecve(fd, argv, child_env));
}

EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	WITH_SHIM(envp, target_loads_preload(path),
		  real.posix_spawn(pid, path, actions, attributes, argv, child_env));
}

EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
			const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	WITH_SHIM(envp, target_in_path_loads_preload(file),
		  real.posix_spawnp(pid, file, actions, attributes, argv, child_env));
}

/* How many arguments follow, the NULL not counted. ARGS is left as it was. */
static size_t count_arguments(va_list *args)
{
	va_list walk;
	size_t n = 0;

	va_copy(walk, *args);
	while (va_arg(walk, char *))
		n++;
	va_end(walk);
	return n;
}

/* Put FIRST and the arguments of ARGS, with their NULL, into ARGV. */
static void take_arguments(char **argv, const char *first, va_list *args)
{
	*argv = (char *)first;
	do
		*++argv = va_arg(*args, char *);
	while (*argv);
}

/*
 * The execl family: the arguments as an array in this frame. The headers
 * declare the first one never NULL.
 */
#define LIST_ARGUMENTS(argv, args, first)                                              \
	va_start(args, first);                                                         \
	char **argv = __builtin_alloca((count_arguments(&args) + 2) * sizeof(char *)); \
	take_arguments(argv, first, &args)

EXPORT int execl(const char *path, const char *arg, ...)
{
	va_list args;

	LIST_ARGUMENTS(argv, args, arg);
	va_end(args);
	return execv(path, argv);
}

EXPORT int execlp(const char *file, const char *arg, ...)
{
	va_list args;

	LIST_ARGUMENTS(argv, args, arg);
	va_end(args);
	return execvp(file, argv);
}

EXPORT int execle(const char *path, const char *arg, ...)
{
	va_list args;

	LIST_ARGUMENTS(argv, args, arg);
	char *const *envp = va_arg(args, char *const *);
	va_end(args);
	return execve(path, argv, envp);
}
