/* SPDX-License-Identifier: MIT */
#include "tools/export/flat.h"

#include "report/json_out.h"

bool put_flat(struct buf *out, const struct exported *e)
{
	size_t start = out->n;
	struct json_out j;

	json_out_init(&j, out);
	json_object(&j, NULL);
	for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
		if (columns[c].type == COLUMN_TEXT || columns[c].type == COLUMN_TIME)
			json_text(&j, columns[c].name, exported_text(e, c));
		else
			json_number(&j, columns[c].name, e->cells[c].number);
	}
	json_object_end(&j);
	if (json_out_ok(&j) && buf_add(out, "\n", 1) == 0)
		return true;
	out->n = start;
	return false;
}
