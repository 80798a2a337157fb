/*
 * person.h - who wants in, as the system knows them.  Nothing of it comes from the environment.
 */
#ifndef PAM_PERSON_H
#define PAM_PERSON_H

#include <sys/types.h>

#include "lib/err.h"

#define PERSON_NAME_MAX 256
#define PERSON_HOME_MAX 1024

struct person {
	char name[PERSON_NAME_MAX]; /* of the account; printable, no '/', ':' or space */
	char home[PERSON_HOME_MAX]; /* absolute */
	uid_t uid;
	gid_t gid;
};

/* The account of that name (getpwnam_r).  ERR_NOTFOUND: there is none, or its name or home is one
 * that no map can hold; ERR_NOMEM, ERR_IO: it could not be asked, which is not the same. */
MUST enum err person_find(const char *name, struct person *out);

#endif
