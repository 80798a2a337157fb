/* verb_audit.c - the audit log, for people. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/verbs.h"

/* ---- show ---- */
/* "2026-11-23", or "7d", "12h": so long ago. */
static enum err
since(struct cli *c, uint64_t *out)
{
	const char *s = c->args.value[ARG_SINCE];
	struct tm tm = { .tm_isdst = -1 };
	char unit, end;
	unsigned n;
	time_t t;

	*out = 0;
	if (!s)
		return ERR_OK;
	if (sscanf(s, "%5u%c%c", &n, &unit, &end) == 2 && (unit == 'd' || unit == 'h')) {
		*out = (uint64_t)time(NULL) - (uint64_t)n * (unit == 'd' ? 86400 : 3600);
		return ERR_OK;
	}
	if (sscanf(s, "%4d-%2d-%2d%c", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &end) == 3) {
		tm.tm_year -= 1900;
		tm.tm_mon--;
		if ((t = mktime(&tm)) >= 0) {
			*out = (uint64_t)t;
			return ERR_OK;
		}
	}
	return cli_wrong(c, "--since takes a day, 2026-11-23, or 7d, or 12h");
}

static void
put_time(uint64_t at)
{
	time_t t = (time_t)at;
	struct tm tm;
	char text[32];

	if (localtime_r(&t, &tm) && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm))
		fputs(text, stdout);
}

static const char *
said(const struct ops_audit_entry *e)
{
	static const char *const text[] = { "log begun", "asked: ", "touch: ", "proof: ", "",
		"free use: ", "repaired" };

	return e->kind < sizeof text / sizeof *text ? text[e->kind] : "";
}

static void
put_what(const char *before, struct span s)
{
	if (!s.len)
		return;
	fputs(before, stdout);
	out_text(stdout, s);
	putchar('\n');
}

/* The line says when and what; what belongs to it is indented. */
static void
put_entry(const struct ops_audit_entry *e)
{
	printf("%llu  ", (unsigned long long)e->n);
	if (e->bad) {
		puts("THIS ENTRY WAS CHANGED");
		return;
	}
	put_time(e->time);
	printf("  %s", said(e));
	out_text(stdout, e->op);
	if (e->count > 1)
		printf(e->kind == 6 ? " (%llu bytes dropped)" : " (%llu times)",
		    (unsigned long long)e->count);
	putchar('\n');
	put_what("    ", e->name);
	put_what("    by ", e->client);
	if (e->err)
		printf("    %s\n", err_text((enum err)e->err));
}

struct showing {
	struct cli *c;
	struct buf json;
	size_t n;
};

static enum err
show_page(struct showing *s, const struct ops_audit_show_rep *rep)
{
	struct cbor at = wire_each(&rep->entries);
	struct ops_audit_entry entry;
	struct span raw;
	enum err e = ERR_OK;

	while (!e && !cbor_at_end(&at)) {
		if ((e = cbor_skip(&at, &raw)) ||
		    (e = wire_decode(&ops_audit_entry_map, raw, &entry)))
			return e;
		if (!args_has(&s->c->args, ARG_JSON)) {
			put_entry(&entry);
		} else {
			buf_put_str(&s->json, s->n ? "," : "");
			e = wire_json(&ops_audit_entry_map, raw, false, &s->json);
		}
		s->n++;
	}
	return e;
}

static enum err
show_all(struct showing *s, struct ops_audit_page *q)
{
	struct ops_audit_show_rep rep;
	uint8_t cursor[8];
	enum err e;

	do {
		wire_mark(&ops_audit_page_map, q);
		if ((e = cli_call(s->c, OP_AUDIT_SHOW, q, &rep)) || (e = show_page(s, &rep)))
			return e;
		if (rep.cursor.len == sizeof cursor)
			memcpy(cursor, rep.cursor.p, sizeof cursor);
		q->cursor = SPAN(cursor, rep.cursor.len);
	} while (q->cursor.len);
	return ERR_OK;
}

enum err
verb_audit_show(struct cli *c)
{
	struct showing s = { .c = c };
	struct ops_audit_page q = { .cursor = SPAN_NONE };
	enum err e;

	if ((e = since(c, &q.since)))
		return e;
	buf_put_str(&s.json, "{\"entries\":[");
	e = show_all(&s, &q);
	buf_put_str(&s.json, "]}\n");
	if (!e && args_has(&c->args, ARG_JSON) && !(e = buf_err(&s.json)))
		e = out_raw(STDOUT_FILENO, buf_span(&s.json));
	buf_done(&s.json);
	return e;
}

/* ---- verify ---- */
static void
put_wrong(const struct ops_audit_verify_rep *rep)
{
	static const char *const where[] = { "the log", "the older file, .1",
		"the file that was put aside, .damaged" };

	printf("%s\n", err_text((enum err)rep->err));
	printf("at entry %llu, byte %llu of\n%s\n", (unsigned long long)rep->at,
	    (unsigned long long)rep->offset, where[rep->file < 3 ? rep->file : 0]);
	if (rep->file == 2)
		out_say("hint: keep that file, and look at what is in front of this entry; "
			"once it is moved elsewhere, only the log itself is examined");
	else
		out_say("hint: what is in front of this entry is as it was written; "
			"look at who can write your files");
}

/* What was found is the result; the exit status says that it is not good. */
enum err
verb_audit_verify(struct cli *c)
{
	struct ops_audit_verify_rep rep;
	uint64_t end;
	bool done;
	enum err e;

	if ((e = cli_ask(c, OP_AUDIT_VERIFY, NULL, &rep, &done)))
		return e;
	c->status = rep.good ? 0 : 1;
	if (done)
		return ERR_OK;
	end = rep.first + rep.entries;
	out_row("audit log", "%s", rep.good ? "as it was written" : "NOT AS IT WAS WRITTEN");
	out_row("entries", "%llu", (unsigned long long)rep.entries);
	out_row("anchored", "%llu", (unsigned long long)rep.anchored);
	if (rep.first)
		out_row("older ones", "%llu not kept", (unsigned long long)rep.first);
	if (rep.begun)
		out_row("begun anew", "%s", err_text((enum err)rep.begun));
	if (!rep.good)
		put_wrong(&rep);
	else if (rep.anchored < end)
		out_say("the last %llu could be cut off unnoticed until the vault is next changed, "
			"locked or unlocked",
		    (unsigned long long)(end - rep.anchored));
	return ERR_OK;
}
