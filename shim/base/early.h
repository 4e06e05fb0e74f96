/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EARLY_H
#define ORSHIM_EARLY_H

/*
 * For small objects that the constructor touches in every process: they share
 * the page that holds .data, where .bss would give each a page fault of its
 * own. A page fault costs more than all the rest of the constructor.
 */
#define EARLY __attribute__((section(".data")))

#endif
