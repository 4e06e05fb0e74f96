/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_DESK_H
#define ORSHIM_DESK_H

/*
 * Where what connections have ready is judged and written: the process's one
 * observer behind its lock, the clock, the list of TLS copies, the `process`
 * record. Nothing is opened or said before there is something to say.
 */
#include "tap/table.h"
#include "report/record.h"

int64_t desk_clock(void); /* microseconds since 1970, UTC */

/* In the constructor; ARGV0 is copied, ROLE static. */
void desk_start(const char *argv0, const char *role_of_process);

struct wire_limits desk_limits(void); /* by the settings, which are read with the first call */

/* Take all that E's connection has ready; drops E when it is deaf. The shard is locked. */
void desk_take(struct entry *e, int64_t now_us);

void desk_found(const struct tls_copy *copy);
void desk_forget_copy(const char *object); /* it was unloaded */
void desk_tell_copies(int64_t now_us);   /* the `process` record, if it is not written yet */
void desk_tell_untapped(int64_t now_us); /* the record of a process whose copies are out of reach */
/* The record with UNSEEN alone, once for each process, if no copy was found. */
void desk_tell_unseen(const struct tls_copy *unseen, int64_t now_us);
bool desk_watches_host(struct slice host);   /* an API's, going by its name? */
bool desk_watches(uint16_t port);           /* is there an entry of ORSHIM_HOSTS with it? */
void desk_say(const struct tls_copy *copy); /* under ORSHIM_DEBUG, on stderr */

bool desk_try_lock(void); /* for the process's end: never waits */
void desk_lock(void);
void desk_unlock(void);
void desk_lock_in(void); /* a sandbox begins: have open what is needed, open nothing from here on */
void desk_finish(void); /* the process ends */

/* Let go of the log and of all that is remembered; what is found stays. */
void desk_rest(void);

/* Begin anew with the settings GIVEN, as environ_take_settings(). */
int desk_wake(struct slice given);

/* Write the record of the process at once. LOG gets the log's name, "" without one. */
void desk_announce(char *log, size_t size);

/* For people: one line a TLS copy. */
void desk_describe(char *out, size_t size);
void desk_after_fork(void);

#endif
