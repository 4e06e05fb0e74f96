/* SPDX-License-Identifier: MIT */
#include "tools/log/runs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "report/json_out.h"
#include "report/record.h"
#include "tools/log/command_words.h"
#include "tools/log/log_row.h"

enum { META_MAX = 4 << 20, META_VERSION = 1, NAME_SIZE = 48 };

static const char *const run_files[] = { "log", "log.1", "text", "run.json" };

char *path_join(const char *folder, const char *name)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		die("out of memory");
	return path;
}

/* Create the folder and its parents; existing ones keep their mode. */
static bool make_folders(char *path)
{
	for (char *at = path + 1; (at = strchr(at, '/')); at++) {
		*at = 0;
		bool made = mkdir(path, 0700) == 0 || errno == EEXIST;
		*at = '/';
		if (!made)
			return false;
	}
	return mkdir(path, 0700) == 0 || errno == EEXIST;
}

/* XDG Base Directory Specification: relative values are ignored. */
char *state_path(const char *name, bool create)
{
	const char *base = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	char *folder;

	if (base && base[0] == '/')
		folder = path_join(base, "orshim");
	else if (home && home[0] == '/')
		folder = path_join(home, ".local/state/orshim");
	else
		return NULL;
	if (create && !make_folders(folder)) {
		free(folder);
		return NULL;
	}
	char *path = path_join(folder, name);
	free(folder);
	return path;
}

static int by_name_backwards(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*b)->d_name, (*a)->d_name);
}

static int is_run(const struct dirent *d)
{
	return d->d_name[0] == '2';
}

static void remove_run(const char *runs, const char *name)
{
	char *folder = path_join(runs, name);

	for (size_t i = 0; i < sizeof(run_files) / sizeof(run_files[0]); i++) {
		char *file = path_join(folder, run_files[i]);
		unlink(file);
		free(file);
	}
	rmdir(folder);
	free(folder);
}

static void prune(const char *runs)
{
	struct dirent **found = NULL;
	int n = scandir(runs, &found, is_run, by_name_backwards);

	for (int i = 0; i < n; i++) {
		if (i >= RUNS_KEPT)
			remove_run(runs, found[i]->d_name);
		free(found[i]);
	}
	free(found);
}

/* Sorts by time: "20261124-015930-123-4711". */
static void name_now(char name[NAME_SIZE])
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	size_t n = strftime(name, NAME_SIZE, "%Y%m%d-%H%M%S", &tm);
	snprintf(name + n, NAME_SIZE - n, "-%03ld-%d", now.tv_nsec / 1000000, (int)getpid());
}

static void put_arguments(struct json_out *j, char **argv)
{
	bool withheld = false;

	json_array(j, "argv");
	for (size_t i = 0; argv[i]; i++) {
		bool secret = word_is_secret((const char *const *)argv, i);
		json_text(j, NULL, secret ? "<withheld>" : argv[i]);
		withheld |= secret;
	}
	json_array_end(j);
	json_bool(j, "withheld", withheld);
}

static void write_meta(const char *folder, char **argv, int64_t start_us, int status)
{
	char ts[TIMESTAMP_SIZE];
	struct json_out j;
	struct buf meta;

	record_timestamp(start_us, ts);
	buf_init(&meta, META_MAX);
	json_out_init(&j, &meta);
	json_object(&j, NULL);
	json_number(&j, "v", META_VERSION);
	json_text(&j, "ts", ts);
	put_arguments(&j, argv);
	char *cwd = getcwd(NULL, 0);
	json_text(&j, "cwd", cwd);
	free(cwd);
	if (status < 0)
		json_null(&j, "status");
	else
		json_number(&j, "status", status);
	json_object_end(&j);
	char *path = path_join(folder, "run.json");
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && json_out_ok(&j))
		write_all(fd, buf_slice(&meta));
	if (fd >= 0)
		close(fd);
	free(path);
	buf_release(&meta);
}

char *run_keep(char **argv, int64_t start_us)
{
	char *runs = state_path("runs", true);
	char name[NAME_SIZE];

	if (!runs)
		return NULL;
	if (mkdir(runs, 0700) != 0 && errno != EEXIST) {
		free(runs);
		return NULL;
	}
	name_now(name);
	char *folder = path_join(runs, name);
	if (mkdir(folder, 0700) != 0) {
		free(folder);
		folder = NULL;
	} else {
		write_meta(folder, argv, start_us, -1);
		prune(runs);
	}
	free(runs);
	return folder;
}

void run_ended(const char *folder, char **argv, int64_t start_us, int status)
{
	write_meta(folder, argv, start_us, status);
}

static char *copy_text(const char *s)
{
	char *copy = s ? strdup(s) : NULL;

	if (s && !copy)
		die("out of memory");
	return copy;
}

/* Does the JSON text have an escape of NUL? cJSON ends a string there. */
static bool has_nul(struct slice text)
{
	for (size_t i = 0; i + 1 < text.n; i++) {
		if (text.p[i] != '\\')
			continue;
		if (slice_starts(slice_from(text, i), SLICE("\\u0000")))
			return true;
		i++; /* the escaped character */
	}
	return false;
}

/* Read the regular file PATH into TEXT. Returns why it cannot be read, static; NULL: it was. */
static const char *load_meta(const char *path, struct buf *text)
{
	char piece[16384];
	const char *why = NULL;
	struct stat st;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);

	if (fd < 0)
		return errno == ENOENT  ? "it has no run.json"
		       : errno == ELOOP ? "its run.json is a symbolic link"
					: "its run.json cannot be read";
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		why = "its run.json is not a regular file";
	while (!why && (n = read(fd, piece, sizeof(piece))) != 0)
		if (n < 0)
			why = "its run.json cannot be read";
		else if (buf_add(text, piece, (size_t)n) != 0)
			why = "its run.json is longer than 4 MiB";
	close(fd);
	return why;
}

static const char *check_meta(const cJSON *meta)
{
	const cJSON *argv = log_member(meta, "argv"), *word;

	if (!meta)
		return "its run.json is not JSON";
	if (log_number(meta, "v", 0) != META_VERSION)
		return "its run.json is of another version of orshim";
	if (!cJSON_IsArray(argv) || cJSON_GetArraySize(argv) < 1)
		return "its run.json names no command";
	cJSON_ArrayForEach(word, argv) if (
	    !cJSON_IsString(word)) return "its run.json has an argument that is not a text";
	return NULL;
}

/* JSON is UTF-8: for each other byte run.json has U+FFFD. */
static bool lost_bytes(const char *word)
{
	return word && strstr(word, "\xef\xbf\xbd") != NULL;
}

/* May somebody else have written the folder, or put it there? */
static bool others_may_write(const char *folder)
{
	struct stat st;

	return lstat(folder, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	       (st.st_mode & (S_IWGRP | S_IWOTH));
}

static void read_run(struct kept_run *run, char *folder, bool others_may_write_above)
{
	char *path = path_join(folder, "run.json");
	const cJSON *word;
	cJSON *meta = NULL;
	struct buf text;
	size_t n = 0;

	*run = (struct kept_run){ .folder = folder, .status = -1 };
	run->unsafe = others_may_write_above || others_may_write(folder);
	buf_init(&text, META_MAX);
	run->trouble = load_meta(path, &text);
	if (!run->trouble && has_nul(buf_slice(&text)))
		run->trouble = "its run.json has an argument with a NUL";
	if (!run->trouble) {
		meta = cJSON_ParseWithLength(text.p ? text.p : "", text.n);
		run->trouble = check_meta(meta);
	}
	free(path);
	buf_release(&text);
	const cJSON *argv = run->trouble ? NULL : log_member(meta, "argv");
	run->argv = calloc((size_t)cJSON_GetArraySize(argv) + 1, sizeof(*run->argv));
	if (!run->argv)
		die("out of memory");
	cJSON_ArrayForEach(word, argv)
	{
		run->inexact |= lost_bytes(word->valuestring);
		run->argv[n++] = copy_text(word->valuestring);
	}
	if (!run->trouble) {
		run->cwd = copy_text(log_text(meta, "cwd"));
		run->inexact |= lost_bytes(run->cwd);
		run->start_us = log_time(log_text(meta, "ts"));
		run->status = log_number(meta, "status", -1);
		run->withheld = cJSON_IsTrue(log_member(meta, "withheld"));
	}
	cJSON_Delete(meta);
}

struct kept_run *runs_list(size_t *count)
{
	char *runs = state_path("runs", false);
	struct dirent **found = NULL;
	int n = runs ? scandir(runs, &found, is_run, by_name_backwards) : 0;
	struct kept_run *list = calloc(n > 0 ? (size_t)n : 1, sizeof(*list));

	if (!list)
		die("out of memory");
	bool open_to_others = runs && others_may_write(runs);
	*count = n > 0 ? (size_t)n : 0;
	for (size_t i = 0; i < *count; i++) {
		read_run(&list[i], path_join(runs, found[i]->d_name), open_to_others);
		free(found[i]);
	}
	free(found);
	free(runs);
	return list;
}

void runs_free(struct kept_run *runs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (char **word = runs[i].argv; *word; word++)
			free(*word);
		free(runs[i].argv);
		free(runs[i].folder);
		free(runs[i].cwd);
	}
	free(runs);
}

char *run_log(const struct kept_run *run)
{
	char *path = path_join(run->folder, "log");
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
		return path;
	free(path);
	return NULL;
}

char *runs_newest(const char *name)
{
	size_t count;
	struct kept_run *runs = runs_list(&count);
	char *path = count ? path_join(runs[0].folder, name) : NULL;

	runs_free(runs, count);
	return path;
}

/* Does the log PATH have a request? */
static bool has_exchange(const char *path)
{
	char *line = NULL;
	size_t size = 0;
	bool found = false;
	FILE *f = fopen(path, "re");

	while (f && !found && getline(&line, &size, f) > 0)
		found = strstr(line, "\"record\":\"exchange\"") != NULL;
	free(line);
	if (f)
		fclose(f);
	return found;
}

char *runs_newest_log(bool with_exchange, unsigned *without)
{
	size_t count;
	struct kept_run *runs = runs_list(&count);
	char *path = NULL;

	*without = 0;
	for (size_t i = 0; i < count && !path; i++) {
		path = run_log(&runs[i]);
		if (path && with_exchange && !has_exchange(path)) {
			free(path);
			path = NULL;
		}
		*without += !path;
	}
	runs_free(runs, count);
	return path;
}
