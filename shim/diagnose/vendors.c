/* SPDX-License-Identifier: MIT */
#include "diagnose/vendors.h"

#include <string.h>

#include "diagnose/host_name.h"

const struct vendor vendors[] = {
#define VENDOR(name, ...) { .id = #name, __VA_ARGS__ },
#include "diagnose/vendors.def"
};

const size_t vendor_count = sizeof(vendors) / sizeof(vendors[0]);

struct location_row {
	unsigned char vendor;
	char part[20]; /* of the path */
	char headers[80];
};

static const struct location_row location_rows[] = {
#define LOCATION(name, part_of_path, names) { VENDOR_##name, part_of_path, names },
#include "diagnose/vendors.def"
};

static const struct vendor_bound bounds[] = {
#define BOUND(name, ...) { .vendor = VENDOR_##name, __VA_ARGS__ },
#include "diagnose/vendors.def"
};

struct plan_row {
	unsigned char vendor;
	char prefix[12];
	char hosts[112];  /* of the plan */
	char others[112]; /* of all other keys */
};

static const struct plan_row plans[] = {
#define PLAN(name, beginning, places, rest) { VENDOR_##name, beginning, places, rest },
#include "diagnose/vendors.def"
};

static const struct vendor_plan_path plan_paths[] = {
#define PLAN_PATH(name, ...) { VENDOR_##name, __VA_ARGS__ },
#include "diagnose/vendors.def"
};

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

bool list_next(struct slice *rest, struct slice *word)
{
	while (slice_cut(rest, ' ', word))
		if (word->n)
			return true;
	return false;
}

bool list_has(const char *list, struct slice name)
{
	struct slice rest = slice_of(list);
	struct slice one;

	while (list_next(&rest, &one))
		if (slice_equal(one, name))
			return true;
	return false;
}

static bool is_row_of(const struct vendor *vendor, unsigned char row)
{
	return vendor == &vendors[row];
}

const struct vendor *vendor_named(struct slice id)
{
	for (size_t i = 0; i < vendor_count; i++)
		if (slice_equal_nocase(slice_of(vendors[i].id), id))
			return &vendors[i];
	return NULL;
}

const struct vendor *vendor_of_variable(struct slice name)
{
	for (size_t i = 0; i < vendor_count; i++)
		if (list_has(vendors[i].variables, name))
			return &vendors[i];
	return NULL;
}

const struct vendor *vendor_of_base_url(struct slice name)
{
	for (size_t i = 0; i < vendor_count; i++)
		if (list_has(vendors[i].base_urls, name))
			return &vendors[i];
	return NULL;
}

const char *vendor_locations(const struct vendor *vendor, struct slice path)
{
	for (size_t i = 0; i < ROWS(location_rows); i++)
		if (is_row_of(vendor, location_rows[i].vendor) &&
		    slice_has(path, slice_of(location_rows[i].part)))
			return location_rows[i].headers;
	return vendor ? vendor->header : "";
}

bool vendor_reads(const struct vendor *vendor, struct slice path, struct slice header)
{
	return list_has(vendor_locations(vendor, path), header);
}

static bool is_bound_by(const struct vendor_bound *bound, struct slice token, struct slice host)
{
	struct slice prefix = { bound->prefix, strnlen(bound->prefix, sizeof(bound->prefix)) };

	return slice_starts(token, prefix) && host_fits(bound->hosts, host) &&
	       (!bound->at[0] || host_fits(bound->at, host));
}

const struct vendor_bound *vendor_bound(const struct vendor *vendor, struct slice token,
					struct slice host)
{
	for (size_t i = 0; i < ROWS(bounds); i++)
		if (is_row_of(vendor, bounds[i].vendor) && is_bound_by(&bounds[i], token, host))
			return &bounds[i];
	return NULL;
}

bool vendor_plan(const struct vendor *vendor, struct slice token, struct slice host,
		 struct vendor_plan *plan)
{
	for (size_t i = 0; i < ROWS(plans); i++) {
		const struct plan_row *row = &plans[i];
		if (!is_row_of(vendor, row->vendor))
			continue;
		bool key = slice_starts(token, slice_of(row->prefix));
		if (key == host_fits(row->hosts, host))
			continue;
		*plan = (struct vendor_plan){ row->prefix, key, key ? row->hosts : row->others };
		return true;
	}
	return false;
}

const struct vendor_plan_path *vendor_plan_path(const struct vendor *vendor, struct slice path)
{
	for (size_t i = 0; i < ROWS(plan_paths); i++)
		if (is_row_of(vendor, plan_paths[i].vendor) &&
		    slice_starts(path, slice_of(plan_paths[i].other)))
			return &plan_paths[i];
	return NULL;
}
