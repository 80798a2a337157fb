/*
 * vectors.h - known answers in JSON, read by the least that can read them: the tests look for
 * strings whose place they know.  Not a JSON parser.
 */
#ifndef TESTS_UNIT_VECTORS_H
#define TESTS_UNIT_VECTORS_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whole file as a string; NULL when it is not there.  To be freed. */
static inline char *
vectors_read(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t n = 0, cap = 1 << 20;
	char *p;

	if (f == NULL)
		return NULL;
	if ((p = malloc(cap)) == NULL || (n = fread(p, 1, cap - 1, f)) == cap - 1)
		abort();
	fclose(f);
	p[n] = 0;
	return p;
}

/* A file of OWNKEY_VECTORS, which is no part of the tree.  When it is not there, a line says so. */
static inline char *
vectors_read_shared(const char *name)
{
	const char *dir = getenv("OWNKEY_VECTORS");
	char path[4096], *p;

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : "../shared/vectors", name);
	if ((p = vectors_read(path)) == NULL)
		fprintf(stderr, "%s is not there (OWNKEY_VECTORS)\n", path);
	return p;
}

/* The string that begins at or after p into out; returns what follows it.  NULL: there is none
 * before the first of the characters of stop that stands outside a string. */
static inline const char *
vectors_string(const char *p, const char *stop, char *out, size_t cap)
{
	size_t n = 0;

	for (; *p != '"'; p++)
		if (*p == 0 || strchr(stop, *p) != NULL)
			return NULL;
	for (p++; *p != '"'; p++) {
		if (*p == '\\' && p[1] != 'u')
			p++; /* \" and \\ and \/ are all that the files have, \n aside */
		if (*p == 0 || n + 1 >= cap)
			abort();
		out[n++] = *p;
	}
	out[n] = 0;
	return p + 1;
}

/* In doc, the string called name of the vector called id ("" is none).  Aborts when missing, so
 * that a renamed vector is noticed. */
static inline const char *
vectors_get(const char *doc, const char *id, const char *name, char *out, size_t cap)
{
	char key[256];
	const char *p, *end;

	snprintf(key, sizeof(key), "\"id\": \"%s\"", id);
	if ((p = strstr(doc, key)) != NULL) {
		p += strlen(key);
		end = strstr(p, "\"id\": ");
		snprintf(key, sizeof(key), "\"%s\": ", name);
		p = strstr(p, key);
		if (p != NULL && (end == NULL || p < end) &&
		    vectors_string(p + strlen(key), "{}[],", out, cap) != NULL)
			return out;
	}
	fprintf(stderr, "no %s in vector %s\n", name, id);
	abort();
}

#endif
