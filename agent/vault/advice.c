/* advice.c - what follows when keys of an identity change. */
#include "agent/vault/advice.h"

static void
add_sentence(struct advice *a, const char *s)
{
	struct span all = buf_span(&a->sees);

	if (all.len && memmem(all.p, all.len, s, strlen(s)))
		return;
	if (all.len)
		buf_put_u8(&a->sees, ' ');
	buf_put_str(&a->sees, s);
}

static void
add_step(struct advice *a, struct span s)
{
	for (size_t i = 0; i < a->nsteps; i++)
		if (span_eq(a->step[i].text, s))
			return;
	if (a->nsteps == ADVICE_STEPS)
		return;
	a->step[a->nsteps] = (struct ops_step){ .text = s };
	wire_mark(&ops_step_map, &a->step[a->nsteps++]);
}

void
advice_add(struct advice *a, const struct item *it, enum format_event event)
{
	const struct format *f = format_find(it->origin.service);
	const struct format_advice *row = f ? format_advice(f, it->origin.purpose, event) : NULL;

	if (!row)
		return;
	add_sentence(a, row->sees);
	for (const char *s = row->steps; *s;) {
		size_t n = strcspn(s, "\n");

		add_step(a, SPAN(s, n));
		s += n + (s[n] == '\n');
	}
}

void
advice_done(struct advice *a)
{
	buf_done(&a->sees);
	a->nsteps = 0;
}
