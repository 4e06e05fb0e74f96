/* SPDX-License-Identifier: MIT */
#include "observe.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/error_text.h"
#include "diagnose/checks/failed_handshake.h"
#include "diagnose/checks/silence.h"

enum { WIDTH_DEFAULT = 100 };

/* Report a setting, on stderr because the user may read no other place. */
static void complain(const char *name, struct slice wrong, const char *accepted)
{
	struct sink to;
	struct buf line;

	sink_init_stderr(&to);
	buf_init(&line, LIMIT_BLOCK);
	int failed = buf_addf(&line, "orshim: %s: \"", name);
	mask_text(&line, wrong, LIMIT_SHOWN_VALUE);
	failed |= buf_addf(&line, "\" is not understood; accepted: %s\n", accepted);
	if (!failed)
		sink_write(&to, buf_slice(&line));
	buf_release(&line);
}

static void complain_of_setting(const struct settings *s, enum setting_id id, struct slice wrong)
{
	const struct setting *row = &settings_table[id];

	complain(row->name, wrong.p ? wrong : slice_of(s->given[id]), row->accepted);
}

/* Choose colour and width of the text by its destination. */
static void style_init(struct text_style *style, int fd, char *(*lookup)(const char *name))
{
	const char *no_colour = lookup("NO_COLOR");
	const char *terminal = lookup("TERM");
	struct winsize size;

	*style = (struct text_style){ .width = WIDTH_DEFAULT };
	if (fd < 0 || ioctl(fd, TIOCGWINSZ, &size) != 0)
		return;
	style->colour = !(no_colour && *no_colour) && !(terminal && strcmp(terminal, "dumb") == 0);
	if (size.ws_col > 0)
		style->width = size.ws_col;
}

static void text_sink_init(struct observer *o, char *(*lookup)(const char *name))
{
	int fd = -1;

	switch (o->settings.text) {
	case TEXT_OFF:
		sink_init_none(&o->text);
		break;
	case TEXT_STDERR:
		fd = STDERR_FILENO;
		sink_init_stderr(&o->text);
		break;
	case TEXT_FILE:
		sink_init_file(&o->text, o->settings.text_file);
		break;
	}
	style_init(&o->style, fd, lookup);
}

void observer_init(struct observer *o, char *(*lookup)(const char *name))
{
	struct slice wrong = { NULL, 0 };

	memset(o, 0, sizeof(*o));
	settings_load(&o->settings, lookup);
	for (int id = 0; id < SETTING_COUNT; id++)
		if (o->settings.malformed & 1u << id)
			complain_of_setting(&o->settings, (enum setting_id)id,
					    (struct slice){ NULL, 0 });
	if (o->settings.given[SETTING_machine] &&
	    !machine_name_is_fit(o->settings.given[SETTING_machine]))
		complain_of_setting(&o->settings, SETTING_machine, (struct slice){ NULL, 0 });
	if (!rulebook_init(&o->judge.book, o->settings.rules, &wrong))
		complain_of_setting(&o->settings, SETTING_rules, wrong);
	if (!hosts_init(&o->judge.hosts, o->settings.hosts, &wrong))
		complain_of_setting(&o->settings, SETTING_hosts, wrong);
	history_init(&o->history);
	if (o->settings.log)
		sink_init_file(&o->log, o->settings.log);
	else
		sink_init_none(&o->log);
	o->log.max = o->settings.log_max;
	o->log.look_us = LIMIT_LOG_LOOK;
	text_sink_init(o, lookup);
	o->said = &o->own_said;
	capture_out_init(&o->capture, o->settings.capture);
	buf_init(&o->line, LIMIT_LINE);
}

/* Report trouble with the log (WHAT), on stderr and only with ORSHIM_DEBUG. */
static void debug_log(const struct observer *o, const char *what)
{
	struct sink to;
	struct buf line;

	sink_init_stderr(&to);
	buf_init(&line, LIMIT_BLOCK);
	int failed = buf_addf(&line, "orshim[%d]: ORSHIM_LOG: ", o->origin.pid);
	mask_text(&line, slice_of(o->settings.log), LIMIT_SHOWN_VALUE);
	failed |= buf_addf(&line, ": %s (%s)\n", what, error_text(o->log.error));
	if (!failed)
		sink_write(&to, buf_slice(&line));
	buf_release(&line);
}

void observer_report_losses(struct observer *o)
{
	char what[64];

	if (!o->settings.debug || !o->log.lost || !o->settings.log)
		return;
	snprintf(what, sizeof(what), "%lu lines were lost", o->log.lost);
	debug_log(o, what);
}

void observer_learn_machine(struct observer *o)
{
	if (o->origin.pid == 0 || o->machine.pid == o->origin.pid)
		return;
	o->origin.machine = &o->machine;
	if (o->log.locked_in) {
		machine_learn_blindly(&o->machine, o->origin.pid, o->origin.time_us);
		return;
	}
	if (!o->machine.known)
		observer_refresh_environment(o);
	machine_learn(&o->machine, o->origin.pid, o->origin.time_us,
		      o->settings.given[SETTING_machine], &o->judge.environment);
}

/* Must a line for the log be made? */
static bool wants_log(struct observer *o)
{
	if (o->log.failed)
		o->log.lost++;
	else
		observer_learn_machine(o);
	return !o->log.failed;
}

static void write_log(struct observer *o)
{
	o->log.now_us = o->origin.time_us;
	if (sink_write(&o->log, buf_slice(&o->line)) || !o->settings.debug || o->loss_reported)
		return;
	o->loss_reported = true;
	debug_log(o, o->log.failed ? "cannot be written, the shim is silent from here on"
				   : "a line was lost, further ones are tried");
}

void observer_release(struct observer *o)
{
	sink_close(&o->log);
	sink_close(&o->text);
	capture_out_release(&o->capture);
	buf_release(&o->line);
	free(o->diagnosis);
}

void observer_set_environment(struct observer *o, struct slice block)
{
	o->judge.environment.block = block;
	o->history.key.sourced = false; /* its values may have changed in place */
}

void observer_lock_in(struct observer *o)
{
	if (o->settings.log && !o->log.failed)
		observer_learn_machine(o);
	sink_lock_in(&o->log);
	sink_lock_in(&o->text);
	capture_out_release(&o->capture);
	capture_out_init(&o->capture, NULL);
}

/* The rule that a block is about: the cause, or the first finding if nothing was refused. */
static enum rule_id subject_of(const struct diagnosis *d)
{
	if (d->verdict.cause != RULE_NONE)
		return d->verdict.cause;
	return d->count ? d->findings[0].rule : RULE_NONE;
}

/* Captures are few and short: there each exchange has its block. */
static bool says_once(const struct observer *o)
{
	return !o->judge.lint || o->judge.recorded;
}

static void report_text(struct observer *o, const struct diagnosis *d)
{
	enum rule_id subject = subject_of(d);
	struct said_row *row = NULL;
	enum saying saying = SAY_ALL;

	if (o->text.failed)
		return;
	if (d->verdict.refused_by == REFUSED_NOT)
		said_forget(o->said, d);
	if (subject != RULE_NONE && says_once(o)) {
		row = said_row(o->said, subject, d);
		saying = said_count(row, o->origin.pid);
	}
	if (saying == SAY_NOTHING)
		return;
	buf_reset(&o->line);
	int failed = saying == SAY_AGAIN
			 ? text_again(&o->line, &o->style, &o->origin, d, subject,
				      row->times)
			 : text_diagnosis(&o->line, &o->style, &o->origin, d);
	if (failed == 0 && o->line.n)
		sink_write(&o->text, buf_slice(&o->line));
	else if (row)
		row->times = 0; /* it was not said */
}

void observer_refresh_environment(struct observer *o)
{
	struct slice block;

	if (o->found) /* read once: the places of keys that `orshim run` found do not change */
		o->found(&o->judge.found.text);
	o->found = NULL;

	if (o->environment && o->environment(&block))
		observer_set_environment(o, block);
}

/* The same key succeeded again: reading the variables would cost more than all the rest. */
static bool is_routine(const struct observer *o, const struct exchange *x)
{
	return x->response.status / 100 == 2 && !x->events.error.n &&
	       cached_key_is_in(&o->history.key, &x->request);
}

static void report_exchange(struct observer *o, const struct exchange *x)
{
	struct diagnosis *d = o->diagnosis ? o->diagnosis : malloc(sizeof(*d));

	o->diagnosis = d;
	if (!d)
		return;
	if (!is_routine(o, x))
		observer_refresh_environment(o);
	diagnose(&o->judge, &o->history, x, d);
	o->origin.exchange++;
	for (size_t i = 0; i < d->count; i++)
		o->findings[d->findings[i].severity]++;
	if (wants_log(o)) {
		buf_reset(&o->line);
		if (record_exchange(&o->line, &o->origin, d, &o->pairs) == 0)
			write_log(o);
	}
	report_text(o, d);
	capture_out_exchange(&o->capture, &o->settings, &o->origin, d);
	diagnosis_release(d);
}

void observer_exchange(struct observer *o, const struct exchange *x, int64_t now_us)
{
	o->origin.time_us = now_us;
	report_exchange(o, x);
}

static void log_connection(struct observer *o, const struct connection_record *c)
{
	if (!wants_log(o))
		return;
	buf_reset(&o->line);
	if (record_connection(&o->line, &o->origin, c) == 0)
		write_log(o);
}

/* A connection without a request is reported only if it went to an API. */
static bool is_watched(const struct observer *o, struct slice sni, const struct vendor **vendor)
{
	return sni.n > 0 && hosts_find(&o->judge.hosts, sni, 0, (struct slice){ NULL, 0 }, vendor);
}

/* FNV-1a; never 0. */
static uint64_t host_hash(struct slice host)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < host.n; i++)
		hash = (hash ^ (unsigned char)(host.p[i] | 0x20)) * 0x100000001b3ULL;
	return hash | 1;
}

/* Remember that a request was written to this host, by the server name of the handshake. */
static void note_asked(struct observer *o, struct slice host)
{
	if (host.n)
		o->asked[o->asked_count++ % LIMIT_ASKED] = host_hash(host);
}

/* Did this process send requests to the host? Then it may keep spare connections unused. */
static bool is_asked(const struct observer *o, struct slice host)
{
	const uint64_t hash = host_hash(host);

	for (size_t i = 0; i < LIMIT_ASKED; i++)
		if (o->asked[i] == hash)
			return true;
	return history_has_host(&o->history, host);
}

/* Report the findings about connection C. */
static void report_connection(struct observer *o, const struct connection_record *c)
{
	for (size_t i = 0; i < c->count; i++)
		o->findings[c->findings[i].severity]++;
	log_connection(o, c);
	buf_reset(&o->line);
	if (!o->text.failed &&
	    said_count(said_row(o->said, c->findings[0].rule, NULL), o->origin.pid) == SAY_ALL &&
	    text_connection(&o->line, &o->style, &o->origin, c) == 0)
		sink_write(&o->text, buf_slice(&o->line));
}

/* Diagnose a connection to VENDOR's API on which no request was sent. */
static void report_silence(struct observer *o, struct connection *c, uint32_t number,
			   const struct vendor *vendor)
{
	struct finding *findings = malloc(LIMIT_SILENCE * sizeof(*findings));
	struct connection_record record = { number, connection_sni(c), findings, 0, NULL, NULL };

	if (findings)
		record.count = silence_diagnose(&o->judge, vendor, findings, LIMIT_SILENCE);
	if (record.count)
		report_connection(o, &record);
	free(findings);
}

/* Diagnose H, the handshake of a connection to an API that was not used. */
static void report_handshake(struct observer *o, struct connection *c, uint32_t number,
			     const struct handshake *h, const struct vendor *vendor)
{
	const struct failed_handshake failed = { h, connection_sni(c), o->origin.tool,
						 o->origin.time_us };
	struct finding *finding = malloc(sizeof(*finding));
	struct connection_record record = { number, failed.host, finding, 0, NULL, h };

	if (finding)
		record.count = failed_handshake_diagnose(&o->judge, &failed, finding, 1);
	if (record.count && finding->severity == SEVERITY_ERROR && is_asked(o, failed.host))
		finding->severity = SEVERITY_WARNING; /* others went well */
	if (record.count)
		report_connection(o, &record);
	else if (h->end == HANDSHAKE_FINISHED && h->verify != VERIFY_UNKNOWN)
		report_silence(o, c, number, vendor);
	free(finding);
}

/* Connection C was closed unused. A failed handshake is always reported. */
static void report_unused(struct observer *o, struct connection *c, uint32_t number,
			  const struct handshake *h)
{
	const struct vendor *vendor = NULL;
	struct slice sni = connection_sni(c);

	if (!is_watched(o, sni, &vendor) ||
	    ((!h || h->end != HANDSHAKE_FAILED) && is_asked(o, sni)))
		return;
	observer_refresh_environment(o);
	if (h)
		report_handshake(o, c, number, h, vendor);
	else
		report_silence(o, c, number, vendor);
}

/* Report, once per process, that HTTP/3 is used, whose bytes we do not see. */
static void report_quic(struct observer *o, struct connection *c, uint32_t number)
{
	const struct vendor *vendor;
	const struct connection_record record = {
		number, connection_sni(c), NULL, 0, "http3", NULL
	};

	if (!is_watched(o, record.host, &vendor) || o->quic_reported == o->origin.pid + 1)
		return;
	o->quic_reported = o->origin.pid + 1;
	log_connection(o, &record);
}

static void report_unsupported(struct observer *o, struct connection *c, uint32_t number,
			       const char *why)
{
	const struct connection_record record = { number, connection_sni(c), NULL, 0, why, NULL };
	const struct vendor *vendor;

	o->unsupported = why;
	/* A connection whose head was seen goes to an API: others were dropped at EVENT_HEAD. */
	if (connection_has_request(c) || is_watched(o, record.host, &vendor))
		log_connection(o, &record);
}

void observer_take(struct observer *o, struct connection *c, uint32_t number, int64_t now_us)
{
	struct event event;

	o->origin.time_us = now_us;
	while (connection_next(c, &event)) {
		switch (event.kind) {
		case EVENT_HEAD:
			if (!o->judge.lint && !judge_wants(&o->judge, event.exchange))
				connection_drop(c);
			else
				note_asked(o, connection_sni(c));
			break;
		case EVENT_EXCHANGE:
			/* Without a whole head there was no EVENT_HEAD, and it may not be an API's. */
			if (o->judge.lint || connection_has_request(c) ||
			    judge_wants(&o->judge, event.exchange))
				report_exchange(o, event.exchange);
			exchange_free(event.exchange);
			break;
		case EVENT_UNSUPPORTED:
			report_unsupported(o, c, number, event.why);
			break;
		case EVENT_IDLE_CLOSE:
		case EVENT_HANDSHAKE:
			report_unused(o, c, number, event.handshake);
			break;
		case EVENT_QUIC:
			report_quic(o, c, number);
			break;
		}
	}
	if (o->capture.count)
		capture_out_pause(&o->capture, number);
}

bool observer_watches(const struct observer *o, struct slice host)
{
	const struct vendor *vendor;

	return is_watched(o, host, &vendor);
}

void observer_report_process(struct observer *o, const struct tls_library *libraries, size_t count,
			     int64_t now_us)
{
	o->origin.time_us = now_us;
	if (!wants_log(o))
		return;
	buf_reset(&o->line);
	if (record_process(&o->line, &o->origin, libraries, count) == 0)
		write_log(o);
}
