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

enum { META_MAX = 4 << 20, NAME_SIZE = 48 };

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
	json_number(&j, "v", 1);
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

static bool read_run(struct kept_run *run, char *folder)
{
	char *path = path_join(folder, "run.json");
	const cJSON *word;
	struct buf text;
	size_t n = 0;

	buf_init(&text, META_MAX);
	bool there = access(path, R_OK) == 0;
	if (there)
		read_file(path, &text);
	free(path);
	cJSON *meta = there ? cJSON_ParseWithLength(text.p ? text.p : "", text.n) : NULL;
	buf_release(&text);
	const cJSON *argv = log_member(meta, "argv");
	int words = cJSON_GetArraySize(argv);
	if (!meta || words < 1) {
		cJSON_Delete(meta);
		return false;
	}
	*run = (struct kept_run){ .folder = folder };
	run->argv = calloc((size_t)words + 1, sizeof(*run->argv));
	if (!run->argv)
		die("out of memory");
	cJSON_ArrayForEach(word, argv) run->argv[n++] =
	    copy_text(cJSON_IsString(word) ? word->valuestring : "");
	run->cwd = copy_text(log_text(meta, "cwd"));
	run->start_us = log_time(log_text(meta, "ts"));
	run->status = log_number(meta, "status", -1);
	run->withheld = cJSON_IsTrue(log_member(meta, "withheld"));
	cJSON_Delete(meta);
	return true;
}

struct kept_run *runs_list(size_t *count)
{
	char *runs = state_path("runs", false);
	struct dirent **found = NULL;
	int n = runs ? scandir(runs, &found, is_run, by_name_backwards) : 0;
	struct kept_run *list = calloc(n > 0 ? (size_t)n : 1, sizeof(*list));

	if (!list)
		die("out of memory");
	*count = 0;
	for (int i = 0; i < n; i++) {
		char *folder = path_join(runs, found[i]->d_name);
		if (read_run(&list[*count], folder))
			(*count)++;
		else
			free(folder);
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
		path = path_join(runs[i].folder, "log");
		if (path && (access(path, F_OK) != 0 || (with_exchange && !has_exchange(path)))) {
			free(path);
			path = NULL;
			++*without;
		}
	}
	runs_free(runs, count);
	return path;
}
