/* verb_ssh.c - the keys of the ssh door: ssh list, and what status says of them. */
#include <time.h>
#include <unistd.h>

#include "cli/pages.h"
#include "cli/verbs.h"
#include "lib/sock.h"
#include "lib/sshkey.h"

/* ---- one key, one line ---- */
static void
put_kind(struct span blob)
{
	struct buf plain = BUF_INIT, print = BUF_INIT;
	struct sshkey_public k;

	if (sshkey_parse_public(blob, &k)) {
		fputs("unknown", stdout);
		return;
	}
	/* as ssh-add -l prints it: a certificate by the key in it */
	if (!sshkey_put_plain(&k, &plain) && !buf_err(&plain))
		sshkey_fingerprint(buf_span(&plain), &print);
	printf("%s %s", sshkey_name(k.type, k.is_cert), buf_cstr(&print));
	buf_done(&plain);
	buf_done(&print);
}

static void
put_time(const struct ssh_row *row)
{
	struct timespec now;
	uint64_t left;

	clock_gettime(CLOCK_BOOTTIME, &now);
	left = row->expires > (uint64_t)now.tv_sec ? row->expires - (uint64_t)now.tv_sec : 0;
	if (!row->expires)
		fputs("  (added until lock)", stdout);
	else if (left >= 2 * 3600)
		printf("  (added for %u h more)", (unsigned)(left / 3600));
	else if (left >= 2 * 60)
		printf("  (added for %u min more)", (unsigned)(left / 60));
	else
		printf("  (added for %u s more)", (unsigned)left);
}

static void
put_where(const struct wire_list *dest)
{
	struct cbor at = wire_each(dest);
	struct ssh_destination d;
	const char *before = "  (only ";

	while (!cbor_at_end(&at) && !wire_next(&ssh_destination_map, &at, &d)) {
		fputs(before, stdout);
		before = ", ";
		if (d.from_host.len) {
			out_text(stdout, d.from_host);
			fputs(" to ", stdout);
		} else {
			fputs("to ", stdout);
		}
		if (d.to_user.len) {
			out_text(stdout, d.to_user);
			putchar('@');
		}
		out_text(stdout, d.to_host);
	}
	if (dest->n)
		putchar(')');
}

static void
put_row(const struct ssh_row *row)
{
	static const char *const why[] = { "", "  (not listed: no room)",
		"  (not listed: not in ssh_list)" };

	put_kind(row->blob);
	fputs("  ", stdout);
	out_text(stdout, row->comment);
	if (row->label.len) {
		fputs("  (", stdout);
		out_text(stdout, row->label);
		putchar(')');
	}
	if (row->added)
		put_time(row);
	if (row->confirm)
		fputs("  (asks each time)", stdout);
	put_where(&row->dest);
	fputs(why[row->unlisted], stdout);
	putchar('\n');
}

/* ---- all of them ---- */
struct listing {
	struct buf json; /* empty: lines are printed */
	bool as_json;
	size_t n, kept; /* kept: of the vault */
	struct ops_key_list_rep last;
};

static enum err
put_page(struct listing *l)
{
	struct cbor at = wire_each(&l->last.keys);
	struct ssh_row row;
	struct span raw;
	enum err e = ERR_OK;

	while (!e && !cbor_at_end(&at)) {
		if ((e = cbor_skip(&at, &raw)) || (e = wire_decode(&ssh_row_map, raw, &row)))
			return e;
		if (l->as_json && l->n)
			buf_put_u8(&l->json, ',');
		if (l->as_json)
			e = wire_json(&ssh_row_map, raw, false, &l->json);
		else
			put_row(&row);
		l->n++;
		l->kept += row.label.len != 0;
	}
	return e;
}

static enum err
each_page(struct cli *c, struct listing *l)
{
	struct ops_page q = { .has = 0 };
	uint8_t cursor[8];
	enum err e;

	do {
		wire_mark(&ops_page_map, &q);
		if ((e = cli_call(c, OP_KEY_LIST, &q, &l->last)) || (e = put_page(l)))
			return e;
		if (l->last.cursor.len)
			memcpy(cursor, l->last.cursor.p, sizeof cursor);
		q.cursor = SPAN(cursor, l->last.cursor.len);
	} while (q.cursor.len);
	return ERR_OK;
}

/* ---- what ssh-add -d and -D hid is not gone ---- */
static void
count_in_use(void *arg, const struct ops_item *it, struct span raw)
{
	size_t *n = arg;

	(void)raw;
	*n += it->state == 0;
}

static bool
say_hidden(struct cli *c, size_t listed)
{
	struct ops_page q = { .service = SPAN_LIT("ssh") };
	size_t n = 0;

	if (pages_each(c, OP_ID_LIST, &q, count_in_use, &n)) {
		c->detail[0] = c->hint[0] = '\0';
		return false;
	}
	if (n <= listed)
		return false;
	out_say(
	    "%zu key%s of the vault %s hidden from ssh (ssh-add -d or -D), not removed: 'ownkey "
	    "lock', then 'ownkey unlock', shows %s again",
	    n - listed, n - listed == 1 ? "" : "s", n - listed == 1 ? "is" : "are",
	    n - listed == 1 ? "it" : "them");
	return true;
}

static void
say_cut(const struct ops_key_list_rep *rep, bool hidden)
{
	if (rep->cut)
		out_say("ssh sees %u of %u keys: it reads no more. 'ssh_list' in ownkey.conf says "
			"which come first.",
		    (unsigned)rep->listed, (unsigned)rep->total);
	else if (!rep->total && !hidden)
		out_say("no key for ssh; 'ownkey id add ssh NAME' makes one");
}

static enum err
put_json(struct listing *l)
{
	buf_putf(&l->json, "],\"total\":%u,\"listed\":%u,\"cut\":%u}\n", (unsigned)l->last.total,
	    (unsigned)l->last.listed, (unsigned)l->last.cut);
	return buf_err(&l->json) ? buf_err(&l->json) : out_raw(STDOUT_FILENO, buf_span(&l->json));
}

enum err
verb_ssh_list(struct cli *c)
{
	struct listing l = { .as_json = args_has(&c->args, ARG_JSON) };
	enum err e;

	if (l.as_json)
		buf_put_str(&l.json, "{\"keys\":[");
	if (!(e = each_page(c, &l)) && l.as_json)
		e = put_json(&l);
	else if (!e)
		say_cut(&l.last, say_hidden(c, l.kept));
	buf_done(&l.json);
	return e;
}

/* ---- status ---- */
/* Numbers only: nothing comes behind the last one.  Before the first unlock they are not known. */
void
verb_ssh_status(struct cli *c)
{
	struct ops_page q = { .cursor = SPAN_LIT("\xff\xff\xff\xff\xff\xff\xff\xff") };
	struct ops_key_list_rep rep;
	char path[SOCK_PATH_MAX];

	if (!sock_path("ssh.sock", path, sizeof path))
		out_row_span("ssh", span_str(path));
	wire_mark(&ops_page_map, &q);
	if (cli_call(c, OP_KEY_LIST, &q, &rep))
		c->detail[0] = c->hint[0] = '\0';
	else if (rep.listed == rep.total)
		out_row("ssh keys", "%u", (unsigned)rep.total);
	else
		out_row("ssh keys", "%u of %u are listed%s ('ownkey ssh list')",
		    (unsigned)rep.listed, (unsigned)rep.total,
		    rep.cut ? ": ssh reads no more" : "");
}
