/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REPORT_ANNOTATE_H
#define ORSHIM_REPORT_ANNOTATE_H

/*
 * For GitHub Actions: each cause as an annotation (a workflow command on stderr), and the
 * whole report as Markdown in the job's summary.
 * docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */
#include "tools/report/report.h"

/* ASKED is --annotate; in a job of GitHub Actions nobody has to ask. */
bool annotate_wanted(bool asked);

/* Write the annotations to stderr and add to the file $GITHUB_STEP_SUMMARY. */
void annotate(const struct report *r);

/*
 * No line between these two is taken for a workflow command: what a server answered is
 * printed there. TOKEN is filled in by the first.
 */
enum { ANNOTATE_TOKEN = 33 };
void annotate_stop(char token[ANNOTATE_TOKEN]);
void annotate_resume(const char token[ANNOTATE_TOKEN]);

#endif
