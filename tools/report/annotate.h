/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REPORT_ANNOTATE_H
#define ORSHIM_REPORT_ANNOTATE_H

/*
 * For GitHub Actions: each cause as an annotation (a workflow command on stderr), and the
 * whole report as Markdown in the job's summary.
 * docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */
#include "tools/report/report.h"

/* Are annotations wanted? ASKED is --annotate; in a job of GitHub Actions it is the default. */
bool annotate_wanted(bool asked);

/* Write the annotations to stderr and add to the file $GITHUB_STEP_SUMMARY. */
void annotate(const struct report *r);

/*
 * Between these two calls no line is taken for a workflow command, because what
 * a server answered is printed there. The first fills in TOKEN.
 */
enum { ANNOTATE_TOKEN = 33 };
void annotate_stop(char token[ANNOTATE_TOKEN]);
void annotate_resume(const char token[ANNOTATE_TOKEN]);

#endif
