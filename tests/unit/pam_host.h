/*
 * pam_host.h - the entry points of the module in a process where anything can fail: every call that
 * it makes of libc goes through a count (the Makefile has --wrap for each), and the n-th of them
 * fails.  Linux-PAM is played here; tokens and helpers are real (pam_rig.h), but for
 * ownkey-handoff, which is this program by another name.  Included by one file of a program.
 */
#ifndef TESTS_UNIT_PAM_HOST_H
#define TESTS_UNIT_PAM_HOST_H

#include "tests/unit/pam_rig.h"

#include <poll.h>
#include <pwd.h>
#include <security/pam_modules.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>

#include "pam/handoff.h"

/* ---- what fails ---- */

static struct fault {
	bool armed;
	const char *skip; /* names of calls that do not */
	unsigned at, seen;
	int error;
	const char *hit; /* which it was */
} fault;
static long live, mapped; /* allocations, bytes of mappings that were not given back */
static bool proven;	  /* the verifier was content, about no probe */

static bool
fails(const char *name, int error)
{
	if (!fault.armed || strstr(fault.skip, name) || ++fault.seen != fault.at)
		return false;
	fault.hit = name;
	errno = fault.error ? fault.error : error;
	return true;
}

#define WRAP(ret, name, params, args, error, bad)                      \
	ret __real_##name params;                                      \
	ret __wrap_##name params;                                      \
	ret __wrap_##name params                                       \
	{                                                              \
		return fails(#name, error) ? bad : __real_##name args; \
	}

/* clang-format off */
WRAP(int, madvise, (void *p, size_t n, int how), (p, n, how), EINVAL, -1)
WRAP(int, mlock, (const void *p, size_t n), (p, n), ENOMEM, -1)
WRAP(int, socketpair, (int d, int t, int p, int v[2]), (d, t, p, v), EMFILE, -1)
WRAP(int, socket, (int d, int t, int p), (d, t, p), EMFILE, -1)
WRAP(int, connect, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n), ECONNREFUSED, -1)
WRAP(int, getsockopt, (int fd, int l, int o, void *p, socklen_t *n), (fd, l, o, p, n), EBADF, -1)
WRAP(int, fstat, (int fd, struct stat *st), (fd, st), EIO, -1)
WRAP(ssize_t, read, (int fd, void *p, size_t n), (fd, p, n), EIO, -1)
WRAP(ssize_t, __recv_chk, (int fd, void *p, size_t n, size_t cap, int how), (fd, p, n, cap, how), ECONNRESET, -1)
WRAP(ssize_t, recv, (int fd, void *p, size_t n, int how), (fd, p, n, how), ECONNRESET, -1)
WRAP(ssize_t, send, (int fd, const void *p, size_t n, int how), (fd, p, n, how), EPIPE, -1)
WRAP(int, poll, (struct pollfd *v, nfds_t n, int ms), (v, n, ms), ENOMEM, -1)
WRAP(int, gethostname, (char *p, size_t n), (p, n), EFAULT, -1)
/* clang-format on */

int __real_open(const char *path, int how, ...);
int __wrap_open(const char *path, int how, ...);
int
__wrap_open(const char *path, int how, ...)
{
	return fails("open", EMFILE) ? -1 : __real_open(path, how);
}

int __real_fcntl(int fd, int what, ...);
int __wrap_fcntl(int fd, int what, ...);
int
__wrap_fcntl(int fd, int what, ...)
{
	va_list ap;
	long n;

	va_start(ap, what);
	n = va_arg(ap, long);
	va_end(ap);
	return fails("fcntl", EMFILE) ? -1 : __real_fcntl(fd, what, n);
}

/* As pam/helper.c calls it. */
int __real_clone(int (*f)(void *), void *stack, int flags, void *arg, ...);
int __wrap_clone(int (*f)(void *), void *stack, int flags, void *arg, ...);
int
__wrap_clone(int (*f)(void *), void *stack, int flags, void *arg, ...)
{
	va_list ap;
	int *pidfd;

	va_start(ap, arg);
	pidfd = va_arg(ap, int *);
	va_end(ap);
	return fails("clone", EAGAIN) ? -1 : __real_clone(f, stack, flags, arg, pidfd);
}

/* ---- memory ---- */

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *
__wrap_malloc(size_t n)
{
	void *p = fails("malloc", ENOMEM) ? NULL : __real_malloc(n);

	live += p != NULL;
	return p;
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *
__wrap_calloc(size_t n, size_t size)
{
	void *p = fails("calloc", ENOMEM) ? NULL : __real_calloc(n, size);

	live += p != NULL;
	return p;
}

void *__real_realloc(void *was, size_t n);
void *__wrap_realloc(void *was, size_t n);
void *
__wrap_realloc(void *was, size_t n)
{
	void *p = fails("realloc", ENOMEM) ? NULL : __real_realloc(was, n);

	live += p != NULL && !was;
	return p;
}

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *
__wrap_strdup(const char *text)
{
	char *p = fails("strdup", ENOMEM) ? NULL : __real_strdup(text);

	live += p != NULL;
	return p;
}

void __real_free(void *p);
void __wrap_free(void *p);
void
__wrap_free(void *p)
{
	live -= p != NULL;
	__real_free(p);
}

void *__real_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off);
void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off);
void *
__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off)
{
	void *p = fails("mmap", ENOMEM) ? MAP_FAILED : __real_mmap(at, n, prot, flags, fd, off);

	mapped += p != MAP_FAILED ? (long)n : 0;
	return p;
}

int __real_munmap(void *p, size_t n);
int __wrap_munmap(void *p, size_t n);
int
__wrap_munmap(void *p, size_t n)
{
	mapped -= (long)n;
	return __real_munmap(p, n);
}

/* ---- who says that a signature is right ---- */

enum err __real_verify_check(
    struct verify *v, const struct verify_answer *a, int64_t until, struct verify_verdict *out);
enum err __wrap_verify_check(
    struct verify *v, const struct verify_answer *a, int64_t until, struct verify_verdict *out);
enum err
__wrap_verify_check(
    struct verify *v, const struct verify_answer *a, int64_t until, struct verify_verdict *out)
{
	enum err e = __real_verify_check(v, a, until, out);

	proven = proven || (e == ERR_OK && !v->probe);
	return e;
}

/* ---- the account ---- */

static char home[sizeof dir + 8];

int __real_getpwnam_r(
    const char *name, struct passwd *pw, char *room, size_t cap, struct passwd **out);
int __wrap_getpwnam_r(
    const char *name, struct passwd *pw, char *room, size_t cap, struct passwd **out);
/* Nobody whom this machine knows: what is theirs is here. */
int
__wrap_getpwnam_r(const char *name, struct passwd *pw, char *room, size_t cap, struct passwd **out)
{
	static char user[] = "alice";

	(void)room;
	*out = NULL;
	if (fails("getpwnam_r", EMFILE))
		return errno;
	if (strcmp(name, user) != 0)
		return 0;
	if (cap < 4096)
		return ERANGE;
	*pw = (struct passwd){ .pw_name = user, .pw_dir = home };
	pw->pw_uid = geteuid() ? geteuid() : 4242;
	pw->pw_gid = geteuid() ? getegid() : 4242;
	*out = pw;
	return 0;
}

/* ---- Linux-PAM ---- */

struct host {
	const char *service;
	const char *const *types; /* answered in turn */
	struct item {
		const char *name;
		void *data;
		void (*cleanup)(pam_handle_t *, void *, int);
	} item[4];
	char env[128];
	char said[4096];
};
static struct host host;

static int
converse(int n, const struct pam_message **m, struct pam_response **out, void *arg)
{
	bool asks = m[0]->msg_style == PAM_PROMPT_ECHO_OFF || m[0]->msg_style == PAM_PROMPT_ECHO_ON;
	struct pam_response *r;

	(void)arg;
	assert_int_equal(n, 1);
	if (fails("conv", 0) || (asks && (!host.types || !*host.types)))
		return PAM_CONV_ERR;
	snprintf(
	    host.said + strlen(host.said), sizeof host.said - strlen(host.said), "%s\n", m[0]->msg);
	/* freed by the module, as all of a host is */
	r = __real_calloc(1, sizeof *r);
	live++;
	if (asks) {
		size_t len = strlen(*host.types) + 1;

		r->resp = memcpy(__real_malloc(len), *host.types++, len);
		live++;
	}
	*out = r;
	return PAM_SUCCESS;
}

int
pam_get_item(const pam_handle_t *h, int what, const void **out)
{
	static const struct pam_conv talk = { converse, NULL };

	(void)h;
	if (fails("pam_get_item", 0))
		return PAM_BUF_ERR;
	*out = what == PAM_CONV ? (const void *)&talk : what == PAM_SERVICE ? host.service : NULL;
	return PAM_SUCCESS;
}

int
pam_get_user(pam_handle_t *h, const char **user, const char *prompt)
{
	(void)h, (void)prompt;
	*user = "alice";
	return fails("pam_get_user", 0) ? PAM_BUF_ERR : PAM_SUCCESS;
}

/* The item of that name, or the next that is free. */
static struct item *
item_of(const char *name)
{
	struct item *i = host.item;

	while (i->name && strcmp(i->name, name) != 0)
		i++;
	assert_true(i < host.item + 4);
	return i;
}

int
pam_set_data(
    pam_handle_t *h, const char *name, void *data, void (*cleanup)(pam_handle_t *, void *, int))
{
	struct item *i = item_of(name);

	if (fails("pam_set_data", 0))
		return PAM_BUF_ERR;
	if (i->cleanup)
		i->cleanup(h, i->data, PAM_DATA_REPLACE);
	*i = (struct item){ name, data, cleanup };
	return PAM_SUCCESS;
}

int
pam_get_data(const pam_handle_t *h, const char *name, const void **out)
{
	struct item *i = item_of(name);

	(void)h;
	if (!i->name || fails("pam_get_data", 0))
		return PAM_NO_MODULE_DATA;
	*out = i->data;
	return PAM_SUCCESS;
}

static void
end_handle(void)
{
	for (struct item *i = host.item; i < host.item + 4; i++)
		if (i->cleanup)
			i->cleanup(NULL, i->data, 0);
}

int
pam_putenv(pam_handle_t *h, const char *pair)
{
	(void)h;
	if (fails("pam_putenv", 0))
		return PAM_BUF_ERR;
	snprintf(host.env, sizeof host.env, "%s", strchr(pair, '=') ? pair : "");
	return PAM_SUCCESS;
}

const char *
pam_getenv(pam_handle_t *h, const char *name)
{
	size_t n = strlen(name);

	(void)h;
	return strncmp(host.env, name, n) == 0 && host.env[n] == '=' ? host.env + n + 1 : NULL;
}

void
pam_syslog(const pam_handle_t *h, int priority, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	(void)h, (void)priority;
	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	snprintf(
	    host.said + strlen(host.said), sizeof host.said - strlen(host.said), "log: %s\n", line);
}

#endif
