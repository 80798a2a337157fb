/* vaultcopy.c - a vault file comes back to its place. */
#include "cli/vaultcopy.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/outfile.h"
#include "lib/paths.h"
#include "lib/sock.h"

#define COPY_MAX ((uint64_t)1 << 30)

enum err
vaultcopy_is(int fd, bool *is)
{
	static const uint8_t magic[8] = { 0x89, 'O', 'W', 'K', 0x0d, 0x0a, 0x1a, 0x0a };
	uint8_t head[8];
	ssize_t n = pread(fd, head, sizeof head, 0);

	*is = n == sizeof head && memcmp(head, magic, sizeof head) == 0;
	return n < 0 ? ERR_IO : ERR_OK;
}

/* It appears whole or not at all, and never over another one. */
static enum err
put_in_place(int fd, const char *path)
{
	struct outfile f = OUTFILE_NONE;
	uint64_t size = 0;
	uint8_t some[4096];
	ssize_t n;
	enum err e = outfile_open(&f, path, false);

	while (!e && (n = read(fd, some, sizeof some)) != 0) {
		size += n > 0 ? (uint64_t)n : 0;
		e = n < 0 ? ERR_IO : size > COPY_MAX ? ERR_TOOBIG : ERR_OK;
		if (!e)
			e = outfile_write(&f, SPAN(some, (size_t)n));
	}
	if (!e)
		e = outfile_commit(&f);
	outfile_done(&f);
	return e == ERR_EXISTS ? ERR_BACKUP_COPY : e;
}

static enum err
make_folder(const char *path)
{
	char dir[PATHS_MAX];
	char *slash;

	snprintf(dir, sizeof dir, "%s", path);
	if ((slash = strrchr(dir, '/')) != NULL)
		*slash = '\0';
	return sock_mkdir_private(dir);
}

/* What is damaged goes again: it was never the vault of anybody here. */
static enum err
examine(struct cli *c, const char *path)
{
	struct ops_check_rep rep;
	struct ops_finding first;
	struct cbor at;
	enum err e = cli_call(c, OP_VAULT_CHECK, NULL, &rep);

	if (!e && !rep.good) {
		e = ERR_VAULT_DAMAGED;
		at = wire_each(&rep.findings);
		if (!cbor_at_end(&at) && !wire_next(&ops_finding_map, &at, &first))
			snprintf(c->detail, sizeof c->detail, "%.*s", (int)first.text.len,
			    first.text.len ? (const char *)first.text.p : "");
	}
	if (e && unlink(path) == 0)
		snprintf(c->hint, sizeof c->hint, "use another copy; this one was not kept");
	return e;
}

enum err
vaultcopy_restore(struct cli *c, int fd)
{
	struct ops_status_rep st;
	char path[PATHS_MAX];
	enum err e = cli_call(c, OP_STATUS, NULL, &st);

	if (e)
		return e;
	if (st.vault)
		return ERR_BACKUP_COPY;
	snprintf(path, sizeof path, "%.*s", (int)st.path.len,
	    st.path.len ? (const char *)st.path.p : "");
	out_say("A copy of a vault: it goes to %s.", path);
	if ((e = make_folder(path)) || (e = put_in_place(fd, path)) || (e = examine(c, path)))
		return e;
	out_say("It is there. 'ownkey unlock' opens it with one of its ways in.");
	return ERR_OK;
}
