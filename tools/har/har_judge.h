/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HAR_JUDGE_H
#define ORSHIM_HAR_JUDGE_H

#include "observe.h"
#include "tools/har/har.h"

/* What came of the entries (counts), and the records that orshim had written into them. */
struct har_judged {
	size_t requests;   /* entries that are one */
	size_t calls;      /* of them of an API; the own ones among them */
	size_t unreadable; /* entries that are none */
	size_t withheld;   /* calls whose credential, if there was one, was left out */
	size_t redacted;   /* calls whose credential is not as it was sent */
	size_t bodiless;   /* calls whose body is missing, or not as it was sent */
	struct buf records; /* JSON lines; no secret is in them, whoever wrote the file */
	size_t record_count;
};

/* Judge all entries of H by O, whose judge is for recordings. J is initialised. False without memory. */
bool har_judge(struct observer *o, const struct har *h, struct har_judged *j);
void har_judged_release(struct har_judged *j);

#endif
