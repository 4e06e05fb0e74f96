/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/child.h"
#include "tools/command.h"
#include "tools/program.h"
#include "tools/tally.h"

enum { STATUS_NOT_EXECUTABLE = 126, STATUS_NOT_FOUND = 127, LOG_MAX = 1 << 30 };

struct run {
	char **tool;     /* argv of the tool */
	const char *log; /* --log; NULL */
	char *folder;    /* of this run's own files; it and its files live until the end */
	char *log_path;
	char *text_path;
	off_t log_start; /* where this run's lines begin */
	bool own_text;   /* the diagnosis is kept back until the tool has ended */
};

static void read_options(struct run *r, int argc, char **argv)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		const char *value = option_value(argc, argv, &i, "--log");
		if (value)
			r->log = value;
		else if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		} else
			die_of_option("run", argv[i]);
	}
	if (i >= argc)
		die("run: the tool is missing; for example `orshim run -- python3 app.py`");
	r->tool = argv + i;
}

static void set(const char *name, const char *value)
{
	if (setenv(name, value, 1) != 0)
		die("run: out of memory");
}

/* Ours in front of what is there: the first definition wins. */
static void set_preload(void)
{
	char library[PATH_MAX];
	const char *before = getenv("LD_PRELOAD");
	struct buf list;

	library_find(library);
	if (strpbrk(library, " :"))
		die("run: LD_PRELOAD cannot hold %s: it has a space or a colon; move the library",
		    library);
	buf_init(&list, LIMIT_ENVIRON);
	say(&list, "%s%s%s", library, before && *before ? ":" : "", before ? before : "");
	if (buf_add(&list, "", 1) != 0)
		die("run: out of memory");
	set("LD_PRELOAD", list.p);
	buf_release(&list);
}

/* FOLDER/FILE in memory that is the caller's. */
static char *join(const char *folder, const char *file)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%s", folder, file) < 0)
		die("run: out of memory");
	return path;
}

/* The tool may change its folder: name the file from the root. */
static char *absolute(const char *path)
{
	char *here;

	if (path[0] == '/')
		return join("", path + 1);
	here = getcwd(NULL, 0);
	if (!here)
		die("run: the working folder has no name: %s", strerror(errno));
	char *whole = join(here, path);
	free(here);
	return whole;
}

static void make_folder(struct run *r)
{
	const char *base = getenv("TMPDIR");

	if (!base || !*base)
		base = "/tmp";
	r->folder = join(base, "orshim-XXXXXX");
	if (!mkdtemp(r->folder))
		die("run: cannot make a folder in %s: %s; set TMPDIR", base, strerror(errno));
}

/* A log that was asked for must be writable: the shim itself would be silent about it. */
static void check_log(const struct run *r)
{
	if (!r->log || strstr(r->log, "%p"))
		return;
	int fd = open(r->log, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		die("run: cannot write to %s: %s", r->log, strerror(errno));
	close(fd);
}

static void choose_log(struct run *r)
{
	const char *given = r->log ? r->log : getenv("ORSHIM_LOG");
	struct stat st;

	if (given && *given) {
		r->log_path = absolute(given);
		r->log_start = stat(r->log_path, &st) == 0 ? st.st_size : 0;
	} else {
		r->log_path = join(r->folder, "log");
	}
	set("ORSHIM_LOG", r->log_path);
}

/* Unless told otherwise the diagnosis waits for the tool's end, so that it disturbs no screen. */
static void choose_text(struct run *r)
{
	if (getenv("ORSHIM_TEXT"))
		return;
	r->own_text = true;
	r->text_path = join(r->folder, "text");
	set("ORSHIM_TEXT", r->text_path);
}

/* What there is of FILE from START on. */
static void read_from(const char *file, off_t start, struct buf *out)
{
	char piece[16384];
	ssize_t n;
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	while ((n = pread(fd, piece, sizeof(piece), start)) > 0) {
		start += n;
		if (buf_add_some(out, piece, (size_t)n) < (size_t)n)
			break;
	}
	close(fd);
}

static void tell(struct run *r)
{
	struct tally t;
	struct buf text, log, out;

	buf_init(&text, LOG_MAX);
	buf_init(&log, LOG_MAX);
	buf_init(&out, LIMIT_BLOCK);
	tally_init(&t);
	if (r->own_text)
		read_from(r->text_path, 0, &text);
	read_from(r->log_path, r->log_start, &log);
	tally_add(&t, buf_slice(&log));
	write_all(STDERR_FILENO, buf_slice(&text));
	say(&out, "orshim: ");
	tally_say(&t, &out);
	if (r->log)
		say(&out, "; log: %s", r->log);
	say(&out, "\n");
	write_all(STDERR_FILENO, buf_slice(&out));
	tally_release(&t);
	buf_release(&text);
	buf_release(&log);
	buf_release(&out);
}

static void remove_folder(const struct run *r)
{
	static const char *const files[] = { "log", "text" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *path = join(r->folder, files[i]);
		unlink(path);
		free(path);
	}
	rmdir(r->folder);
	free(r->folder);
	free(r->log_path);
	free(r->text_path);
}

int cmd_run(int argc, char **argv)
{
	struct program program;
	struct run r = { 0 };

	read_options(&r, argc, argv);
	switch (program_find(&program, r.tool[0])) {
	case PROGRAM_NOT_FOUND:
		warn("run: there is no program %s", r.tool[0]);
		return STATUS_NOT_FOUND;
	case PROGRAM_NOT_EXECUTABLE:
		warn("run: %s is not an executable program", r.tool[0]);
		return STATUS_NOT_EXECUTABLE;
	case PROGRAM_FINE:
		break;
	}
	set_preload();
	if (program.deaf)
		warn("run: %s will not be seen: %s; it runs all the same", program.interpreter,
		     program.deaf);
	check_log(&r);
	make_folder(&r);
	choose_log(&r);
	choose_text(&r);
	if (!getenv("ORSHIM_FOLLOW"))
		set("ORSHIM_FOLLOW", "1");
	int status = child_run(program.path, r.tool);
	tell(&r);
	remove_folder(&r);
	return status;
}
