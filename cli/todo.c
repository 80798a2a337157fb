/* todo.c - what is still to be done. */
#include "cli/todo.h"

#include <stdarg.h>
#include <time.h>

#include "lib/text.h"

#define DAY  86400u
#define LATE 90 /* days until a proof, or a backup of what has changed, is too old */

struct list {
	size_t n;
	uint64_t now;
};

static void __attribute__((format(printf, 3, 4)))
put(struct list *l, const char *command, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	out_row_fold("to do", text);
	out_row("", "%s", command);
	l->n++;
}

/* A command is not folded: it may be copied. */
static void
put_slot(struct list *l, const char *what, struct span label)
{
	struct buf b = BUF_INIT;

	buf_put_str(&b, "ownkey slot verify '");
	text_printable(label, &b);
	buf_put_u8(&b, '\'');
	put(l, buf_cstr(&b), "%s", what);
	buf_done(&b);
}

static const char *
s(uint64_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

/* ---- what others may know ---- */
static void
put_exposed(struct list *l, const struct ops_status_rep *st)
{
	unsigned n = (unsigned)st->exposed;

	if (st->seed_exposed)
		put(l, "ownkey id reseed", "others may know the seed of your keys: make another");
	else if (n)
		put(l, "ownkey id rotate --all-exposed",
		    "%u key%s may be known to others: move %s to the new seed", n, s(n, "", "s"),
		    s(n, "it", "them"));
	else if (st->older)
		put(l, "ownkey id rotate --all-exposed",
		    "%u key%s not come back from your phrase: move %s to its seed",
		    (unsigned)st->older, s(st->older, " does", "s do"), s(st->older, "it", "them"));
	if (st->seed_exposed && n)
		out_row_fold(
		    "", n == 1 ? "1 key hangs on it" : "all keys marked (exposed) hang on it");
	n = (unsigned)st->exposed_secrets;
	if (n)
		put(l, "ownkey secret list",
		    "%u secret%s may be known to others: change %s where %s used, then 'secret "
		    "set --replace'",
		    n, s(n, "", "s"), s(n, "it", "them"), s(n, "it is", "they are"));
}

/* ---- what exists once ---- */
static void
put_once(struct list *l, const struct ops_status_rep *st)
{
	uint64_t days = st->backup_at < l->now ? (l->now - st->backup_at) / DAY : 0;
	unsigned n = (unsigned)st->only_here;

	if (n && st->backup_here && !st->changed)
		put(l, "ownkey backup verify FILE",
		    "the backup is on this disk: copy it to another one, and verify it there");
	else if (n > st->secrets)
		put(l, "ownkey backup create",
		    "%u secret%s, counting keys from elsewhere, exist%s only on this disk", n,
		    s(n, "", "s"), s(n, "s", ""));
	else if (n)
		put(l, "ownkey backup create", "%u secret%s only on this disk", n,
		    s(n, " exists", "s exist"));
	else if (st->backup_at && st->changed && days > LATE)
		put(l, "ownkey backup create", "the newest backup is %u days old", (unsigned)days);
	if (st->slots == 1)
		put(l, "ownkey slot add", "there is a single way in: add another");
	if (st->owed)
		put(l, "ownkey phrase verify",
		    "the recovery phrase was printed and never typed back");
}

/* ---- ways in ---- */
static void
put_way(struct list *l, const struct ops_slot *row)
{
	struct buf b = BUF_INIT;
	uint64_t last = row->last_verified;
	uint64_t days = last < l->now ? (l->now - last) / DAY : 0;

	if (row->err || (last && days <= LATE))
		return;
	text_printable(row->label, &b);
	if (last)
		buf_putf(&b, ": not proven for %u days", (unsigned)days);
	else
		buf_put_str(&b, ": never proven");
	put_slot(l, buf_cstr(&b), row->label);
	buf_done(&b);
}

enum err
todo_put(struct cli *c, size_t *n)
{
	struct list l = { .now = (uint64_t)time(NULL) };
	struct ops_status_rep st;
	struct ops_slot_list_rep rep;
	struct ops_slot row;
	struct cbor at;
	enum err e;

	*n = 0;
	if ((e = cli_call(c, OP_STATUS, NULL, &st)))
		return e;
	if (!st.vault)
		return ERR_NOVAULT;
	if (st.locked)
		return ERR_LOCKED;
	put_exposed(&l, &st);
	put_once(&l, &st);
	if ((e = cli_call(c, OP_SLOT_LIST, NULL, &rep)))
		return e;
	for (at = wire_each(&rep.slots); !cbor_at_end(&at) && !e;)
		if (!(e = wire_next(&ops_slot_map, &at, &row)))
			put_way(&l, &row);
	fflush(stdout);
	*n = l.n;
	return e;
}
