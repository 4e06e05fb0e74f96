/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EARLY_H
#define ORSHIM_EARLY_H

/*
 * For small objects that the constructor touches in every process: they share
 * the page that holds .data, where .bss would give each a page fault of its
 * own. A page fault costs more than all the rest of the constructor.
 */
#define EARLY __attribute__((section(".data")))

/* TEXT, a literal, which stands there, too: the page of the other literals is not read. */
#define EARLY_TEXT(text)                               \
	({                                             \
		static char early_text[] EARLY = text; \
		(const char *)early_text;              \
	})

/* For what it calls that lies far from it otherwise: beside it, at the beginning of the code. */
#define EARLY_CODE __attribute__((section(".text.startup")))

#endif
