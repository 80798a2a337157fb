#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pam/person.h"

#define ENTRY_MOST (256 * 1024)

/* It becomes part of paths, of lines of a map and of what is signed. */
static int
is_name(const char *s)
{
	size_t i;

	for (i = 0; s[i]; i++)
		if ((unsigned char)s[i] <= ' ' || s[i] == 0x7f || strchr("/:,", s[i]))
			return 0;
	return i > 0 && i < PERSON_NAME_MAX && strcmp(s, ".") != 0 && strcmp(s, "..") != 0;
}

static enum err
take(const struct passwd *pw, struct person *out)
{
	if (!is_name(pw->pw_name) || !pw->pw_dir || pw->pw_dir[0] != '/' ||
	    strlen(pw->pw_dir) >= PERSON_HOME_MAX)
		return ERR_NOTFOUND;
	strcpy(out->name, pw->pw_name);
	strcpy(out->home, pw->pw_dir);
	out->uid = pw->pw_uid;
	out->gid = pw->pw_gid;
	return ERR_OK;
}

enum err
person_find(const char *name, struct person *out)
{
	struct passwd entry, *found = NULL;
	size_t cap = 1024;
	char *room = NULL, *more;
	enum err e;
	int r;

	if (!is_name(name))
		return ERR_NOTFOUND;
	do {
		cap *= 2;
		more = realloc(room, cap);
		if (!more) {
			free(room);
			return ERR_NOMEM;
		}
		room = more;
		r = getpwnam_r(name, &entry, room, cap, &found);
	} while (r == EINTR || (r == ERANGE && cap < ENTRY_MOST));
	if (found)
		e = take(found, out);
	else if (r == ENOMEM)
		e = ERR_NOMEM;
	else
		/* some sources of names say so by an error (getpwnam(3), ERRORS) */
		e = r == 0 || r == ENOENT || r == ESRCH ? ERR_NOTFOUND : ERR_IO;
	free(room);
	return e;
}
