/* machine.c - what both state machines need. */
#include "cli/age/machine.h"

#include <stdio.h>

enum err
idents_add(struct idents *l, struct span text)
{
	if (l->n == MACHINE_IDENTS)
		return ERR_TOOBIG;
	l->bad[l->n] = ident_parse(text, &l->id[l->n]);
	l->n++;
	return ERR_OK;
}

void
idents_done(struct idents *l)
{
	while (l->n > 0)
		ident_done(&l->id[--l->n]);
}

enum err
idents_report(struct chat *t, const struct idents *l, bool *any)
{
	char which[32];
	enum err e = ERR_OK;

	*any = false;
	for (size_t i = 0; i < l->n && !e; i++) {
		if (!l->bad[i])
			continue;
		*any = true;
		snprintf(which, sizeof which, "identity %zu", i);
		e = chat_error(t, which, l->bad[i], NULL);
	}
	return e;
}

enum err
machine_number(struct span text, size_t *v)
{
	*v = 0;
	if (!text.len || text.len > 9 || (text.len > 1 && text.p[0] == '0'))
		return ERR_AGE_PLUGIN;
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return ERR_AGE_PLUGIN;
		*v = *v * 10 + (size_t)(text.p[i] - '0');
	}
	return ERR_OK;
}
