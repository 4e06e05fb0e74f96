/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ATTACH_AGENT_H
#define ORSHIM_ATTACH_AGENT_H

#include <stdbool.h>

/*
 * The library's side of `orshim attach` (base/attach_proto.h): attaches the shim to
 * a running program and detaches it again. The code is never unmapped: some thread
 * may still be in it.
 */

/* Is this copy the first in the loader's search order? If not, the first sees all that we would. */
bool attach_agent_is_first(void);

/* In the constructor, always: from here on `orshim attach` can see that we are loaded. */
void attach_agent_start(void);

/* In the constructor, when loaded into a running program: detached until a request comes. */
void attach_agent_start_late(void);

#endif
