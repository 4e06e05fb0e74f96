/* SPDX-License-Identifier: MIT */
#include "tap/own_pid.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/early.h"
#include "base/glibc.h"

/* On a page of its own that the kernel empties in a child (madvise(2), Linux 4.14); NULL: none. */
static atomic_int *kept_pid EARLY;

/* So often it is asked of the kernel: a process that asks seldom is not worth the page. */
enum { SELDOM = 8 };
static atomic_int asked EARLY;

static void set_up(void)
{
	long size = sysconf(_SC_PAGESIZE);
	void *page =
	    mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return;
	if (madvise(page, (size_t)size, MADV_WIPEONFORK) == 0)
		kept_pid = page;
	else
		munmap(page, (size_t)size);
}

int own_pid(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int id;

	if (atomic_load_explicit(&asked, memory_order_relaxed) < SELDOM) {
		atomic_fetch_add_explicit(&asked, 1, memory_order_relaxed);
		return getpid();
	}
	libc_once(&once, set_up);
	if (!kept_pid)
		return getpid();
	id = atomic_load_explicit(kept_pid, memory_order_relaxed);
	if (id == 0) {
		id = getpid();
		atomic_store_explicit(kept_pid, id, memory_order_relaxed);
	}
	return id;
}
