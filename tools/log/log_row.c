/* SPDX-License-Identifier: MIT */
#include "tools/log/log_row.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/command.h"
#include "tools/log/processes.h"

enum {
	KEPT_NAME = 128,
	KEPT_PATH = 512,
	KEPT_TEXT = 600,
	FINDINGS_MAX = 64,
	COPIES_MAX = 16,
	ORIGINS_MAX = 256,
	VALUES_ROOM = 32 << 10, /* bytes allocated at once */
};

void *log_grow(void *array, size_t count, size_t size)
{
	/* Capacity is always the next power of two: grow only when COUNT is one. */
	if (count && (count & (count - 1)))
		return array;
	void *more = realloc(array, (count ? count * 2 : 1) * size);
	if (!more)
		die("out of memory");
	return more;
}

int64_t log_time(const char *text)
{
	struct tm tm = { 0 };
	int ms = 0;
	char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;

	if (!rest)
		return -1;
	if (*rest == '.')
		for (int i = 0, scale = 100; i < 3 && rest[1 + i] >= '0' && rest[1 + i] <= '9';
		     i++, scale /= 10)
			ms += (rest[1 + i] - '0') * scale;
	return (int64_t)timegm(&tm) * 1000000 + ms * 1000LL;
}

cJSON *log_member(const cJSON *object, const char *name)
{
	cJSON *member;

	/* As cJSON_GetObjectItemCaseSensitive(), faster: most names differ in the first letter. */
	cJSON_ArrayForEach(member, object)
	{
		if (member->string && member->string[0] == name[0] &&
		    strcmp(member->string, name) == 0)
			return member;
	}
	return NULL;
}

const char *log_text(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(log_member(object, name));
}

int log_number(const cJSON *object, const char *name, int fallback)
{
	const cJSON *value = log_member(object, name);

	return cJSON_IsNumber(value) ? value->valueint : fallback;
}

static const char *kept(struct log *l, const cJSON *object, const char *name, size_t max)
{
	return log_keep(l, log_text(object, name), max);
}

static enum severity severity_of(const char *name)
{
	for (int s = SEVERITY_OFF; name && s <= SEVERITY_ERROR; s++)
		if (strcmp(severity_name((enum severity)s), name) == 0)
			return (enum severity)s;
	return SEVERITY_NOTE;
}

static void take_findings(struct log *l, struct log_row *row, const cJSON *record)
{
	const cJSON *f;

	row->findings = l->finding_count;
	cJSON_ArrayForEach(f, log_member(record, "findings"))
	{
		const char *rule = kept(l, f, "rule", KEPT_NAME);
		if (!rule || row->finding_count == FINDINGS_MAX)
			continue;
		l->findings = log_grow(l->findings, l->finding_count, sizeof(*l->findings));
		l->findings[l->finding_count++] = (struct log_finding){
			.rule = rule,
			.severity = severity_of(log_text(f, "severity")),
			.detail = kept(l, f, "detail", KEPT_TEXT),
			.why = kept(l, f, "why", KEPT_TEXT),
			.fix = kept(l, f, "fix", KEPT_TEXT),
			.variable = kept(l, f, "variable", KEPT_NAME),
			.key = kept(l, f, "fingerprint", KEPT_NAME),
			.file = kept(l, f, "file", KEPT_PATH),
			.line = log_number(f, "line", 0),
		};
		row->finding_count++;
		if (l->findings[l->finding_count - 1].severity > row->worst)
			row->worst = l->findings[l->finding_count - 1].severity;
	}
}

/* What the process record says for the exchanges of that process. */
enum { PROCESS_ROLE, PROCESS_CONTAINER, PROCESS_BOOT, PROCESS_CI, PROCESS_ORSHIM };

/* Logs of an older orshim name neither machine nor start; then a pid may be another process's. */
static uint64_t name_of_row(const struct log_row *row, const cJSON *record)
{
	const char *start = log_text(record, "start");

	return name_of_process(row->machine ? row->machine : "", row->pid, start ? start : "");
}

static void remember_process(struct log *l, const struct log_row *row, const cJSON *record)
{
	const char *texts[] = { [PROCESS_ROLE] = row->role,
				[PROCESS_CONTAINER] = row->container,
				[PROCESS_BOOT] = row->boot,
				[PROCESS_CI] = row->ci,
				[PROCESS_ORSHIM] = row->orshim };
	struct known_process *k = processes_anew(l->processes, name_of_row(row, record));

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i] && !(k->texts[i] = strdup(texts[i])))
			die("out of memory");
}

static void join_process(struct log *l, struct log_row *row, const cJSON *record)
{
	const struct known_process *k = processes_find(l->processes, name_of_row(row, record));

	if (!k)
		return;
	row->role = log_keep(l, k->texts[PROCESS_ROLE], KEPT_NAME);
	row->container = log_keep(l, k->texts[PROCESS_CONTAINER], KEPT_NAME);
	row->boot = log_keep(l, k->texts[PROCESS_BOOT], KEPT_NAME);
	row->ci = log_keep(l, k->texts[PROCESS_CI], KEPT_NAME);
	row->orshim = log_keep(l, k->texts[PROCESS_ORSHIM], KEPT_NAME);
}

static void take_process(struct log *l, struct log_row *row, const cJSON *record)
{
	const cJSON *machine = log_member(record, "machine");
	const cJSON *copy;

	row->role = kept(l, record, "role", KEPT_NAME);
	row->unfollowed = kept(l, record, "unfollowed", KEPT_TEXT);
	row->machine = kept(l, machine, "id", KEPT_NAME);
	row->container = kept(l, machine, "container", KEPT_NAME);
	row->boot = kept(l, machine, "boot", KEPT_NAME);
	row->ci = kept(l, machine, "ci", KEPT_NAME);
	row->orshim = kept(l, record, "orshim", KEPT_NAME);
	remember_process(l, row, record);
	row->exe = kept(l, record, "exe", KEPT_PATH);
	if (!row->tool && row->exe) {
		const char *slash = strrchr(row->exe, '/');
		row->tool = slash ? slash + 1 : row->exe;
	}
	row->libraries = l->library_count;
	cJSON_ArrayForEach(copy, log_member(record, "tls"))
	{
		if (!cJSON_IsObject(copy) || row->library_count == COPIES_MAX)
			continue;
		l->libraries = log_grow(l->libraries, l->library_count, sizeof(*l->libraries));
		l->libraries[l->library_count++] = (struct log_library){
			.object = kept(l, copy, "object", KEPT_PATH),
			.library = kept(l, copy, "library", KEPT_NAME),
			.version = kept(l, copy, "version", KEPT_NAME),
			.tap = kept(l, copy, "tap", KEPT_NAME),
			.reason = kept(l, copy, "reason", KEPT_TEXT),
		};
		row->library_count++;
	}
}

/* "Debian GNU/Linux 12 (bookworm), Linux 6.1.0-25-amd64, x86_64, glibc 2.36"; NULL: not known. */
static const char *system_of(struct log *l, const cJSON *record)
{
	static const char *const names[] = { "os", "kernel", "arch", "libc" };
	char text[KEPT_TEXT] = "";
	size_t n = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = log_text(log_member(record, "system"), names[i]);
		if (value && n < sizeof(text))
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.120s", n ? ", " : "",
					      value);
	}
	return n ? log_keep(l, text, KEPT_TEXT) : NULL;
}

static void take_origins(struct log *l, const cJSON *record, size_t *origins, size_t *count)
{
	const cJSON *source;

	*origins = l->origin_count;
	*count = 0;
	cJSON_ArrayForEach(source, log_member(record, "sources"))
	{
		if (!cJSON_IsObject(source) || *count == ORIGINS_MAX)
			continue;
		l->origins = log_grow(l->origins, l->origin_count, sizeof(*l->origins));
		l->origins[l->origin_count++] = (struct log_origin){
			.variable = kept(l, source, "variable", KEPT_NAME),
			.key = kept(l, source, "fingerprint", KEPT_NAME),
			.label = kept(l, source, "label", KEPT_NAME),
			.kind = kept(l, source, "kind", KEPT_NAME),
			.file = kept(l, source, "file", KEPT_PATH),
			.note = kept(l, source, "note", KEPT_NAME),
			.line = log_number(source, "line", 0),
		};
		++*count;
	}
}

void log_take_launch(struct log *l, struct log_row *row, const cJSON *record)
{
	row->command = kept(l, record, "command", KEPT_TEXT);
	row->cwd = kept(l, record, "cwd", KEPT_PATH);
	row->system = system_of(l, record);
	take_origins(l, record, &row->origins, &row->origin_count);
}

static void take_auth(struct log *l, struct log_row *row, const cJSON *auth)
{
	const cJSON *carriers = log_member(auth, "carriers");
	const char *first = cJSON_GetStringValue(cJSON_GetArrayItem(carriers, 0));

	row->carrier = log_keep(l, first, KEPT_NAME);
	row->scheme = kept(l, auth, "scheme", KEPT_NAME);
	row->token = kept(l, auth, "token", KEPT_NAME);
	row->key = kept(l, auth, "fingerprint", KEPT_NAME);
	first = cJSON_GetStringValue(cJSON_GetArrayItem(log_member(auth, "source"), 0));
	row->source = log_keep(l, first, KEPT_NAME);
}

static const char *request_id(struct log *l, const cJSON *headers)
{
	const cJSON *pair;

	cJSON_ArrayForEach(pair, headers)
	{
		const char *name = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0));
		if (name &&
		    (strcasecmp(name, "cf-ray") == 0 || strcasecmp(name, "x-request-id") == 0))
			return log_keep(l, cJSON_GetStringValue(cJSON_GetArrayItem(pair, 1)),
					KEPT_NAME);
	}
	return NULL;
}

static void take_exchange(struct log *l, struct log_row *row, const cJSON *record)
{
	const cJSON *body = log_member(log_member(record, "request"), "body");
	const cJSON *response = log_member(record, "response");
	const cJSON *error = log_member(response, "error");
	const cJSON *verdict = log_member(record, "verdict");
	const cJSON *stream = log_member(body, "stream");

	row->machine = kept(l, record, "machine", KEPT_NAME);
	row->tool_version = kept(l, record, "tool_version", KEPT_NAME);
	join_process(l, row, record);
	row->plain = cJSON_IsTrue(log_member(record, "plain"));
	row->http = kept(l, record, "http", KEPT_NAME);
	row->method = kept(l, record, "method", KEPT_NAME);
	row->path = kept(l, record, "path", KEPT_PATH);
	row->vendor = kept(l, record, "vendor", KEPT_NAME);
	row->status = log_number(record, "status", -1);
	row->ms = log_number(record, "ms", -1);
	row->port = log_number(record, "port", row->plain ? PORT_HTTP : PORT_HTTPS);
	row->model = kept(l, body, "model", KEPT_PATH);
	row->stream = cJSON_IsBool(stream) ? cJSON_IsTrue(stream) : -1;
	row->message = kept(l, error, "message", KEPT_TEXT);
	row->provider = kept(l, error, "provider_name", KEPT_NAME);
	if (!row->provider)
		row->provider = kept(l, response, "provider", KEPT_NAME);
	row->request_id = request_id(l, log_member(response, "headers"));
	row->probe = cJSON_IsNull(verdict);
	row->refused_by = kept(l, verdict, "refused_by", KEPT_NAME);
	row->category = kept(l, verdict, "category", KEPT_NAME);
	row->cause = kept(l, verdict, "cause", KEPT_NAME);
	take_auth(l, row, log_member(record, "auth"));
	row->base_source = log_keep(
	    l, cJSON_GetStringValue(cJSON_GetArrayItem(log_member(record, "base_source"), 0)),
	    KEPT_NAME);
	row->retry = log_retry(record);
	find_client(l, row, log_member(log_member(record, "request"), "headers"));
}

/* LOG_FAULT_COUNT: a record of ours, and *KIND is its kind. */
static enum log_fault judge_record(const cJSON *record, enum log_kind *kind)
{
	static const char *const names[] = { "process", "exchange", "connection", "launch" };
	const char *name = log_text(record, "record");
	int version = log_number(record, "v", -1);

	if (!cJSON_IsObject(record) || !name || version < 1)
		return LOG_NOT_RECORD;
	for (size_t i = 0; version == 1 && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0) {
			*kind = (enum log_kind)i;
			return LOG_FAULT_COUNT;
		}
	return LOG_NEWER;
}

static bool is_text(const cJSON *object, const char *name, const char *wanted)
{
	const char *text = log_text(object, name);

	return text && strcmp(text, wanted) == 0;
}

static struct log_row *add_row(struct log *l, const cJSON *record, enum log_kind kind)
{
	struct log_row *before = l->count ? &l->rows[l->count - 1] : NULL;
	int64_t time_us = log_time(log_text(record, "ts"));

	/* A record without a time keeps its place in the file. */
	if (time_us < 0)
		time_us = before ? before->time_us : 0;
	l->rows = log_grow(l->rows, l->count, sizeof(*l->rows));
	struct log_row *row = &l->rows[l->count++];
	*row = (struct log_row){ .kind = kind,
				 .time_us = time_us,
				 .pid = log_number(record, "pid", 0),
				 .status = -1,
				 .ms = -1,
				 .stream = -1,
				 .conn = log_number(record, "conn", -1),
				 .tool = kept(l, record, "tool", KEPT_NAME),
				 .host = kept(l, record, "host", KEPT_PATH) };
	return row;
}

static struct log_row *take_record(struct log *l, const cJSON *record, enum log_fault *fault)
{
	enum log_kind kind;

	*fault = record ? judge_record(record, &kind) : LOG_NOT_JSON;
	if (*fault != LOG_FAULT_COUNT)
		return NULL;
	struct log_row *row = add_row(l, record, kind);
	switch (kind) {
	case LOG_PROCESS:
		take_process(l, row, record);
		break;
	case LOG_EXCHANGE:
		take_exchange(l, row, record);
		break;
	case LOG_CONNECTION:
		row->machine = kept(l, record, "machine", KEPT_NAME);
		join_process(l, row, record);
		row->blind = kept(l, record, "blind", KEPT_TEXT);
		row->shake_failed = is_text(log_member(record, "handshake"), "end", "failed");
		break;
	case LOG_LAUNCH:
		log_take_launch(l, row, record);
		break;
	}
	take_findings(l, row, record);
	return row;
}

/* Room for values of the record that is being read: all are freed at once. */
struct room {
	struct room *before;
	size_t n, used;
	_Alignas(max_align_t) char bytes[];
};

static struct room *values;

static void *add_value(size_t n)
{
	n += -n % _Alignof(max_align_t);
	if (!values || n > values->n - values->used) {
		size_t size = n > VALUES_ROOM ? n : VALUES_ROOM;
		struct room *room = malloc(sizeof(*room) + size);
		if (!room)
			die("out of memory");
		*room = (struct room){ .before = values, .n = size };
		values = room;
	}
	void *value = values->bytes + values->used;
	values->used += n;
	return value;
}

static void free_later(void *value)
{
	(void)value;
}

static void free_values(void)
{
	while (values) {
		struct room *before = values->before;
		free(values);
		values = before;
	}
}

struct log_row *log_row_parse(struct log *l, const char *line, size_t n, enum log_fault *fault)
{
	cJSON_InitHooks(&(cJSON_Hooks){ add_value, free_later });
	cJSON *record = cJSON_ParseWithLength(line, n);
	cJSON_InitHooks(NULL);
	struct log_row *row = take_record(l, record, fault);
	free_values();
	return row;
}
