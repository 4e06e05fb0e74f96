/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ATTACH_AGENT_H
#define ORSHIM_ATTACH_AGENT_H

#include <stdbool.h>

/*
 * Orders from `orshim attach` (base/attach_proto.h): come to life in a program that
 * runs already, and go to rest again. The code stays mapped for good: some
 * thread may be in it.
 */

/* Is no other copy of this library in front of us? It sees everything that we would. */
bool attach_agent_is_first(void);

/* In the constructor, always: from here on others can see that we are there. */
void attach_agent_start(void);

/* In the constructor, loaded into a running program: dormant until an order comes. */
void attach_agent_start_late(void);

#endif
