/* SPDX-License-Identifier: MIT */
/*
 * Decides whether a process can be attached to, before anything in it is
 * touched. Each reason continues the line "orshim: attach: node[4711] ".
 */
#include <elf.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/attach/target.h"
#include "tools/command.h"
#include "tools/program/elf.h"

#if defined(__x86_64__)
enum { OUR_MACHINE = EM_X86_64 };
#else
enum { OUR_MACHINE = EM_AARCH64 };
#endif

/* The fields of /proc/PID/status that we need. */
struct status {
	char state;
	int group; /* the process of this thread */
	int tracer;
	unsigned uid[4];
	int seccomp;
	bool has_memory;   /* kernel threads have none */
	bool shadow_stack; /* shadow stack: returns are checked */
};

static char text[512];

__attribute__((format(printf, 1, 2))) static const char *because(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return text;
}

static bool read_status(pid_t pid, struct status *s)
{
	char path[64], line[512];
	FILE *f;

	memset(s, 0, sizeof(*s));
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		sscanf(line, "State: %c", &s->state);
		sscanf(line, "Tgid: %d", &s->group);
		sscanf(line, "TracerPid: %d", &s->tracer);
		sscanf(line, "Seccomp: %d", &s->seccomp);
		sscanf(line, "Uid: %u %u %u %u", &s->uid[0], &s->uid[1], &s->uid[2], &s->uid[3]);
		s->has_memory |= strncmp(line, "VmSize:", 7) == 0;
		s->shadow_stack |=
		    strncmp(line, "x86_Thread_features:", 20) == 0 && strstr(line, "shstk") != NULL;
	}
	if (f)
		fclose(f);
	return s->state != '\0';
}

static const char *by_owner(const struct target *t, const struct status *s)
{
	const uid_t us = geteuid();
	char path[64];
	struct stat st;

	for (int i = 0; i < 4; i++) {
		if (us != 0 && s->uid[i] != us)
			return because("belongs to another user (uid %u): attach, or start it "
				       "under orshim run, as that user",
				       s->uid[i]);
		if (s->uid[i] != s->uid[0])
			return "has changed its user: orshim does not attach to it; use orshim relay";
	}
	/* The files below /proc/PID belong to root then; the folder itself does not. */
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)t->pid);
	if (stat(path, &st) == 0 && st.st_uid != s->uid[0])
		return "has shut others out (it is not dumpable): start it under orshim run "
		       "instead";
	return NULL;
}

static bool descends_from_us(pid_t pid)
{
	for (int i = 0; i < 64 && pid > 1; i++) {
		char path[64], line[256];
		FILE *f;

		if (pid == getpid())
			return true;
		snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
		f = fopen(path, "re");
		pid = 0;
		while (f && fgets(line, sizeof(line), f))
			sscanf(line, "PPid: %d", &pid);
		if (f)
			fclose(f);
	}
	return false;
}

/* Linux, Documentation/admin-guide/LSM/Yama.rst. */
static const char *by_yama(const struct target *t)
{
	FILE *f = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope = 0;

	if (f && fscanf(f, "%d", &scope) != 1)
		scope = 0;
	if (f)
		fclose(f);
	if (scope == 3)
		return "cannot be attached to: kernel.yama.ptrace_scope is 3, which forbids it "
		       "until "
		       "the next boot; start it under orshim run instead";
	if (geteuid() == 0 || scope == 0 || (scope == 1 && descends_from_us(t->pid)))
		return NULL;
	return because("cannot be attached to: kernel.yama.ptrace_scope is %d; use sudo orshim "
		       "attach, or for now: sudo sysctl kernel.yama.ptrace_scope=0",
		       scope);
}

/* A container is entered before (enter.h); whose namespaces are not even shown, cannot be. */
static const char *by_reach(const struct target *t)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)t->pid);
	if (stat(path, &st) != 0)
		return "is out of reach: it runs outside of this sandbox, or with more rights; "
		       "attach from there, as its user";
	return NULL;
}

/* AT_SECURE in the auxiliary vector: the process gained privileges when it was started. */
static bool is_secure(pid_t pid)
{
	Elf64_auxv_t entry;
	char path[64];
	bool secure = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)pid);
	f = fopen(path, "re");
	while (f && fread(&entry, sizeof(entry), 1, f) == 1)
		secure |= entry.a_type == AT_SECURE && entry.a_un.a_val;
	if (f)
		fclose(f);
	return secure;
}

/* qemu user mode: the program runs as a guest in this process, mapped from its file. */
static bool has_foreign_guest(const struct target *t)
{
	char path[64], *line = NULL;
	size_t size = 0;
	bool found = false;
	uint64_t base, offset;

	if (strncmp(t->name, "qemu-", 5) != 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)t->pid);
	FILE *maps = fopen(path, "re");
	while (maps && !found && getline(&line, &size, maps) > 0) {
		Elf64_Ehdr head; /* up to e_machine the same in 32 bits */

		if (sscanf(line, "%" SCNx64 "-%*x %*s %" SCNx64, &base, &offset) == 2 &&
		    offset == 0 && remote_read(t->pid, base, &head, sizeof(head)))
			found = memcmp(head.e_ident, ELFMAG, SELFMAG) == 0 &&
				head.e_machine != OUR_MACHINE;
	}
	free(line);
	if (maps)
		fclose(maps);
	return found;
}

static const char *by_program(const struct target *t)
{
	struct slice loader;
	char path[64];
	const char *why;
	struct elf e;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)t->pid);
	if (!elf_open(&e, path, &why))
		return because("runs a program that attach cannot work with (%s); use orshim "
			       "relay",
			       why);
	loader = elf_interpreter(&e);
	bool is_musl = loader.p && slice_has(loader, SLICE("musl"));
	bool is_ours = e.head->e_machine == OUR_MACHINE;
	const char *machine = elf_machine(&e);
	elf_close(&e);
	if (!is_ours)
		return because("is a program for %s: attach with an orshim for that", machine);
	if (!loader.p)
		return "is statically linked, and no library can be loaded into it: start it "
		       "under orshim run instead, which sees such programs through a relay";
	if (is_musl)
		return "uses musl, whose loader takes the shim when a program starts and not "
		       "later: "
		       "start it under orshim run instead";
	if (has_foreign_guest(t))
		return "runs a program of another architecture, into which a library of this one "
		       "cannot be loaded; use orshim relay";
	if (is_secure(t->pid))
		return "was started with more rights than its user has (setuid): orshim does not "
		       "attach to it; use orshim relay";
	return NULL;
}

static const char *by_libc(const struct target *t)
{
	if (!t->libc.base)
		return "has no glibc loaded, and nothing can be loaded into it: start it under "
		       "orshim run instead";
	if (!remote_symbol(t->pid, t->libc.base, "dlopen") ||
	    !remote_symbol(t->pid, t->libc.base, "pthread_create"))
		return "cannot be looked into, or its glibc is older than 2.34: start it under "
		       "orshim run instead";
	return NULL;
}

static const char *by_state(const struct target *t, const struct status *s)
{
	if (s->group != t->pid)
		return because("is a thread of process %d: attach to that", s->group);
	if (s->state == 'Z' || s->state == 'X')
		return "has ended already (a zombie): start it anew under orshim run";
	if (!s->has_memory)
		return "is a thread of the kernel";
	if (s->tracer) {
		char tracer[64];
		target_command(s->tracer, tracer, sizeof(tracer));
		return because("is traced by process %d (%s): end that first, or start it under "
			       "orshim run instead",
			       s->tracer, tracer);
	}
	if (s->state == 'T' || s->state == 't')
		return because("is stopped: let it go on first (kill -CONT %d)", (int)t->pid);
	return NULL;
}

static const char *by_kernel_checks(const struct status *s)
{
	if (s->seccomp)
		return s->seccomp == 1
			   ? "is confined by seccomp (strict mode): it may do nothing but read and "
			     "write, and could not load anything; use orshim relay"
			   : "is confined by a seccomp filter (a sandbox or container), "
			     "which may end it for what attaching needs: start it under "
			     "orshim run instead";
	if (s->shadow_stack)
		return "has a shadow stack, with which no call can be made in its place: start it "
		       "under orshim run instead";
	return NULL;
}

const char *target_refusal(const struct target *t)
{
	struct status s;
	const char *why = NULL;

	if (t->pid == getpid())
		return "is this command itself";
	if (!read_status(t->pid, &s))
		return "has ended: start it anew under orshim run";
	why = by_state(t, &s);
	why = why ? why : by_owner(t, &s);
	why = why ? why : by_kernel_checks(&s);
	why = why ? why : by_reach(t);
	why = why ? why : by_program(t);
	why = why ? why : by_yama(t);
	return why ? why : by_libc(t);
}
