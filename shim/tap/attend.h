/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ATTEND_H
#define ORSHIM_ATTEND_H

/*
 * Orders from `orshim attach` (base/order.h): come to life in a program that
 * runs already, and go to rest again. The code stays mapped for good: some
 * thread may be in it.
 */

/* In the constructor, always: from here on others can see that we are there. */
void attend_start(void);

/* In the constructor, loaded into a running program: dormant until an order comes. */
void attend_start_late(void);

#endif
