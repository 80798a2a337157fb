/* ownkey.conf: whatever the file says, the struct stays within its table. */
#include <stdlib.h>

#include "lib/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
check_option(const struct opt *o, const struct conf *c)
{
	const char *p = (const char *)c + o->offset;
	uint32_t v;

	if (o->type == OPT_TEXTS)
		return;
	if (o->type == OPT_TEXT) {
		if (strnlen(p, o->max) == o->max || strlen(p) < o->min ||
		    (o->check != NULL && !o->check(p)))
			abort();
		return;
	}
	memcpy(&v, p, sizeof(v));
	if (o->type == OPT_BOOL && v > 1)
		abort();
	if ((o->type == OPT_UINT || o->type == OPT_SECONDS) && (v < o->min || v > o->max))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct conf c;
	size_t i, line, lines = 1;
	enum err r;

	memset(&c, 0, sizeof(c));
	if (opt_defaults(conf_options, conf_noptions, &c))
		abort();
	for (i = 0; i < n; i++)
		lines += p[i] == '\n';
	r = opt_parse(conf_options, conf_noptions, SPAN(p, n), &c, &line);
	if (r != ERR_OK && (r != ERR_CONFIG || line == 0 || line > lines))
		abort();
	if (r != ERR_OK)
		return 0; /* conf_load gives nothing out */
	for (i = 0; i < conf_noptions; i++)
		check_option(&conf_options[i], &c);
	if (line != 0 || c.ntokens < 1 || c.ntokens > CONF_TOKENS)
		abort();
	for (i = 0; i < c.ntokens; i++)
		if (strnlen(c.token[i], CONF_PATH) >= CONF_PATH || c.token[i][0] == 0)
			abort();
	return 0;
}
