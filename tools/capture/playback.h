/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_PLAYBACK_H
#define ORSHIM_PLAYBACK_H

/*
 * A capture through the same code as the shim: connection, judgement, reports.
 */
#include "observe.h"
#include "tools/capture/capture.h"

enum split {
	SPLIT_RECORDED, /* one feed a line */
	SPLIT_BYTES,	/* one feed a byte */
	SPLIT_WHOLE,	/* all of one side between two turns at once */
};

struct playback_options {
	enum split split;
	bool lint;		   /* no answer is no fault; every host is an API */
	struct text_style style;
	struct slice environment;  /* instead of the capture's; absent: the capture's */
	const char *tool;	   /* name in records and text; NULL */
	char *(*lookup)(const char *name); /* ORSHIM_* not set in the capture; NULL: none */
};

struct playback {
	struct buf records; /* JSON lines */
	struct buf text;    /* human blocks */
	unsigned exchanges;
	unsigned findings[SEVERITY_ERROR + 1];
	const char *blind; /* why the connection could not be read to its end; NULL */
};

/*
 * R is initialised here and always to be released. 0, or -1 without memory.
 * ORSHIM_LOG and ORSHIM_TEXT have no effect.
 */
int playback_run(struct playback *r, const struct capture *c,
		 const struct playback_options *options);
void playback_release(struct playback *r);

#endif
