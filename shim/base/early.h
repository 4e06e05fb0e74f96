/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EARLY_H
#define ORSHIM_EARLY_H

/*
 * For small objects that the constructor touches in every process. They share one page
 * with .data; in .bss each could cost a page fault, and a page fault costs more than all
 * the rest of the constructor.
 */
#define EARLY __attribute__((section(".data")))

/* The same for functions that it calls in every process, and that would lie far from it. */
#define EARLY_CODE __attribute__((section(".text.startup")))

#endif
