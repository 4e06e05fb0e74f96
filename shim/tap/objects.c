/* SPDX-License-Identifier: MIT */
#include "tap/objects.h"

#include <string.h>

#include "base/glibc.h"
#include "tap/loader.h"

/* The parts of the dynamic section that a look-up needs; addresses of this process. */
struct symbols {
	const ElfW(Sym) * table;
	const char *names;
	const uint32_t *gnu_hash;
	const uint32_t *sysv_hash;
	const uint16_t *versions;
	const char *needs;
};

struct walk {
	bool (*visit)(const struct object *o, void *arg);
	void *arg;
	bool is_past_program; /* the first entry */
};

struct search {
	uintptr_t address;
	struct object *found;
	bool hit;
	bool is_past_program;
};

struct next {
	const char *name;
	void *found;
	bool is_past_us;
};

static const char anchor; /* lies in our own object */

/* The program comes first. It has no name in glibc, and argv[0] in musl. */
static void describe(const struct dl_phdr_info *info, struct object *o, bool *is_past_program)
{
	o->bias = info->dlpi_addr;
	o->name = info->dlpi_name && *is_past_program ? info->dlpi_name : "";
	*is_past_program = true;
	o->phdr = info->dlpi_phdr;
	o->phdr_count = info->dlpi_phnum;
	o->dynamic = NULL;
	for (size_t i = 0; i < o->phdr_count; i++)
		if (o->phdr[i].p_type == PT_DYNAMIC)
			o->dynamic = (const ElfW(Dyn) *)(o->bias + o->phdr[i].p_vaddr);
}

bool object_segment(const struct object *o, uintptr_t address, struct span *span, uint32_t *flags)
{
	for (size_t i = 0; i < o->phdr_count; i++) {
		const ElfW(Phdr) *p = &o->phdr[i];
		uintptr_t low = o->bias + p->p_vaddr;
		if (p->p_type != PT_LOAD || address < low || address - low >= p->p_memsz)
			continue;
		*span = (struct span){ low, low + p->p_memsz };
		*flags = p->p_flags;
		return true;
	}
	return false;
}

struct span object_span(const struct object *o)
{
	struct span all = { UINTPTR_MAX, 0 };

	for (size_t i = 0; i < o->phdr_count; i++) {
		const ElfW(Phdr) *p = &o->phdr[i];
		uintptr_t low = o->bias + p->p_vaddr;
		if (p->p_type != PT_LOAD)
			continue;
		if (low < all.low)
			all.low = low;
		if (low + p->p_memsz > all.high)
			all.high = low + p->p_memsz;
	}
	return all;
}

static int visit_one(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct walk *walk = arg;
	struct object o;
	struct span span;
	uint32_t flags;

	(void)size;
	describe(info, &o, &walk->is_past_program);
	if (object_segment(&o, (uintptr_t)&anchor, &span, &flags))
		return 0;
	return walk->visit(&o, walk->arg);
}

void objects_each(bool (*visit)(const struct object *o, void *arg), void *arg)
{
	struct walk walk = { visit, arg, false };

	loader_enter(LOADER_LIST);
	dl_iterate_phdr(visit_one, &walk);
	loader_leave();
}

struct elsewhere {
	bool (*visit)(const char *file, void *arg);
	void *arg;
};

/* glibc's struct r_debug_extended: one for each namespace, ours is the first. */
struct debug {
	struct r_debug base;
	const struct debug *next; /* with version 2 */
};

/* The program is the first entry; its DT_DEBUG is what the loader shows to debuggers. */
static int visit_elsewhere(struct dl_phdr_info *info, size_t size, void *arg)
{
	const struct elsewhere *e = arg;
	const struct debug *d = NULL;
	bool is_past_program = false;
	struct object o;

	(void)size;
	describe(info, &o, &is_past_program);
	for (const ElfW(Dyn) *entry = o.dynamic; entry && entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == DT_DEBUG)
			d = (const struct debug *)entry->d_un.d_ptr;
	if (!d || d->base.r_version < 2)
		return 1;
	for (d = d->next; d; d = d->next)
		for (const struct link_map *m = d->base.r_map; m; m = m->l_next)
			if (m->l_name && e->visit(m->l_name, e->arg))
				return 1;
	return 1;
}

void objects_elsewhere(bool (*visit)(const char *file, void *arg), void *arg)
{
	struct elsewhere e = { visit, arg };

	loader_enter(LOADER_LIST);
	dl_iterate_phdr(visit_elsewhere, &e);
	loader_leave();
}

/* The counters are the same in every entry: the first one will do. */
static int count_changes(struct dl_phdr_info *info, size_t size, void *arg)
{
	if (size >= offsetof(struct dl_phdr_info, dlpi_subs) + sizeof(info->dlpi_subs))
		*(unsigned long long *)arg = info->dlpi_adds + info->dlpi_subs;
	return 1;
}

unsigned long long objects_changes(void)
{
	unsigned long long now = 0;

	loader_enter(LOADER_LIST);
	dl_iterate_phdr(count_changes, &now);
	loader_leave();
	return now;
}

static int find_address(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct search *search = arg;
	struct span span;
	uint32_t flags;

	(void)size;
	describe(info, search->found, &search->is_past_program);
	search->hit = object_segment(search->found, search->address, &span, &flags);
	return search->hit;
}

bool objects_at(const void *address, struct object *o)
{
	struct search search = { (uintptr_t)address, o, false, false };

	loader_enter(LOADER_LIST);
	dl_iterate_phdr(find_address, &search);
	loader_leave();
	return search.hit;
}

bool objects_is_ours(const void *address)
{
	struct object self;
	struct span span;
	uint32_t flags;

	return objects_at(&anchor, &self) &&
	       object_segment(&self, (uintptr_t)address, &span, &flags);
}

/* glibc has relocated these pointers in place; other loaders and the vdso leave offsets. */
static const void *resolve(const struct object *o, ElfW(Addr) value)
{
	return (const void *)(value < o->bias ? o->bias + value : value);
}

static bool read_symbols(const struct object *o, struct symbols *s)
{
	memset(s, 0, sizeof(*s));
	for (const ElfW(Dyn) *d = o->dynamic; d && d->d_tag != DT_NULL; d++) {
		const void *p = resolve(o, d->d_un.d_ptr);
		switch (d->d_tag) {
		case DT_SYMTAB:
			s->table = p;
			break;
		case DT_STRTAB:
			s->names = p;
			break;
		case DT_GNU_HASH:
			s->gnu_hash = p;
			break;
		case DT_HASH:
			s->sysv_hash = p;
			break;
		case DT_VERSYM:
			s->versions = p;
			break;
		case DT_VERNEED:
			s->needs = p;
			break;
		default:
			break;
		}
	}
	return s->table && s->names && (s->gnu_hash || s->sysv_hash);
}

static void *defined_as(const struct object *o, const struct symbols *s, uint32_t i,
			const char *name)
{
	const ElfW(Sym) *symbol = &s->table[i];
	unsigned type = symbol->st_info & 0xf;

	/* Bit 15 hides old versions of a name from whoever asks for none. */
	if (s->versions && (s->versions[i] & 0x8000))
		return NULL;
	if (symbol->st_shndx == SHN_UNDEF || !symbol->st_value || type == STT_GNU_IFUNC ||
	    type == STT_TLS || strcmp(s->names + symbol->st_name, name) != 0)
		return NULL;
	return (void *)(o->bias + symbol->st_value);
}

/* Layout: counts of buckets, first hashed symbol, bloom words, bloom shift; then the arrays. */
static void *look_up_gnu(const struct object *o, const struct symbols *s, const char *name)
{
	const uint32_t *h = s->gnu_hash;
	uint32_t buckets = h[0], first = h[1], words = h[2], shift = h[3];
	const ElfW(Addr) *bloom = (const ElfW(Addr) *)(h + 4);
	const uint32_t *bucket = (const uint32_t *)(bloom + words);
	const uint32_t *chain = bucket + buckets;
	const unsigned bits = 8 * sizeof(ElfW(Addr));
	uint32_t hash = 5381;

	for (const unsigned char *c = (const unsigned char *)name; *c; c++)
		hash = hash * 33 + *c;
	if (!buckets || !words)
		return NULL;
	ElfW(Addr) want = (ElfW(Addr))1 << hash % bits | (ElfW(Addr))1 << (hash >> shift) % bits;
	if ((bloom[hash / bits % words] & want) != want)
		return NULL;
	uint32_t i = bucket[hash % buckets];
	if (i < first)
		return NULL;
	for (;; i++) {
		uint32_t link = chain[i - first];
		void *found = (link | 1) == (hash | 1) ? defined_as(o, s, i, name) : NULL;
		if (found || (link & 1))
			return found;
	}
}

static void *look_up_sysv(const struct object *o, const struct symbols *s, const char *name)
{
	const uint32_t *h = s->sysv_hash;
	uint32_t buckets = h[0];
	const uint32_t *chain = h + 2 + buckets;
	uint32_t hash = 0;

	for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
		hash = (hash << 4) + *c;
		hash = (hash ^ (hash >> 24 & 0xf0)) & 0x0fffffff;
	}
	for (uint32_t i = buckets ? h[2 + hash % buckets] : 0; i; i = chain[i]) {
		void *found = defined_as(o, s, i, name);
		if (found)
			return found;
	}
	return NULL;
}

void *object_symbol(const struct object *o, const char *name)
{
	struct symbols s;

	if (!read_symbols(o, &s))
		return NULL;
	return s.gnu_hash ? look_up_gnu(o, &s, name) : look_up_sysv(o, &s, name);
}

static int find_next(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct next *next = arg;
	bool has_name = true;
	struct object o;
	struct span span;
	uint32_t flags;

	(void)size;
	describe(info, &o, &has_name);
	if (next->is_past_us)
		next->found = object_symbol(&o, next->name);
	else
		next->is_past_us = object_segment(&o, (uintptr_t)&anchor, &span, &flags);
	return next->found != NULL;
}

void *objects_next(const char *name)
{
	struct next next = { name, NULL, false };

	if (dlsym)
		return dlsym(RTLD_NEXT, name);
	loader_enter(LOADER_LIST);
	dl_iterate_phdr(find_next, &next);
	loader_leave();
	return next.found;
}

static const char *version_name(const struct symbols *s, uint16_t index)
{
	const char *at = s->needs;

	for (;;) {
		const ElfW(Verneed) *need = (const ElfW(Verneed) *)at;
		const char *entry = at + need->vn_aux;
		for (unsigned i = 0; i < need->vn_cnt; i++) {
			const ElfW(Vernaux) *aux = (const ElfW(Vernaux) *)entry;
			if (aux->vna_other == index)
				return s->names + aux->vna_name;
			entry += aux->vna_next;
		}
		if (!need->vn_next)
			return NULL;
		at += need->vn_next;
	}
}

/*
 * Imported symbols come before the hashed ones. A program that exports none
 * has an empty hash, which does not count them: every linker puts the strings
 * right behind the symbols.
 */
static size_t imported(const struct symbols *s)
{
	if (s->gnu_hash[1] > 1 || (const char *)s->table > s->names)
		return s->gnu_hash[1];
	return (size_t)(s->names - (const char *)s->table) / sizeof(*s->table);
}

/* The index of NAME among the symbols that O imports; 0, which is none, if it does not. */
static size_t import(const struct symbols *s, const char *name)
{
	size_t end = s->gnu_hash ? imported(s) : s->sysv_hash[1];

	for (size_t i = 1; i < end; i++)
		if (s->table[i].st_shndx == SHN_UNDEF &&
		    strcmp(s->names + s->table[i].st_name, name) == 0)
			return i;
	return 0;
}

bool object_imports(const struct object *o, const char *name)
{
	struct symbols s;

	return read_symbols(o, &s) && import(&s, name) != 0;
}

const char *object_wanted_version(const struct object *o, const char *name)
{
	struct symbols s;

	if (!read_symbols(o, &s) || !s.versions || !s.needs)
		return NULL;
	size_t i = import(&s, name);
	return i ? version_name(&s, s.versions[i] & 0x7fff) : NULL;
}

const char *object_file(const struct object *o)
{
	return o->name[0] ? o->name : "/proc/self/exe";
}
