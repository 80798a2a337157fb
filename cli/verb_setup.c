/* verb_setup.c - other programs are told about ownkey: shown, done, undone. */
#include "cli/setup.h"
#include "cli/verbs.h"

/* ---- what there is ---- */
static enum err
list(void)
{
	static const char *const states[] = { "not set up", "set up", "set up, and edited since",
		"not installed" };

	for (size_t i = 0; i < nsetup_tools; i++) {
		const struct setup_tool *t = &setup_tools[i];

		printf("%-14s %-13s %s\n", t->name, states[setup_state(t)], t->help);
	}
	return ERR_OK;
}

/* ---- what would be ---- */
/* Entries of menus have names in a hundred languages: who is to agree would not see the rest. */
static bool
is_translation(struct span line)
{
	const uint8_t *bracket = memchr(line.p, '[', line.len);
	const uint8_t *equals = memchr(line.p, '=', line.len);

	return bracket && equals && bracket > line.p && bracket < equals && equals[-1] == ']';
}

static void
show_lines(char sign, const struct buf *b)
{
	struct span rest = buf_span(b);
	size_t translations = 0;

	while (rest.len) {
		const uint8_t *lf = memchr(rest.p, '\n', rest.len);
		size_t n = lf ? (size_t)(lf - rest.p) : rest.len;
		bool shown = n && !(n == 1 && rest.p[0] == '\r');

		if (shown && is_translation(SPAN(rest.p, n)))
			translations++;
		else if (shown) {
			printf("  %c ", sign);
			out_text(stdout, SPAN(rest.p, n - (rest.p[n - 1] == '\r')));
			putchar('\n');
		}
		rest = span_sub(rest, n + 1, rest.len - n - (lf ? 1 : 0));
	}
	if (translations)
		printf("  %c and %zu translations, as they are\n", sign, translations);
}

static void
show(const struct setup_plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct setup_file *f = &p->file[i];

		for (size_t j = 0; j < f->n; j++) {
			if (j == 0)
				printf("%s%s\n", f->path, f->exists ? "" : " (new)");
			printf("  %s:\n", f->edit[j].why);
			show_lines('-', &f->edit[j].old);
			show_lines('+', &f->edit[j].new);
		}
	}
	(void)fflush(stdout);
	for (size_t i = 0; i < SETUP_NOTES && p->note[i][0]; i++)
		out_say("note: %s", p->note[i]);
}

static bool
changes(const struct setup_plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->file[i].n)
			return true;
	return false;
}

static enum err
agree(struct cli *c, const char *question, bool *yes)
{
	*yes = args_has(&c->args, ARG_YES);
	if (*yes || args_has(&c->args, ARG_DRY_RUN))
		return ERR_OK;
	if (!term_is_there(&c->term)) {
		snprintf(c->hint, sizeof c->hint, "say --yes to go on without being asked");
		return ERR_NOPROMPT;
	}
	return term_yes(&c->term, question, true, yes);
}

/* ---- do ---- */
static enum err
carry_out(struct cli *c, const struct setup_tool *t, const struct setup_plan *p)
{
	bool yes;
	enum err e;

	show(p);
	if ((e = agree(c, "do this? [Y/n] ", &yes)) || !yes)
		return e;
	if (!(e = setup_do(t, p))) {
		setup_after(t);
		out_say("done; 'ownkey setup %s --undo' undoes it", t->name);
	}
	return e;
}

static enum err
set_up(struct cli *c, const struct setup_tool *t)
{
	static struct setup_plan p;
	enum setup_state s = setup_state(t);
	enum err e;

	if (s == SETUP_DONE) {
		out_say("%s is set up already: nothing was changed; for new accounts or another "
			"key, --undo it first",
		    t->name);
		return ERR_OK;
	}
	if (s == SETUP_BROKEN) {
		snprintf(c->hint, sizeof c->hint, "'ownkey setup %s --undo' first", t->name);
		return ERR_SETUP_EDITED;
	}
	p = (struct setup_plan){ .n = 0 };
	e = t->plan(c, &p);
	if (!e && !changes(&p)) {
		show(&p);
		out_say("nothing has to be changed for %s", t->name);
	} else if (!e)
		e = carry_out(c, t, &p);
	else if (p.n && !c->detail[0])
		snprintf(c->detail, sizeof c->detail, "%s", p.file[p.n - 1].path);
	setup_plan_done(&p);
	return e;
}

/* ---- undo ---- */
static enum err
undo(struct cli *c, const struct setup_tool *t)
{
	static struct setup_record r;
	char path[PATHS_MAX];
	bool yes;
	enum err e = setup_record_get(t->name, &r);

	if (e == ERR_NOTFOUND) {
		out_say("%s was not set up by ownkey: nothing to undo", t->name);
		return ERR_OK;
	}
	if (e)
		return e;
	for (size_t i = 0; i < r.n; i++) {
		printf("%s\n", r.row[i].path);
		for (size_t j = 0; j < r.row[i].n; j++) {
			show_lines('-', &r.row[i].edit[j].new);
			show_lines('+', &r.row[i].edit[j].old);
		}
	}
	(void)fflush(stdout);
	setup_record_done(&r);
	if (!(e = setup_undo(t, true, path)) && !(e = agree(c, "undo this? [Y/n] ", &yes)) && yes &&
	    !(e = setup_undo(t, false, path))) {
		setup_after(t);
		out_say("undone");
	}
	if (e && e != ERR_NOPROMPT)
		snprintf(c->detail, sizeof c->detail, "%s", path);
	return e;
}

enum err
verb_setup(struct cli *c)
{
	const char *name = cli_operand(c, 0);
	const struct setup_tool *t = name ? setup_find(name) : NULL;

	if (!name)
		return list();
	if (!t) {
		snprintf(c->hint, sizeof c->hint, "'ownkey setup' lists what there is");
		return cli_wrong(c, "no program called '%.40s' can be set up", name);
	}
	return args_has(&c->args, ARG_UNDO) ? undo(c, t) : set_up(c, t);
}
