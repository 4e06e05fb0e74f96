/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/json_out.h"
#include "tools/attach/enter.h"
#include "tools/attach/target.h"
#include "tools/commands.h"
#include "tools/editor/doctor_editor.h"
#include "tools/program/elf.h"
#include "tools/program/launcher.h"
#include "tools/program/program.h"
#include "tools/program/tls_stack.h"

/* What doctor reports about one tool. */
struct patient {
	const char *asked;     /* as the user named it */
	char script[PATH_MAX]; /* "" unless the tool is a script that starts the program */
	char path[PATH_MAX];   /* of the program that speaks TLS */
	const char *how;       /* why PATH and not the script's interpreter was used; NULL */
	const char *machine;
	const char *linking;    /* "dynamic", "static" */
	const char *libc;       /* "glibc", "musl"; NULL: none */
	const char *no_preload;       /* why the library cannot be preloaded; NULL */
	bool out_of_reach;      /* the relay of orshim run cannot serve it, either */
	int pid;                /* 0: a file */
	bool has_shim;          /* has a pid */
	char root[ROOT_SIZE];	/* of a process, if it is not ours; else "" */
	char preload[PATH_MAX]; /* LD_PRELOAD that the process was started with */
	char library_path[PATH_MAX];
	struct tls_survey survey;
};

static const char *const tap_words[] = {
	[TAP_NONE] = "none",
	[TAP_METHOD_TABLE] = "method-table",
	[TAP_INTERPOSED] = "interposed",
	[TAP_RELAY] = "relay",
};

static bool is_script(const char *path)
{
	char head[2] = { 0 };
	FILE *f = fopen(path, "re");

	if (f && fread(head, 1, 2, f) != 2)
		head[0] = '\0';
	if (f)
		fclose(f);
	return head[0] == '#' && head[1] == '!';
}

/* FILE is the program. */
static void look_at_program(struct patient *p, const char *file)
{
	struct slice loader;
	const char *why;
	struct elf e;

	if (!elf_open(&e, file, &why))
		die("doctor: %s: %s", p->path, why);
	loader = elf_interpreter(&e);
	p->machine = elf_machine(&e);
	p->linking = loader.p ? "dynamic" : "static";
	if (loader.p)
		p->libc = slice_has(loader, SLICE("musl")) ? "musl" : "glibc";
	tls_survey(&p->survey, &e, p->path, p->root, p->library_path);
	elf_close(&e);
}

/* A path that begins with "/proc/PID/root": where the links of that root folder lead to. */
static const char *way_below_root(struct patient *p, char path[PATH_MAX])
{
	int pid, n = 0;

	if (sscanf(p->asked, "/proc/%d/root%n", &pid, &n) != 1 || !n || p->asked[n] != '/' ||
	    !enter_is_needed(pid))
		return p->asked;
	snprintf(p->root, sizeof(p->root), "/proc/%d/root", pid);
	return rooted_path(p->root, p->asked + n, path) ? path : p->asked;
}

static void look_at_tool(struct patient *p)
{
	struct program program;
	char path[PATH_MAX];
	const char *name = way_below_root(p, path);

	switch (program_find(&program, name)) {
	case PROGRAM_NOT_FOUND:
		die("doctor: command not found: %s%s", p->asked,
		    *program_hint(p->asked, PROGRAM_NOT_FOUND)
			? program_hint(p->asked, PROGRAM_NOT_FOUND)
			: "; give a name in PATH, a path or a pid");
	case PROGRAM_NOT_EXECUTABLE:
		die("doctor: %s is not executable%s", p->asked,
		    program_hint(p->asked, PROGRAM_NOT_EXECUTABLE));
	case PROGRAM_FINE:
		break;
	}
	if (p->root[0])
		memcpy(p->path, program.path, sizeof(p->path));
	else if (!realpath(program.path, p->path))
		die("doctor: %s: %s", program.path, strerror(errno));
	if (p->root[0] && is_script(p->path))
		die("doctor: %s is a script of another root folder: name the program that runs it",
		    p->asked);
	if (is_script(p->path)) {
		memcpy(p->script, p->path, sizeof(p->path));
		if (launcher_follow(p->script, p->path, &p->how)) {
			program_find(&program, p->path);
		} else {
			p->how = NULL;
			if (!realpath(program.interpreter, p->path))
				die("doctor: %s: its interpreter was not found", p->script);
		}
	}
	p->no_preload = program.no_preload;
	p->out_of_reach = program.gains_rights || program.is_foreign;
	if (getenv("LD_LIBRARY_PATH"))
		snprintf(p->library_path, sizeof(p->library_path), "%s", getenv("LD_LIBRARY_PATH"));
	look_at_program(p, p->path);
}

static void look_at_process(struct patient *p)
{
	struct tls_survey mapped;
	struct program program;
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", p->pid);
	n = readlink(link, p->path, sizeof(p->path) - 1);
	if (n < 0 && errno == ENOENT)
		die("doctor: there is no process %d", p->pid);
	if (n < 0)
		die("doctor: process %d cannot be looked into: %s", p->pid, strerror(errno));
	p->path[n] = '\0';
	if (enter_is_needed(p->pid)) {
		char real[PATH_MAX];

		snprintf(p->root, sizeof(p->root), "/proc/%d/root", p->pid);
		if (rooted_path_of_proc(p->root, p->path, real))
			memcpy(p->path, real, sizeof(real));
	}
	target_variable(p->pid, "LD_PRELOAD", p->preload, sizeof(p->preload));
	target_variable(p->pid, "LD_LIBRARY_PATH", p->library_path, sizeof(p->library_path));
	if (program_find(&program, link) == PROGRAM_FINE)
		p->no_preload = program.no_preload;
	p->out_of_reach = program.gains_rights || program.is_foreign;
	look_at_program(p, link);
	tls_survey_process(&mapped, p->pid, p->root, &p->has_shim);
	/* The mappings of a running process are more exact than what its file may load. */
	for (size_t i = 0; i < mapped.count; i++) {
		size_t k = 0;

		while (k < p->survey.count &&
		       (strcmp(p->survey.found[k].library, mapped.found[i].library) != 0 ||
			strcmp(p->survey.found[k].object, mapped.found[i].object) != 0))
			k++;
		if (k == STACKS_MAX)
			continue;
		if (k == p->survey.count)
			p->survey.found[p->survey.count++] = mapped.found[i];
		else
			memcpy(p->survey.found[k].evidence, mapped.found[i].evidence,
			       sizeof(mapped.found[i].evidence));
	}
	p->survey.speaks_h2 |= mapped.speaks_h2;
	p->survey.speaks_h3 |= mapped.speaks_h3;
}

/* Can at least one of the program's TLS libraries be tapped? */
static bool is_tappable(const struct patient *p)
{
	for (size_t i = 0; !p->no_preload && i < p->survey.count; i++)
		if (p->survey.found[i].tap != TAP_NONE)
			return true;
	return false;
}

static void write_json(const struct patient *p, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_object(&j, NULL);
	json_text(&j, "tool", p->asked);
	if (p->pid)
		json_number(&j, "pid", p->pid);
	json_text(&j, "program", p->path);
	json_text(&j, "script", p->script[0] ? p->script : NULL);
	json_text(&j, "machine", p->machine);
	json_text(&j, "linking", p->linking);
	json_text(&j, "libc", p->libc);
	json_bool(&j, "preloadable", !p->no_preload);
	json_text(&j, "reason", p->no_preload);
	json_array(&j, "tls");
	for (size_t i = 0; i < p->survey.count; i++) {
		const struct tls_stack *t = &p->survey.found[i];

		json_object(&j, NULL);
		json_text(&j, "library", t->library);
		json_text(&j, "version", t->version);
		json_text(&j, "object", t->object[0] ? t->object : NULL);
		json_text(&j, "evidence", t->evidence);
		json_text(&j, "tap", tap_words[p->no_preload ? TAP_NONE : t->tap]);
		json_text(&j, "reason", t->reason[0] ? t->reason : p->no_preload);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_text(&j, "http", tls_http_guess(&p->survey));
	json_bool(&j, "http3", p->survey.speaks_h3);
	json_bool(&j, "tappable", is_tappable(p));
	if (p->pid) {
		json_bool(&j, "shim_loaded", p->has_shim);
		json_text(&j, "ld_preload", p->preload[0] ? p->preload : NULL);
	}
	json_object_end(&j);
	if (!json_out_ok(&j))
		die("doctor: the answer does not fit");
	say(out, "\n");
}

/* What is tapped by its exported functions alone has bound them before. */
static bool has_tables(const struct patient *p)
{
	for (size_t i = 0; i < p->survey.count; i++)
		if (p->survey.found[i].tap == TAP_METHOD_TABLE)
			return true;
	return false;
}

/* Suggest orshim attach for a running process, or print why it would be refused. */
static void advise_to_attach(const struct patient *p, struct buf *out)
{
	struct target *t = malloc(sizeof(*t));
	const char *why;

	if (!has_tables(p)) {
		say(out, "      orshim attach would see nothing: the shim must be there from the "
			 "start\n");
		free(t);
		return;
	}
	if (!t)
		die("doctor: out of memory");
	if (target_read(t, p->pid)) {
		why = target_refusal(t);
		if (why)
			say(out, "      orshim attach cannot be used: it %s\n", why);
		else
			say(out, "      or as it runs: orshim attach %d\n", p->pid);
	}
	free(t);
}

static void write_status(const struct patient *p, struct buf *out)
{
	struct target *t = malloc(sizeof(*t));

	if (!t)
		die("doctor: out of memory");
	if (target_read(t, p->pid) && t->status.form == ATTACH_FORM &&
	    t->status.state == ATTACH_STATE_ATTACHED)
		say(out, "  now: the shim is attached to this process, log: %s\n",
		    t->status.log[0] ? t->status.log : "none");
	else if (t->status.form == ATTACH_FORM && t->status.state == ATTACH_STATE_DISABLED)
		say(out,
		    "  now: the shim was detached from this process; again: orshim attach %d\n",
		    p->pid);
	else
		say(out, "  now: the shim is loaded in this process\n");
	free(t);
}

static void write_advice(const struct patient *p, struct buf *out)
{
	if (p->pid && p->has_shim) {
		write_status(p, out);
	} else if (p->pid && is_tappable(p)) {
		say(out, "  now: the shim is not loaded%s; start it again%s with: orshim run -- %s\n",
		    strstr(p->preload, "liborshim") ? " although LD_PRELOAD names it" : "",
		    p->root[0] ? ", in its container," : "", p->path + strlen(p->root));
		advise_to_attach(p, out);
	} else if (is_tappable(p) && p->root[0]) {
		say(out, "  so: in its container, orshim run -- %s\n",
		    p->path + strlen(p->root));
	} else if (is_tappable(p)) {
		say(out, "  so: orshim run -- %s\n", p->asked);
	} else if (p->script[0] && !p->how && p->survey.count == 0) {
		say(out, "  so: what this script starts was not seen; ask orshim doctor about that "
			 "program\n");
	} else if (p->survey.count == 0 && !p->no_preload) {
		say(out,
		    "  so: it may not use TLS itself: run doctor on the program that it starts, or "
		    "start it\n"
		    "      under orshim run, which follows it into that program\n");
	} else if (p->out_of_reach) {
		say(out,
		    "  so: it cannot be tapped. Start orshim relay and set the tool's base URL "
		    "to the address\n      it prints: the same diagnosis is made there\n");
	} else {
		say(out,
		    "  so: it cannot be tapped. orshim run -- %s leads its connections through a "
		    "relay,\n      which makes the same diagnosis\n",
		    p->asked);
	}
}

static void write_text(const struct patient *p, struct buf *out)
{
	say(out, "%s: %s\n", p->asked, p->path);
	if (p->script[0])
		say(out, "  by: %s (%s)\n", p->script,
		    p->how ? p->how : "run by the program above");
	say(out, "  is: %s, %s%s%s\n", p->machine, p->linking, p->libc ? ", " : "",
	    p->libc ? p->libc : "");
	if (p->no_preload)
		say(out, "  cannot preload: %s\n", p->no_preload);
	for (size_t i = 0; i < p->survey.count; i++) {
		const struct tls_stack *t = &p->survey.found[i];

		say(out, "  TLS: %s%s%s: %s\n", t->library, t->version[0] ? " " : "", t->version,
		    t->evidence);
		if (t->reason[0])
			say(out, "       not tapped: %s\n", t->reason);
		else if (!p->no_preload)
			say(out, "       tapped by its %s%s\n",
			    t->tap == TAP_INTERPOSED ? "exported functions" : "method tables",
			    t->tap == TAP_INTERPOSED && p->pid && !p->has_shim
				? ", if the shim is there from the start"
				: "");
	}
	if (p->survey.count == 0)
		say(out, "  TLS: none recognised in the program or the libraries it needs\n");
	say(out, "  HTTP: %s\n", tls_http_guess(&p->survey));
	if (p->survey.speaks_h3)
		say(out, "        and HTTP/3 (libnghttp3), whose bytes do not go through the TLS "
			 "library: such\n        requests are not seen, run it with HTTP/2 (curl "
			 "--http2 or --http1.1)\n");
	write_advice(p, out);
}

static bool is_number(const char *word)
{
	return *word && word[strspn(word, "0123456789")] == '\0';
}

int cmd_doctor(const struct arguments *a)
{
	struct patient *p = calloc(1, sizeof(*p));
	const struct doctor_options *o = a->options;
	struct buf out;
	int status;

	if (!p)
		die("doctor: out of memory");
	p->asked = a->words[0];
	if (o->editor && p->asked)
		die("doctor: --editor finds the processes itself; leave out %s", p->asked);
	if (o->editor) {
		free(p);
		return doctor_editor(o->json);
	}
	if (!p->asked)
		die("doctor: which TOOL or PID? Example: orshim doctor node");
	if (is_number(p->asked)) {
		p->pid = atoi(p->asked);
		look_at_process(p);
	} else {
		look_at_tool(p);
	}
	buf_init(&out, LIMIT_LINE);
	if (o->json)
		write_json(p, &out);
	else
		write_text(p, &out);
	print_out(&out);
	buf_release(&out);
	status = is_tappable(p) ? EXIT_CLEAN : EXIT_FINDINGS;
	free(p);
	return status;
}
