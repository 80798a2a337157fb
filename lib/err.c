#include <errno.h>
#include <string.h>

#include "lib/err.h"

struct row {
	enum err e;
	int exit;
	const char *name;
	const char *pam;
	const char *text;
	const char *hint;
};

static const struct row rows[] = {
#define E(name, num, exit, pam, ssh, text, hint) { num, exit, #name, pam, text, hint },
#include "lib/err_table.h"
#undef E
};

#define NROWS (sizeof(rows) / sizeof(rows[0]))

/* what an older program shows for a number that a newer one sent */
static const struct row unknown = {
	ERR_INTERNAL,
	1,
	"UNKNOWN",
	"PAM_SYSTEM_ERR",
	"unknown error",
	"update ownkey",
};

static const struct row *
row_of(unsigned long n)
{
	size_t i;

	for (i = 0; i < NROWS; i++)
		if ((unsigned long)rows[i].e == n)
			return &rows[i];
	return &unknown;
}

const char *
err_text(enum err e)
{
	return row_of((unsigned long)e)->text;
}

const char *
err_hint(enum err e)
{
	return row_of((unsigned long)e)->hint;
}

const char *
err_name(enum err e)
{
	return row_of((unsigned long)e)->name;
}

int
err_exit(enum err e)
{
	return row_of((unsigned long)e)->exit;
}

const char *
err_pam(enum err e)
{
	return row_of((unsigned long)e)->pam;
}

int
err_is_known(unsigned long n)
{
	return row_of(n) != &unknown;
}

enum err
err_at(size_t i)
{
	return i < NROWS ? rows[i].e : ERR_OK;
}

enum err
err_of_errno(int number)
{
	switch (number) {
	case EEXIST:
		return ERR_EXISTS;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_NOSPACE;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_PERMISSION;
	case ENOENT:
	case ENOTDIR:
		return ERR_NOTFOUND;
	case ENOMEM:
		return ERR_NOMEM;
	default:
		return ERR_IO;
	}
}
