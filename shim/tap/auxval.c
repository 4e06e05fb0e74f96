/* SPDX-License-Identifier: MIT */
/*
 * What gcc's library for arm64 chooses atomic instructions by asks for glibc's own name
 * of getauxval(3), which musl lacks. Hidden: for this library alone.
 */
#if defined(__aarch64__)
#include <sys/auxv.h>

unsigned long __getauxval(unsigned long type);

unsigned long __getauxval(unsigned long type)
{
	return getauxval(type);
}
#endif
