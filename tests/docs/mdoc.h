/*
 * mdoc.h - prose in lines that mdoc takes, as dump.c writes it.
 */
#ifndef TESTS_DOCS_MDOC_H
#define TESTS_DOCS_MDOC_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS 78

/* Width of the line that is being written. */
static size_t at;

static inline void
end_line(void)
{
	if (at > 0)
		putchar('\n');
	at = 0;
}

/* The next word belongs to what stands there already. */
static bool glued;

/* Nothing in it is a request of roff, and options stay what they are when they are copied. */
static inline void
word(const char *p, size_t n)
{
	size_t i;

	if (at > 0 && !glued && at + 1 + n > COLUMNS)
		end_line();
	else if (at > 0 && !glued)
		at += (size_t)printf(" ");
	glued = false;
	if (at == 0 && (*p == '.' || *p == '\''))
		printf("\\&");
	for (i = 0; i < n; i++)
		if (p[i] == '\\')
			printf("\\e");
		else if (p[i] == '-' && i + 1 < n && p[i + 1] == '-')
			printf("\\-\\-"), i++;
		else
			putchar(p[i]);
	at += n;
	if (strchr(".?!", p[n - 1]))
		end_line();
}

/* Several lines as needed, a new one for each sentence. */
static inline void
text(const char *s)
{
	size_t n;

	for (s += strspn(s, " "); *s; s += n + strspn(s + n, " ")) {
		n = strcspn(s, " ");
		word(s, n);
	}
}

static inline void
sentence(const char *s)
{
	char first[2] = { 0 };

	if (*s >= 'a' && *s <= 'z') {
		first[0] = (char)(*s++ - 'a' + 'A');
		printf("%s", first);
		glued = true;
		at++;
	}
	text(s);
	if (at > 0) {
		putchar('.');
		at++;
	}
	end_line();
}

#endif
