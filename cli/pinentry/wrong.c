/* wrong.c - a small file for each keygrip: "given MTIME" or "wrong MTIME". */
#include "cli/pinentry/wrong.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/paths.h"
#include "lib/sock.h"
#include "lib/whole.h"

#define TEXT_MAX 64
#define READ_MAX 8192 /* whole_read wants room for a piece */

struct place {
	int dir;
	char name[64], tmp[64];
};

static enum err
open_place(const char *keygrip, struct place *p)
{
	char path[PATHS_MAX];
	enum err e;

	if ((e = paths_state(path, sizeof path)) || (e = sock_mkdir_private(path)))
		return e;
	snprintf(p->name, sizeof p->name, "gpg-%s", keygrip);
	snprintf(p->tmp, sizeof p->tmp, "gpg-%s.%ld", keygrip, (long)getpid());
	p->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return p->dir < 0 ? ERR_IO : ERR_OK;
}

static enum err
put(const struct place *p, const char *word, uint64_t mtime)
{
	const struct whole w = { .dirfd = p->dir, .name = p->name, .tmp = p->tmp };
	char text[TEXT_MAX];
	int n = snprintf(text, sizeof text, "%s %llu\n", word, (unsigned long long)mtime);

	return whole_replace(&w, SPAN(text, (size_t)n));
}

/* false: there is none, or nothing of ours. */
static bool
get(const struct place *p, bool *wrong, uint64_t *mtime)
{
	const struct whole w = { .dirfd = p->dir, .name = p->name, .tmp = p->tmp };
	struct buf b = { .max = READ_MAX };
	const char *s;
	bool good = false;
	char *end;

	if (!whole_read(&w, &b)) {
		s = buf_cstr(&b);
		*wrong = strncmp(s, "wrong ", 6) == 0;
		good = *wrong || strncmp(s, "given ", 6) == 0;
		*mtime = good ? strtoull(s + 6, &end, 10) : 0;
	}
	buf_done(&b);
	return good;
}

enum err
wrong_given(const char *keygrip, uint64_t mtime)
{
	struct place p;
	enum err e = open_place(keygrip, &p);

	if (e)
		return e;
	e = put(&p, "given", mtime);
	close(p.dir);
	return e;
}

enum err
wrong_was(const char *keygrip)
{
	struct place p;
	uint64_t mtime;
	bool wrong;
	enum err e = open_place(keygrip, &p);

	if (e)
		return e;
	if (get(&p, &wrong, &mtime) && !wrong)
		e = put(&p, "wrong", mtime);
	close(p.dir);
	return e;
}

bool
wrong_is(const char *keygrip, uint64_t mtime)
{
	struct place p;
	uint64_t was;
	bool wrong;

	if (open_place(keygrip, &p))
		return false;
	wrong = get(&p, &wrong, &was) && wrong && was == mtime;
	close(p.dir);
	return wrong;
}
