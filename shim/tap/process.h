/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_PROCESS_H
#define ORSHIM_PROCESS_H

/*
 * The per-process observer with its lock and clock. It takes the finished
 * exchanges of connections, diagnoses them and writes their records. It also keeps
 * the list of TLS libraries and writes the `process` record. It opens no file and
 * writes nothing before there is something to report.
 */
#include "tap/table.h"
#include "report/record.h"

int64_t process_clock(void); /* microseconds since 1970, UTC */

/* In the constructor; ARGV0 is copied, ROLE static. */
void process_start(const char *argv0, const char *role_of_process);

struct wire_limits process_limits(void); /* by the settings, which are read with the first call */

/* Observe the events of E's connection; drops E once it is not read any more. Shard is locked. */
void process_drain(struct entry *e, int64_t now_us);

void process_add_library(const struct tls_library *library);
void process_remove_library(const char *object); /* it was unloaded */
void process_report(int64_t now_us); /* the `process` record, if it is not written yet */
void process_report_if_untapped(
    int64_t now_us); /* the record of a process whose TLS libraries cannot be tapped */
/* The record with UNSEEN alone, once for each process, if no TLS library was found. */
void process_report_untapped(const struct tls_library *untapped, int64_t now_us);
/* The same of a process whose TLS libraries are tapped, if it has used none of them. */
void process_report_used_instead(const struct tls_library *untapped, int64_t now_us);
bool process_watches_host(struct slice host); /* an API's, going by its name? */
bool process_watches_port(uint16_t port);     /* is there an entry of ORSHIM_HOSTS with it? */
void process_debug_library(const struct tls_library *library); /* under ORSHIM_DEBUG, on stderr */

bool process_try_lock(void); /* for the process's end: never waits */
void process_lock(void);
void process_unlock(void);
void process_enter_sandbox(
    void); /* a sandbox begins: have open what is needed, open nothing from here on */
void process_finish(void); /* the process ends */

/* Detach: close the log and forget all history; the list of TLS libraries stays. */
void process_disable(void);

/* Attach again with the settings GIVEN, as environ_take_settings(). */
int process_enable(struct slice given);

/* Write the record of the process at once. LOG gets the log's name, "" without one. */
void process_announce(char *log, size_t size);

/* For people: one line for each TLS library. */
void process_describe(char *out, size_t size);
void process_after_fork(void);

#endif
