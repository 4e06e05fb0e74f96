/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CAPTURE_OUT_H
#define ORSHIM_CAPTURE_OUT_H

/*
 * ORSHIM_CAPTURE: appends every finished exchange, with pseudonyms for its secrets,
 * to one .cap file per connection, from which `orshim replay` comes to the same
 * findings. The folder must exist; what cannot be written is left out silently.
 */
#include "base/settings.h"
#include "report/record.h"

struct capture_file;

struct capture_out {
	const char *folder; /* borrowed; NULL: nothing is captured */
	int pid;            /* process that the files belong to */
	struct capture_file *files;
	size_t count;
};

void capture_out_init(struct capture_out *c, const char *folder);
void capture_out_release(struct capture_out *c);

/* D's exchange, seen with the settings S in the process O. */
void capture_out_exchange(struct capture_out *c, const struct settings *s, const struct origin *o,
			  const struct diagnosis *d);

/* Connection NUMBER has no more events for now. */
void capture_out_pause(struct capture_out *c, uint32_t number);

#endif
