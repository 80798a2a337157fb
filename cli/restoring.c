/* restoring.c - a backup beside the vault. */
#include "cli/restoring.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/samedisk.h"
#include "lib/text.h"

enum err
restoring_file(struct cli *c, const char *path, int *fd)
{
	struct stat st;
	enum err e = ERR_OK;

	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (*fd < 0)
		e = errno == ENOENT ? ERR_NOTFOUND : errno == EACCES ? ERR_PERMISSION : ERR_IO;
	else if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode))
		e = ERR_UNSUPPORTED;
	if (!e)
		return ERR_OK;
	snprintf(c->detail, sizeof c->detail, "%s", path);
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return e;
}

static void
say_found(const struct ops_restore_open_rep *rep)
{
	struct buf hex = BUF_INIT;
	char made[16] = "unknown";

	if (rep->created)
		out_day(rep->created, made);
	if (rep->fingerprint.len)
		text_encode(TEXT_HEX, rep->fingerprint, &hex);
	out_say("A backup of %s: %llu keys, %llu secrets, %llu other items.", made,
	    (unsigned long long)rep->identities, (unsigned long long)rep->secrets,
	    (unsigned long long)rep->others);
	if (hex.len)
		out_say("Its recovery phrase has the fingerprint %s (generation %llu).",
		    buf_cstr(&hex), (unsigned long long)rep->seed);
	if (rep->other)
		out_say("That is another recovery phrase than that of the vault here.");
	buf_done(&hex);
}

enum err
restoring_open(struct cli *c, struct restoring *r, bool live_key)
{
	struct ops_restore_open q = { .live_key = live_key };
	enum err e;

	*r = (struct restoring){ 0 };
	wire_mark(&ops_restore_open_map, &q);
	if ((e = cli_call(c, OP_RESTORE_OPEN, &q, &r->head)))
		return e;
	say_found(&r->head);
	return ERR_OK;
}

/* ---- rows ---- */
static const char *
how(const struct ops_restore_row *row)
{
	switch (row->state) {
	case OPS_RESTORE_DIFFERS:
		return row->newer ? "changed here after this backup" : "differs";
	case OPS_RESTORE_BACKUP_ONLY:
		return row->removed ? "only in the backup (was removed here)"
				    : "only in the backup";
	case OPS_RESTORE_SEED:
		return row->newer ? "made after this backup" : "missing in the backup";
	default:
		return row->newer ? "made after this backup" : "missing in the backup";
	}
}

static void
put_row(const struct ops_restore_row *row)
{
	static const char *const kinds[] = { "seed", "key", "secret", "contact", "succession log" };

	printf("%s: ", how(row));
	if (row->kind < sizeof kinds / sizeof *kinds)
		printf("%s ", kinds[row->kind]);
	out_text(stdout, row->label);
	putchar('\n');
}

static void
count_row(struct restoring *r, const struct ops_restore_row *row)
{
	r->differ += row->state == OPS_RESTORE_DIFFERS;
	r->backup_only += row->state == OPS_RESTORE_BACKUP_ONLY;
	r->here_only += row->state == OPS_RESTORE_HERE_ONLY || row->state == OPS_RESTORE_SEED;
	r->newer += row->newer;
}

static enum err
take_page(struct restoring *r, const struct ops_restore_compare_rep *rep, bool quiet)
{
	struct ops_restore_row row;
	struct cbor at = wire_each(&rep->rows);
	enum err e = ERR_OK;

	r->same += rep->same;
	while (!e && !cbor_at_end(&at)) {
		if ((e = wire_next(&ops_restore_row_map, &at, &row)))
			break;
		count_row(r, &row);
		if (!quiet)
			put_row(&row);
	}
	return e;
}

enum err
restoring_compare(struct cli *c, struct restoring *r, bool quiet)
{
	struct ops_restore_sel q = { .handle = r->head.handle };
	struct ops_restore_compare_rep rep;
	enum err e;

	do {
		wire_mark(&ops_restore_sel_map, &q);
		if ((e = cli_call(c, OP_RESTORE_COMPARE, &q, &rep)) ||
		    (e = take_page(r, &rep, quiet)))
			return e;
		q.cursor = rep.next;
	} while (rep.next);
	fflush(stdout);
	return ERR_OK;
}

enum err
restoring_close(struct cli *c, const struct restoring *r, struct ops_restore_close_rep *rep)
{
	struct ops_restore_sel q = { .handle = r->head.handle };
	bool here = true;
	enum err e;

	if (c->args.n && (e = samedisk_as_vault(c, cli_operand(c, 0), &here)))
		return e;
	q.elsewhere = !here;
	wire_mark(&ops_restore_sel_map, &q);
	return cli_call(c, OP_RESTORE_CLOSE, &q, rep);
}
