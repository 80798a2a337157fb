/* verb_merge.c - what another copy of the vault has is listed, and taken. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/verbs.h"
#include "lib/paths.h"
#include "lib/whole.h"

#define COPY_MOST (1100u * 1024 * 1024)

/* The copy, as the agent finds it: beside the vault. */
struct beside {
	int dirfd;
	char name[256];
	bool made; /* by us: it goes again */
};

/* The vault's folder, and a name there that the agent reads when it is told to. */
static enum err
find_place(struct cli *c, struct beside *b)
{
	char path[PATHS_MAX];
	struct ops_status_rep st;
	char *slash;
	enum err e;

	if ((e = cli_call(c, OP_STATUS, NULL, &st)))
		return e;
	if (st.locked)
		return ERR_LOCKED;
	snprintf(path, sizeof path, "%.*s", (int)st.path.len, (const char *)st.path.p);
	if (!(slash = strrchr(path, '/')))
		return ERR_NOVAULT;
	snprintf(b->name, sizeof b->name, "%.200s.merge-%ld", slash + 1, (long)getpid());
	slash[1] = '\0';
	b->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return b->dirfd < 0 ? err_of_errno(errno) : ERR_OK;
}

static enum err
copy_there(struct cli *c, struct beside *b, const char *file)
{
	struct whole from = { .dirfd = AT_FDCWD, .name = file };
	char tmp[300];
	struct whole to = { .dirfd = b->dirfd, .name = b->name, .tmp = tmp };
	struct buf bytes = { .max = COPY_MOST };
	enum err e;

	snprintf(tmp, sizeof tmp, ".%s", b->name);
	if (!(e = whole_read(&from, &bytes)) && !(e = whole_replace(&to, buf_span(&bytes))))
		b->made = true;
	buf_done(&bytes);
	if (e)
		snprintf(c->detail, sizeof c->detail, "%s", file);
	return e;
}

static void
put_notes(const struct ops_vault_merge_rep *rep)
{
	struct ops_note n;
	struct cbor at;

	for (at = wire_each(&rep->notes); !cbor_at_end(&at) && !wire_next(&ops_note_map, &at, &n);)
		out_say_span("", n.text);
}

static enum err
agree(struct cli *c, const struct ops_vault_merge_rep *rep)
{
	bool yes = args_has(&c->args, ARG_FORCE);
	enum err e = ERR_OK;

	put_notes(rep);
	if (!rep->came && !rep->conflicts) {
		out_say("the copy has nothing that the vault does not");
		return ERR_NOTFOUND;
	}
	if (!yes && !term_is_there(&c->term))
		return cli_wrong(c, "nobody is there to ask: say --force");
	if (!yes)
		e = term_yes(&c->term, "take this into the vault? [y/N] ", false, &yes);
	return e ? e : yes ? ERR_OK : ERR_REFUSED;
}

static enum err
list_and_take(struct cli *c, const struct beside *b)
{
	struct ops_vault_merge q = { .name = span_str(b->name),
		.label = cli_value(c, ARG_SLOT),
		.token = cli_value(c, ARG_TOKEN),
		.force = args_has(&c->args, ARG_FORCE) };
	struct ops_vault_merge_rep rep;
	bool done;
	enum err e;

	if ((e = args_ways(c->args.value[ARG_WITH], &q.way)))
		return e;
	wire_mark(&ops_vault_merge_map, &q);
	if ((e = cli_call(c, OP_VAULT_MERGE, &q, &rep)))
		return e;
	if ((e = agree(c, &rep)))
		return e == ERR_NOTFOUND ? ERR_OK : e;
	q.take = true;
	if (!(e = cli_ask(c, OP_VAULT_MERGE, &q, &rep, &done)) && !done)
		out_say("taken: the vault has all of it now");
	return e;
}

enum err
verb_vault_merge(struct cli *c)
{
	struct beside b = { .dirfd = -1 };
	enum err e;

	if (!(e = find_place(c, &b)) && !(e = copy_there(c, &b, cli_operand(c, 0))))
		e = list_and_take(c, &b);
	if (b.made)
		unlinkat(b.dirfd, b.name, 0);
	if (b.dirfd >= 0)
		close(b.dirfd);
	return e;
}
