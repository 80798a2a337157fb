/*
 * nomem.h - memory that ends at the n-th allocation of the code that is tested.  Included by one
 * file of a program: it replaces malloc, but for libraries.
 */
#ifndef TESTS_UNIT_NOMEM_H
#define TESTS_UNIT_NOMEM_H

#include <stdbool.h>
#include <stddef.h>

#ifdef OWNKEY_SAN /* the sanitizers have a malloc of their own */
#include <stdlib.h>
#define __libc_malloc malloc
#define __libc_calloc calloc
#else

/* glibc's names for what this replaces */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern char __executable_start, etext;

static size_t nomem_countdown; /* 0: never; the n-th allocation from now fails */
static bool nomem_hit;

/* Allocations of libraries are not ours to test. */
static bool
nomem_is_to_fail(const void *caller)
{
	const char *p = caller;

	if (nomem_countdown == 0 || p < &__executable_start || p >= &etext || --nomem_countdown > 0)
		return false;
	nomem_hit = true;
	return true;
}

void *
malloc(size_t n)
{
	return nomem_is_to_fail(__builtin_return_address(0)) ? NULL : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	return nomem_is_to_fail(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	return nomem_is_to_fail(__builtin_return_address(0)) ? NULL : __libc_realloc(p, n);
}

#endif
#endif
