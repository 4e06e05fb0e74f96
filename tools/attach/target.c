/* SPDX-License-Identifier: MIT */
#include "tools/attach/target.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "report/record.h"
#include "tools/command.h"
#include "tools/log/command_words.h"

enum { COMMAND_WORDS = 256 }; /* of a command line that is printed */

static const char library_name[] = "liborshim.so";

static void open_words(pid_t pid, const char *file, FILE **f)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	*f = fopen(path, "re");
}

static bool read_owner(struct target *t)
{
	char line[256];
	unsigned uid, gid;
	int found = 0;
	FILE *f;

	open_words(t->pid, "status", &f);
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Uid: %u", &uid) == 1) {
			t->uid = uid;
			found++;
		} else if (sscanf(line, "Gid: %u", &gid) == 1) {
			t->gid = gid;
			found++;
		}
	}
	if (f)
		fclose(f);
	return found == 2;
}

/* A process may call itself what it likes; a terminal would obey it. */
void target_clean(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++)
		if ((*c < ' ' && *c != '\n') || *c == 0x7f ||
		    (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f)) /* C1 in UTF-8 */
			*c = '?';
}

static void read_name(struct target *t)
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)t->pid);
	n = readlink(link, t->exe, sizeof(t->exe) - 1);
	t->exe[n > 0 ? n : 0] = '\0';
	const char *slash = strrchr(t->exe, '/');
	snprintf(t->name, sizeof(t->name), "%s", slash ? slash + 1 : "process");
	target_clean(t->name);
}

static void read_shim(struct target *t)
{
	uint64_t at;

	t->has_shim = remote_find(t->pid, library_name, &t->shim);
	if (!t->has_shim)
		return;
	t->entry = remote_symbol(t->pid, t->shim.base, "orshim_attend");
	at = remote_symbol(t->pid, t->shim.base, "orshim_presence");
	if (!at || !remote_read(t->pid, at, &t->status, sizeof(t->status)) ||
	    t->status.form != ATTACH_FORM)
		memset(&t->status, 0, sizeof(t->status));
	t->status.log[sizeof(t->status.log) - 1] = '\0';
	target_clean(t->status.log);
}

bool target_read(struct target *t, pid_t pid)
{
	memset(t, 0, sizeof(*t));
	t->pid = t->shown = pid;
	if (!read_owner(t))
		return false;
	read_name(t);
	if (!remote_find(pid, "libc.so.6", &t->libc))
		remote_find(pid, "libc-2.", &t->libc);
	read_shim(t);
	return true;
}

/* Arguments of another process are masked as the command line of a run is. */
void target_command(pid_t pid, char *out, size_t size)
{
	char *words[COMMAND_WORDS] = { NULL };
	size_t count = 0, room = 0, n = 0;
	FILE *f;

	out[0] = '\0';
	open_words(pid, "cmdline", &f);
	while (f && count < COMMAND_WORDS && getdelim(&words[count], &room, '\0', f) > 0) {
		count++;
		room = 0;
	}
	for (size_t i = 0; i < count && n + 1 < size; i++) {
		const char *shown =
		    word_is_secret((const char *const *)words, i) ? "<withheld>" : words[i];
		int put = snprintf(out + n, size - n, "%s%s", i ? " " : "", shown);
		n += put > 0 ? (size_t)put : 0;
	}
	for (char *c = out; *c; c++)
		if (*c == '\n')
			*c = '?';
	target_clean(out);
	for (size_t i = 0; i < COMMAND_WORDS; i++)
		free(words[i]);
	if (f)
		fclose(f);
}

/* proc(5), stat: field 22 in clock ticks since the machine began. */
int64_t target_start_us(pid_t pid)
{
	struct timespec real, boot;
	char line[1024];
	unsigned long long ticks = 0;
	FILE *f;

	open_words(pid, "stat", &f);
	size_t n = f ? fread(line, 1, sizeof(line) - 1, f) : 0;
	line[n] = '\0';
	if (f)
		fclose(f);
	char *at = strrchr(line, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, "%llu", &ticks) != 1)
		return 0;
	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return ((int64_t)real.tv_sec - boot.tv_sec) * 1000000 +
	       (real.tv_nsec - boot.tv_nsec) / 1000 +
	       (int64_t)(ticks * 1000000 / (unsigned long long)sysconf(_SC_CLK_TCK));
}

bool target_variable(pid_t pid, const char *name, char *out, size_t size)
{
	char *entry = NULL;
	size_t room = 0, n = strlen(name);
	bool found = false;
	FILE *f;

	open_words(pid, "environ", &f);
	while (f && !found && getdelim(&entry, &room, '\0', f) > 0) {
		found = strncmp(entry, name, n) == 0 && entry[n] == '=';
		if (found)
			snprintf(out, size, "%s", entry + n + 1);
	}
	free(entry);
	if (f)
		fclose(f);
	return found;
}

/* "node", a link's name as it was called, or what the process calls itself. */
static bool is_called(pid_t pid, const char *name)
{
	struct target t = { .pid = pid };
	char comm[64] = "", *first = NULL;
	size_t room = 0;
	FILE *f;
	bool same;

	read_name(&t);
	same = strcmp(t.name, name) == 0;
	open_words(pid, "comm", &f);
	if (f && fgets(comm, sizeof(comm), f))
		comm[strcspn(comm, "\n")] = '\0';
	if (f)
		fclose(f);
	same |= strcmp(comm, name) == 0;
	open_words(pid, "cmdline", &f);
	if (f && getdelim(&first, &room, '\0', f) > 0) {
		const char *slash = strrchr(first, '/');
		same |= strcmp(slash ? slash + 1 : first, name) == 0;
	}
	free(first);
	if (f)
		fclose(f);
	return same;
}

static int by_number(const void *a, const void *b)
{
	return *(const pid_t *)a - *(const pid_t *)b;
}

size_t target_find(const char *name, pid_t *pids, size_t most)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	while (d && count < most && (entry = readdir(d))) {
		struct target t = { .pid = (pid_t)atoi(entry->d_name) };

		if (t.pid <= 0 || t.pid == getpid() || !read_owner(&t) ||
		    (geteuid() != 0 && t.uid != geteuid()) || (name && !is_called(t.pid, name)))
			continue;
		pids[count++] = t.pid;
	}
	if (d)
		closedir(d);
	qsort(pids, count, sizeof(*pids), by_number);
	return count;
}
