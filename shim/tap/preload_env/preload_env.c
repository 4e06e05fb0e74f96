/* SPDX-License-Identifier: MIT */
/*
 * The wrapper rebuilds the child's environment on its own stack (glibc's execl() does
 * so with its argument array) and passes it to the real function; when that returns,
 * it is gone. LD_PRELOAD keeps its other entries, behind ours. The environment of a
 * program that cannot load the library is not changed.
 */
#include "tap/preload_env/preload_env.h"

#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <wordexp.h>

#include "base/direct.h"
#include "base/early.h"
#include "base/limits.h"
#include "base/relay_entry.h"
#include "base/slice.h"
#include "tap/preload_env/relayed.h"
#include "tap/preload_env/exec_target.h"
#include "tap/preload_env/not_preloaded.h"
#include "tap/objects.h"

#define EXPORT __attribute__((visibility("default")))

#define PRELOAD "LD_PRELOAD="
#define FOLLOW "ORSHIM_FOLLOW="

extern char **environ;

/* Immutable after preload_env_start(). */
static struct {
	bool on;
	char library[LIMIT_PATH];
	char kept[LIMIT_KEPT_SETTINGS];   /* NAME=VALUE strings, each ended by NUL */
	char *settings[LIMIT_KEPT_COUNT]; /* into kept */
	size_t count;
} preload_env;

static struct {
	int (*execve)(const char *, char *const[], char *const[]);
	int (*execvpe)(const char *, char *const[], char *const[]);
	int (*execveat)(int, const char *, char *const[], char *const[], int);
	int (*fexecve)(int, char *const[], char *const[]);
	int (*posix_spawn)(pid_t *, const char *, const posix_spawn_file_actions_t *,
			   const posix_spawnattr_t *, char *const[], char *const[]);
	int (*posix_spawnp)(pid_t *, const char *, const posix_spawn_file_actions_t *,
			    const posix_spawnattr_t *, char *const[], char *const[]);
	int (*system)(const char *);
	FILE *(*popen)(const char *, const char *);
	int (*wordexp)(const char *, wordexp_t *, int);
	const char *single_threaded; /* glibc's, from 2.32 on; NULL: not known */
} real EARLY;

static int kernel_execveat(int dir, const char *path, char *const argv[], char *const envp[],
			   int flags)
{
	return (int)syscall(SYS_execveat, dir, path, argv, envp, flags);
}

EARLY_CODE static void resolve_all(void)
{
	real.execve = objects_next("execve");
	real.execvpe = objects_next("execvpe");
	real.execveat = objects_next("execveat");
	if (!real.execveat) /* glibc has it from 2.34 on */
		real.execveat = kernel_execveat;
	real.fexecve = objects_next("fexecve");
	real.posix_spawn = objects_next("posix_spawn");
	real.posix_spawnp = objects_next("posix_spawnp");
	real.system = objects_next("system");
	real.popen = objects_next("popen");
	real.wordexp = objects_next("wordexp");
	real.single_threaded = objects_next("__libc_single_threaded");
}

/* LIBRARY as an absolute path: a child may have another working directory. */
static bool remember_library(const char *library)
{
	if (library[0] != '/')
		return realpath(library, preload_env.library) != NULL;
	if (strlen(library) >= sizeof(preload_env.library))
		return false;
	memcpy(preload_env.library, library, strlen(library) + 1);
	return true;
}

EARLY_CODE void preload_env_start(bool on, const char *library, char *const *environment)
{
	size_t used = 0;

	resolve_all();
	if (!on || !remember_library(library))
		return;
	for (; *environment; environment++) {
		size_t size = strlen(*environment) + 1;
		if (strncmp(*environment, "ORSHIM_", 7) != 0)
			continue;
		if (strncmp(*environment, RELAY_FOLDER "=", sizeof(RELAY_FOLDER)) == 0)
			relayed_start(*environment + sizeof(RELAY_FOLDER));
		if (preload_env.count == LIMIT_KEPT_COUNT || size > sizeof(preload_env.kept) - used)
			return; /* settings that do not fit: better no child than a child with half of them */
		memcpy(preload_env.kept + used, *environment, size);
		preload_env.settings[preload_env.count++] = preload_env.kept + used;
		used += size;
	}
	preload_env.on = true;
	not_preloaded_start();
}

/* The entry of ENVP that begins with NAME ("NAME=…", up to its '='); NULL if it is not set. */
static char *const *entry_of(char *const *envp, const char *name)
{
	size_t n = (size_t)(strchr(name, '=') - name) + 1;

	for (; envp && *envp; envp++)
		if (strncmp(*envp, name, n) == 0)
			return envp;
	return NULL;
}

/* LD_PRELOAD is a list by colons or spaces (ld.so(8)). */
static bool holds_library(const char *entry)
{
	struct slice library = slice_of(preload_env.library);
	struct slice list = slice_from(slice_of(entry), sizeof(PRELOAD) - 1);
	struct slice part, word;

	while (slice_cut(&list, ':', &part))
		while (slice_cut(&part, ' ', &word))
			if (slice_equal(word, library))
				return true;
	return false;
}

/*
 * Is the library not there for the program: deleted since, or in a sandbox or
 * another root? The loader would say so on the host's stderr, if it were named.
 */
static bool is_hidden(char *const *envp)
{
	char *const *wanted = entry_of(envp, FOLLOW);

	return preload_env.on && (!wanted || strcmp(*wanted + sizeof(FOLLOW) - 1, "1") == 0) &&
	       direct_access(preload_env.library, R_OK) != 0;
}

/* The room on the stack that a child's environment needs. */
struct room {
	size_t entries; /* pointers, with the NULL */
	size_t preload; /* bytes of the LD_PRELOAD string */
};

static size_t size_of(const struct room *room)
{
	return room->entries * sizeof(char *) + room->preload;
}

/* Does ENVP need no addition? A parent that set ORSHIM_FOLLOW to another value is obeyed. */
static bool is_complete(char *const *envp)
{
	char *const *preload = entry_of(envp, PRELOAD);
	char *const *wanted = entry_of(envp, FOLLOW);

	if (wanted && strcmp(*wanted + sizeof(FOLLOW) - 1, "1") != 0)
		return true;
	return wanted && preload && holds_library(*preload);
}

/* False: ENVP can be passed as it is, or must be. HIDDEN: the library is to be left out of it. */
static bool room_needed(char *const *envp, bool hidden, struct room *room)
{
	char *const *entry = entry_of(envp, PRELOAD);

	if (!preload_env.on || (hidden ? !entry || !holds_library(*entry) : is_complete(envp)))
		return false;
	room->entries = preload_env.count + 2;
	for (char *const *e = envp; e && *e; e++)
		room->entries++;
	room->preload =
	    sizeof(PRELOAD) + strlen(preload_env.library) + 1 + (entry ? strlen(*entry) : 0);
	return size_of(room) <= LIMIT_PRELOAD_ENV;
}

/* LD_PRELOAD's entry: our library in front of those in OLD (an entry, or NULL). */
static char *preload_entry(const char *old, char *text)
{
	const char *others = old ? old + sizeof(PRELOAD) - 1 : "";
	char *end = mempcpy(text, PRELOAD, sizeof(PRELOAD) - 1);

	if (old && holds_library(old)) {
		memcpy(end, others, strlen(others) + 1);
		return text;
	}
	end = mempcpy(end, preload_env.library, strlen(preload_env.library));
	if (*others)
		*end++ = ':';
	memcpy(end, others, strlen(others) + 1);
	return text;
}

/* LD_PRELOAD's entry OLD without our library, in TEXT; NULL: nothing is left of it. */
static char *others_entry(const char *old, char *text)
{
	struct slice list = slice_from(slice_of(old), sizeof(PRELOAD) - 1);
	struct slice library = slice_of(preload_env.library);
	char *end = mempcpy(text, PRELOAD, sizeof(PRELOAD) - 1), *first = end;

	while (list.n) {
		size_t n = strcspn(list.p, ": ");
		struct slice word = slice_sub(list, 0, n);
		if (n && !slice_equal(word, library)) {
			if (end != first)
				*end++ = ':';
			end = mempcpy(end, word.p, word.n);
		}
		list = slice_from(list, n < list.n ? n + 1 : list.n);
	}
	*end = '\0';
	return end == first ? NULL : text;
}

/* ENVP without our library in LD_PRELOAD; ENTRIES and TEXT are as large as room_needed() said. */
static char **leave_out(char *const *envp, char **entries, char *text)
{
	size_t n = 0;

	for (char *const *e = envp; e && *e; e++) {
		char *kept = strncmp(*e, PRELOAD, sizeof(PRELOAD) - 1) == 0 ? others_entry(*e, text)
									      : *e;
		if (kept)
			entries[n++] = kept;
	}
	entries[n] = NULL;
	return entries;
}

/* Fill ENTRIES and PRELOAD_TEXT, both as large as room_needed() said. */
static char **rebuild(char *const *envp, char **entries, char *preload_text)
{
	char *const *old = entry_of(envp, PRELOAD);
	size_t n = 0;

	entries[n++] = preload_entry(old ? *old : NULL, preload_text);
	for (size_t i = 0; i < preload_env.count; i++)
		if (!entry_of(envp, preload_env.settings[i]))
			entries[n++] = preload_env.settings[i];
	for (char *const *e = envp; e && *e; e++)
		if (e != old)
			entries[n++] = *e;
	entries[n] = NULL;
	return entries;
}

static bool is_too_big(int result)
{
	return result == E2BIG || (result == -1 && errno == E2BIG);
}

/*
 * CALL with ENVP completed in `child_env`, unless LOOK finds that the program in
 * `target` would not load the library. If the kernel refuses the environment as too
 * large, CALL is made again with ENVP as it came. BY_ENTRY is the same call of
 * `entry` with `words`, for programs that are to be relayed; if it fails, CALL
 * follows. CHILD is where the call puts its child's pid; NULL: the program replaces
 * this process. A macro, because the arrays are in the frame of the calling function
 * and their size depends on its arguments.
 */
#define WITH_SHIM(envp, argv, look, call, by_entry, child)                                \
	do {                                                                              \
		char *const *given = (envp), *const *child_env = given;                   \
		struct exec_target target = { .kind = EXEC_LOADS };                       \
		int kept_errno = errno, result;                                           \
		struct room room;                                                         \
		if (!real.execve) /* before our constructor */                            \
			resolve_all();                                                    \
		bool hidden = is_hidden(given);                                           \
		bool changes = room_needed(given, hidden, &room);                         \
		bool dropped = changes || hidden;                                         \
		if (dropped || relayed_is_on())                                           \
			look;                                                             \
		if (hidden && target.kind == EXEC_LOADS)                                  \
			target.kind = EXEC_HIDDEN;                                        \
		if (changes && (hidden || target.kind == EXEC_LOADS)) {                   \
			char **entries = __builtin_alloca(room.entries * sizeof(char *)); \
			char *text = __builtin_alloca(room.preload);                      \
			child_env = hidden ? leave_out(given, entries, text)              \
					   : rebuild(given, entries, text);               \
		}                                                                         \
		size_t count = relayed_room(&target, argv);                               \
		if (count) {                                                              \
			char **words = __builtin_alloca(count * sizeof(char *));          \
			const char *entry = relayed_words(words, &target, argv);          \
			errno = kept_errno;                                               \
			result = by_entry;                                                \
			if ((child) && result == 0)                                       \
				return result;                                            \
		} else if (dropped && target.kind != EXEC_LOADS && !(child)) {            \
			not_preloaded_report(&target, getpid(), getppid());               \
		}                                                                         \
		errno = kept_errno;                                                       \
		result = call;                                                            \
		if (child_env != given && is_too_big(result)) {                           \
			child_env = given;                                                \
			errno = kept_errno;                                               \
			result = call;                                                    \
		}                                                                         \
		if (dropped && target.kind != EXEC_LOADS && (child) && result == 0)       \
			not_preloaded_report(&target, *(pid_t *)(child), getpid());       \
		return result;                                                            \
	} while (0)

/* Programs that are known by a descriptor alone are not relayed. */
#define BY_NO_ENTRY ((void)entry, (void)words, -1)
#define EXEC_ENTRY real.execve(entry, words, child_env)
#define SPAWN_ENTRY real.posix_spawn(child, entry, actions, attributes, words, child_env)

EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	WITH_SHIM(envp, argv, exec_target_of(&target, path), real.execve(path, argv, child_env),
		  EXEC_ENTRY, NULL);
}

EXPORT int execv(const char *path, char *const argv[])
{
	WITH_SHIM(environ, argv, exec_target_of(&target, path), real.execve(path, argv, child_env),
		  EXEC_ENTRY, NULL);
}

EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	WITH_SHIM(envp, argv, exec_target_in_path(&target, file),
		  real.execvpe(file, argv, child_env), EXEC_ENTRY, NULL);
}

EXPORT int execvp(const char *file, char *const argv[])
{
	WITH_SHIM(environ, argv, exec_target_in_path(&target, file),
		  real.execvpe(file, argv, child_env), EXEC_ENTRY, NULL);
}

/* glibc declares it from 2.34 on. */
extern int execveat(int dir, const char *path, char *const argv[], char *const envp[], int flags);

EXPORT int execveat(int dir, const char *path, char *const argv[], char *const envp[], int flags)
{
	char *const *unnamed = NULL;

	WITH_SHIM(envp, unnamed, exec_target_at(&target, dir, path),
		  real.execveat(dir, path, argv, child_env, flags), BY_NO_ENTRY, NULL);
}

EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	char *const *unnamed = NULL;

	WITH_SHIM(envp, unnamed, exec_target_at(&target, fd, ""), real.fexecve(fd, argv, child_env),
		  BY_NO_ENTRY, NULL);
}

EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	pid_t unasked, *child = pid ? pid : &unasked;

	WITH_SHIM(envp, argv, exec_target_of(&target, path),
		  real.posix_spawn(child, path, actions, attributes, argv, child_env), SPAWN_ENTRY,
		  child);
}

EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
			const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	pid_t unasked, *child = pid ? pid : &unasked;

	WITH_SHIM(envp, argv, exec_target_in_path(&target, file),
		  real.posix_spawnp(child, file, actions, attributes, argv, child_env), SPAWN_ENTRY,
		  child);
}

/*
 * system(), popen() and wordexp() start sh with `environ` as it is, by calls inside libc
 * that pass no exported name. A process that took LD_PRELOAD out of its own
 * environment gets it back for the time of the call, where no other thread can
 * see that. The memory is mapped: a signal handler may jump out of system().
 */
struct lent {
	char **environment; /* what `environ` was; NULL: nothing was changed */
	char **entries;
	size_t size;
};

static struct lent lend_environment(void)
{
	struct lent lent = { 0 };
	struct exec_target shell;
	struct room room;

	if (!real.execve)
		resolve_all();
	if (!real.single_threaded || !*real.single_threaded ||
	    is_hidden(environ) || !room_needed(environ, false, &room))
		return lent;
	exec_target_of(&shell, "/bin/sh");
	if (shell.kind != EXEC_LOADS)
		return lent;
	lent.size = size_of(&room);
	void *memory =
	    mmap(NULL, lent.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return lent;
	lent.entries = memory;
	lent.environment = environ;
	environ = rebuild(environ, lent.entries, (char *)(lent.entries + room.entries));
	return lent;
}

/* A handler that ran meanwhile and set a variable has made `environ` its own. */
static void take_back(const struct lent *lent)
{
	if (!lent->environment || environ != lent->entries)
		return;
	environ = lent->environment;
	munmap(lent->entries, lent->size);
}

EXPORT int system(const char *command)
{
	int kept_errno = errno;
	struct lent lent = command ? lend_environment() : (struct lent){ 0 };

	if (!real.system)
		resolve_all();
	errno = kept_errno;
	int result = real.system(command);
	kept_errno = errno;
	take_back(&lent);
	errno = kept_errno;
	return result;
}

EXPORT FILE *popen(const char *command, const char *mode)
{
	int kept_errno = errno;
	struct lent lent = lend_environment();

	errno = kept_errno;
	FILE *result = real.popen(command, mode);
	kept_errno = errno;
	take_back(&lent);
	errno = kept_errno;
	return result;
}

/* Words without a command in them start nothing. */
EXPORT int wordexp(const char *words, wordexp_t *to, int flags)
{
	int kept_errno = errno;
	bool commands = !(flags & WRDE_NOCMD) && (strchr(words, '`') || strstr(words, "$("));
	struct lent lent = commands ? lend_environment() : (struct lent){ 0 };

	if (!real.wordexp)
		resolve_all();
	errno = kept_errno;
	int result = real.wordexp(words, to, flags);
	kept_errno = errno;
	take_back(&lent);
	errno = kept_errno;
	return result;
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
