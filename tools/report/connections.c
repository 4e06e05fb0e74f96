/* SPDX-License-Identifier: MIT */
/* Connections without an exchange: which were spare ones, and which could not be read. */
#include <stdlib.h>
#include <string.h>

#include "tools/command.h"
#include "tools/log/processes.h"
#include "tools/report/report_state.h"

/* A process, and the host that it asks. Connections in older logs do not name their MACHINE. */
static uint64_t name_of_asking(const struct log_row *row, const char *machine)
{
	return name_of_process(machine ? machine : "", row->pid, row->host ? row->host : "");
}

/* Was something asked of that host on another connection? Then ROW's was one kept ready. */
static bool is_spare(const struct report *r, const struct log_row *row)
{
	const struct name_set *asked = &r->state->asked;

	/* Where not all are known nobody is accused. */
	return !row->blind && (name_set_get(asked, name_of_asking(row, row->machine)) >= 0 ||
			       name_set_is_full(asked));
}

static void judge(struct report *r, const struct log *from, const struct log_row *row)
{
	bool tolerated = is_spare(r, row);

	if (!tolerated || row->shake_failed)
		add_findings(r, from, row, tolerated);
}

static void take_connection(struct report *r, const struct log *from, const struct log_row *row)
{
	struct report_state *s = r->state;

	r->connections++;
	if (row->blind && r->blind_count++ < BLIND_MAX)
		r->blind[r->blind_count - 1] = report_pin(r, from, row);
	if (!r->quic && row_is_quic(row))
		r->quic = report_pin(r, from, row);
	if (!row->finding_count)
		return;
	if (s->pending_count == PENDING_MAX) {
		judge(r, from, row);
		return;
	}
	struct pending *p = &s->pending[s->pending_count++];
	*p = (struct pending){ .row = row };
	if (from != r->log)
		p->copy = row_copy(from, row);
}

void connections_take(struct report *r, const struct log *from, const struct log_row *row)
{
	if (row->kind == LOG_CONNECTION) {
		take_connection(r, from, row);
	} else if (!row_is_public(row)) {
		name_set_put(&r->state->asked, name_of_asking(row, row->machine), false);
		name_set_put(&r->state->asked, name_of_asking(row, NULL), false);
	}
}

void connections_end(struct report *r)
{
	struct report_state *s = r->state;

	for (size_t i = 0; i < s->pending_count; i++) {
		struct pending *p = &s->pending[i];
		if (p->copy)
			judge(r, &p->copy->view, &p->copy->row);
		else
			judge(r, r->log, p->row);
		free(p->copy);
	}
	s->pending_count = 0;
}
