/*
 * The options of a login: any bytes, arguments ending with a newline.  What is accepted is within
 * its bounds; what is refused says why in text that a log can hold.
 */
#include <stdlib.h>
#include <string.h>

#include "pam/options.h"

#define ARGS 16

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
check(const struct options *o)
{
	if (o->wait > o->timeout || o->timeout > 600 || o->uv > OPTION_UV_PIN)
		abort();
	if (o->max_tokens < 1 || o->max_tokens > 64)
		abort();
	if (o->sources < 1 || o->sources > OPTIONS_SOURCES)
		abort();
	if (o->map[0] != '/' && strncmp(o->map, "~/", 2) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text = malloc(n + 1), *rest = text, *arg;
	const char *argv[ARGS];
	struct options o;
	int argc = 0;
	size_t i;

	if (!text)
		return 0;
	memcpy(text, p, n);
	text[n] = '\0';
	while (argc < ARGS && (arg = strsep(&rest, "\n")) != NULL)
		argv[argc++] = arg;
	if (options_parse(argc, argv, &o) == ERR_OK)
		check(&o);
	else
		for (i = 0; o.why[i] || i == 0; i++)
			if (o.why[i] < ' ' || o.why[i] > '~')
				abort();
	free(text);
	return 0;
}
