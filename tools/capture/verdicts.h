/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_VERDICTS_H
#define ORSHIM_VERDICTS_H

/*
 * What `lint` and `replay` share: they play captures one after the other, print
 * text or records, and end with one exit status for all.
 */
#include "tools/capture/playback.h"
#include "tools/command.h"

struct verdicts {
	const char *command;
	struct playback_options options;
	bool json;
	bool needs_exchange; /* if no capture has one, the file was not what the user took it for */
	unsigned errors; /* findings at ERROR */
};

void verdicts_init(struct verdicts *v, const char *command);

/* Play C, known to the user as NAME, and print what was found. TITLED: say the name first. */
void verdicts_add(struct verdicts *v, const struct capture *c, const char *name, bool titled);

/* Read a .cap and play it. Dies when it cannot be read. */
void verdicts_add_file(struct verdicts *v, const char *path, bool titled);

/* The exit status. */
int verdicts_end(const struct verdicts *v);

#endif
