/* SPDX-License-Identifier: MIT */
#include "tools/log/log_mask.h"

#include "base/limits.h"
#include "diagnose/mask.h"

/* Is anything in TEXT masked? Then ROOM has what may be shown of it. */
static bool masked(struct buf *room, const char *text)
{
	buf_reset(room);
	mask_text(room, slice_of(text), LIMIT_LINE);
	return !slice_equal(buf_slice(room), slice_of(text));
}

/* Mask each text in ITEM; a member whose name has something to mask goes. */
static void mask_tree(cJSON *item, struct buf *room)
{
	cJSON *next;

	if (cJSON_IsString(item) && masked(room, item->valuestring) &&
	    (buf_add(room, "", 1) != 0 || !cJSON_SetValuestring(item, room->p)))
		item->valuestring[0] = '\0';
	for (cJSON *child = item->child; child; child = next) {
		next = child->next;
		if (child->string && masked(room, child->string))
			cJSON_Delete(cJSON_DetachItemViaPointer(item, child));
		else
			mask_tree(child, room);
	}
}

void log_mask(cJSON *record)
{
	struct buf room;

	buf_init(&room, 4 * LIMIT_LINE);
	mask_tree(record, &room);
	buf_release(&room);
}
