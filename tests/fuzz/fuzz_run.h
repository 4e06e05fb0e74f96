/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_FUZZ_RUN_H
#define ORSHIM_FUZZ_RUN_H

/*
 * What all targets of whole connections share: an input becomes steps, and the
 * steps must tell the same however they are split. FF FE in the input changes
 * the side that speaks.
 */
#include "tests/unit/wire_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { FUZZ_STEPS = 32 };

/* Append steps that point into BYTES, SIDE first. At most FUZZ_STEPS; the last one is a close. */
static inline void steps_of(struct step *steps, size_t count, enum side side, const uint8_t *bytes,
			    size_t n)
{
	const char *p = (const char *)bytes;

	while (n && count < FUZZ_STEPS) {
		const char *mark = memmem(p, n, "\xff\xfe", 2);
		size_t piece = mark ? (size_t)(mark - p) : n;
		steps[count++] =
		    (struct step){ side == SIDE_CLIENT ? STEP_CLIENT : STEP_SERVER, p, piece };
		side = side == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT;
		piece += mark ? 2 : 0;
		p += piece;
		n -= piece;
	}
	steps[count++] = (struct step)CLOSE;
	steps[count] = (struct step){ STEP_STOP, NULL, 0 };
}

static inline void compare_splits(const struct step *steps, const struct run_options *o)
{
	struct text first = run_steps(steps, SPLIT_AS_RECORDED, o);

	for (int split = SPLIT_PER_BYTE; split < SPLIT_COUNT; split++) {
		if (split == SPLIT_AT_ONCE)
			continue; /* neighbours of one side are one step already */
		struct text other = run_steps(steps, (enum split)split, o);
		if (strcmp(first.p, other.p) != 0) {
			fprintf(stderr, "--- as recorded\n%s\n--- split %d\n%s\n", first.p, split,
				other.p);
			abort();
		}
		free(other.p);
	}
	free(first.p);
}

#endif
