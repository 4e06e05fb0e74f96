/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LOG_MASK_H
#define ORSHIM_LOG_MASK_H

#include <cJSON.h>

/*
 * Mask each text in RECORD, as mask_text() does: whoever wrote it, it can be shown. A member
 * whose name has something to mask is deleted.
 */
void log_mask(cJSON *record);

#endif
