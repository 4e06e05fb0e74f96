/* SPDX-License-Identifier: MIT */
/*
 * Names that the archives which we link ask for, and that an older glibc or musl lacks.
 * Hidden: for this library alone.
 *
 * With headers of glibc 2.38 or later, strtoul(3) and the like are compiled as calls of
 * other names. They differ only in accepting "0b1010", which none of our callers needs.
 * With _FORTIFY_SOURCE memcpy() is compiled as a call that ends the program where its
 * destination is too small: Debian 13's libbrotlidec.a. By __getauxval() gcc's library
 * for arm64 chooses atomic instructions.
 */
#include <stdarg.h>
#include <string.h>
#include <sys/auxv.h>

extern long old_strtol(const char *s, char **end, int base) __asm__("strtol");
extern long long old_strtoll(const char *s, char **end, int base) __asm__("strtoll");
extern unsigned long old_strtoul(const char *s, char **end, int base) __asm__("strtoul");
extern unsigned long long old_strtoull(const char *s, char **end, int base) __asm__("strtoull");
extern int old_vsscanf(const char *s, const char *format, va_list rest) __asm__("__isoc99_vsscanf");

long __isoc23_strtol(const char *s, char **end, int base);
long long __isoc23_strtoll(const char *s, char **end, int base);
unsigned long __isoc23_strtoul(const char *s, char **end, int base);
unsigned long long __isoc23_strtoull(const char *s, char **end, int base);
int __isoc23_sscanf(const char *s, const char *format, ...);

long __isoc23_strtol(const char *s, char **end, int base)
{
	return old_strtol(s, end, base);
}

long long __isoc23_strtoll(const char *s, char **end, int base)
{
	return old_strtoll(s, end, base);
}

unsigned long __isoc23_strtoul(const char *s, char **end, int base)
{
	return old_strtoul(s, end, base);
}

unsigned long long __isoc23_strtoull(const char *s, char **end, int base)
{
	return old_strtoull(s, end, base);
}

int __isoc23_sscanf(const char *s, const char *format, ...)
{
	va_list rest;

	va_start(rest, format);
	int found = old_vsscanf(s, format, rest);
	va_end(rest);
	return found;
}

void *__memcpy_chk(void *to, const void *from, size_t n, size_t room);

void *__memcpy_chk(void *to, const void *from, size_t n, size_t room)
{
	(void)room;
	return memcpy(to, from, n);
}

#if defined(__aarch64__)
unsigned long __getauxval(unsigned long type);

unsigned long __getauxval(unsigned long type)
{
	return getauxval(type);
}
#endif
