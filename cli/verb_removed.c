/* verb_removed.c - what desktop applications removed or replaced, and back again. */
#include <string.h>
#include <unistd.h>

#include "cli/entries.h"
#include "cli/verbs.h"
#include "lib/text.h"

/* ---- list ---- */
struct listing {
	bool as_json;
	struct buf json;
	size_t n;
};

static enum err
put_entry(void *arg, const struct ops_entry *en, struct span raw)
{
	struct listing *l = arg;
	struct buf id = BUF_INIT;
	char day[16];

	if (l->as_json) {
		if (l->n++)
			buf_put_u8(&l->json, ',');
		return wire_json(&ops_entry_map, raw, false, &l->json);
	}
	l->n++;
	out_day(en->removed, day);
	text_encode(TEXT_HEX, en->id, &id);
	printf("%s  ", day);
	out_text(stdout, en->name);
	printf("\n  %s\n", buf_cstr(&id));
	buf_done(&id);
	return ERR_OK;
}

static enum err
count_entry(void *arg, const struct ops_entry *en, struct span raw)
{
	(void)en;
	(void)raw;
	++*(size_t *)arg;
	return ERR_OK;
}

size_t
verbs_removed(struct cli *c)
{
	size_t n = 0;

	return entries_each(c, true, count_entry, &n) ? 0 : n;
}

enum err
verb_secret_removed(struct cli *c)
{
	struct listing l = { .as_json = args_has(&c->args, ARG_JSON) };
	enum err e;

	buf_put_str(&l.json, "{\"entries\":[");
	e = entries_each(c, true, put_entry, &l);
	buf_put_str(&l.json, "]}\n");
	if (!e && l.as_json && !(e = buf_err(&l.json)))
		e = out_raw(STDOUT_FILENO, buf_span(&l.json));
	if (!e && !l.as_json)
		out_say(l.n ? "'ownkey secret back NAME' takes one back"
			    : "no application removed or replaced anything that is still kept");
	buf_done(&l.json);
	return e;
}

/* ---- back ---- */
struct wanted {
	const char *name;
	uint8_t id[OPS_ID_LEN];
	size_t n;
};

static enum err
match(void *arg, const struct ops_entry *en, struct span raw)
{
	struct wanted *w = arg;
	struct buf hex = BUF_INIT;

	(void)raw;
	text_encode(TEXT_HEX, en->id, &hex);
	if (span_is(en->name, w->name) || span_is(buf_span(&hex), w->name)) {
		memcpy(w->id, en->id.p, sizeof w->id);
		w->n++;
	}
	buf_done(&hex);
	return ERR_OK;
}

enum err
verb_secret_back(struct cli *c)
{
	struct wanted w = { .name = cli_operand(c, 0) };
	struct ops_entry_sel q = { .id = SPAN(w.id, sizeof w.id) };
	enum err e;

	if ((e = entries_each(c, true, match, &w)))
		return e;
	if (!w.n) {
		snprintf(c->hint, sizeof c->hint, "'ownkey secret removed' shows what there is");
		return ERR_NOTFOUND;
	}
	wire_mark(&ops_entry_sel_map, &q);
	if (!(e = cli_call(c, OP_ENTRY_BACK, &q, NULL)))
		out_say("back: applications find it again");
	return e;
}
