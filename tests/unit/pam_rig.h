/* pam_rig.h - two software tokens, and a login by them, whole: helpers are started for real. */
#ifndef TESTS_UNIT_PAM_RIG_H
#define TESTS_UNIT_PAM_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/crypto.h"
#include "lib/drop.h"
#include "pam/tokens.h"
#include "pam/verify.h"

#define SOON   (helper_clock() + 20000)
#define TOKENS 2
#define RP     "ownkey:vault"

static char libexec[4096];
static char dir[] = "/tmp/pam-drive-XXXXXX";
static char paths[TOKENS][80];
static pid_t token[TOKENS];

struct made {
	uint8_t id[1024], pub[64];
	size_t id_len, pub_len;
	int64_t alg;
};
static struct made made[TOKENS];

const char *
where_libexec(void)
{
	return libexec;
}

static inline struct tokens_setup
setup_of(size_t n)
{
	struct tokens_setup s = { .uid = DROP_NOBODY, .gid = DROP_NOBODY, .sources = n };

	for (size_t i = 0; i < n; i++)
		s.source[i] = paths[i];
	return s;
}

/* --- the software token --- */

static void
plug_in(int i, const char *touch, const char *pin)
{
	char state[64], socket_[64], program[4200], ready[8];
	int p[2];
	char c;

	snprintf(state, sizeof state, "%s/state%d", dir, i);
	snprintf(socket_, sizeof socket_, "%s/sock%d", dir, i);
	snprintf(paths[i], sizeof paths[i], "unix:%s", socket_);
	snprintf(program, sizeof program, "%s/ownkey-softtoken", libexec);
	assert_int_equal(pipe(p), 0);
	snprintf(ready, sizeof ready, "%d", p[1]);
	if (!(token[i] = fork())) {
		execl(program, program, "--quiet", "--state", state, "--socket", socket_, "--touch",
		    touch, "--ready", ready, pin ? "--pin" : NULL, pin, NULL);
		_exit(127);
	}
	close(p[1]);
	assert_int_equal(read(p[0], &c, 1), 1);
	close(p[0]);
}

static void
pull_out(int i)
{
	if (token[i] <= 0)
		return;
	kill(token[i], SIGKILL);
	waitpid(token[i], NULL, 0);
	token[i] = 0;
	unlink(paths[i] + strlen("unix:"));
}

static void
make(int i)
{
	struct token_job q = { .op = TOKEN_MAKE, .uid = DROP_NOBODY, .gid = DROP_NOBODY };
	struct helper h = HELPER_NONE;
	struct buf b = BUF_INIT;
	struct token_event ev;
	struct span frame;
	uint8_t cdh[32] = { 1 };

	q.path = span_str(paths[i]);
	q.rp_id = SPAN_LIT(RP);
	q.cdh = SPAN(cdh, 32);
	q.user = SPAN_LIT("user");
	q.user_id = SPAN_LIT("user");
	q.timeout_ms = 10000;
	wire_mark(&token_job_map, &q);
	assert_int_equal(wire_encode(&token_job_map, &q, &b), ERR_OK);
	assert_int_equal(helper_start("ownkey-token", 16384, &h), ERR_OK);
	assert_int_equal(helper_send(&h, buf_span(&b), SOON), ERR_OK);
	do {
		assert_int_equal(helper_recv(&h, SOON, &frame), ERR_OK);
		assert_int_equal(wire_decode(&token_event_map, frame, &ev), ERR_OK);
		assert_int_not_equal(ev.kind, TOKEN_EV_ERROR);
	} while (ev.kind != TOKEN_EV_RESULT);
	made[i].alg = ev.alg;
	made[i].id_len = ev.cred_id.len;
	made[i].pub_len = ev.pubkey.len;
	memcpy(made[i].id, ev.cred_id.p, ev.cred_id.len);
	memcpy(made[i].pub, ev.pubkey.p, ev.pubkey.len);
	buf_done(&b);
	helper_end(&h);
}

static int
setup(void **state)
{
	const char *b = getenv("B");

	(void)state;
	assert_non_null(realpath(b ? b : "build", libexec));
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(crypto_init(), ERR_OK);
	for (int i = 0; i < TOKENS; i++) {
		plug_in(i, "auto", NULL);
		make(i);
	}
	return 0;
}

static int
teardown(void **state)
{
	char cmd[64];

	(void)state;
	for (int i = 0; i < TOKENS; i++)
		pull_out(i);
	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	return system(cmd);
}

/* --- a login, whole --- */

static inline struct verify_cred
cred_of(int i)
{
	struct verify_cred c = { .alg = made[i].alg, .up = true };

	c.cred_id = SPAN(made[i].id, made[i].id_len);
	c.pubkey = SPAN(made[i].pub, made[i].pub_len);
	return c;
}

static inline void
count_touch(void *arg, size_t which)
{
	(void)which;
	++*(int *)arg;
}

static inline enum err
check(struct verify *v, const struct tokens_answer *a, struct verify_verdict *out)
{
	struct verify_cred creds[TOKENS];
	struct verify_answer answer = { .creds = creds, .ncreds = TOKENS };

	for (int i = 0; i < TOKENS; i++)
		creds[i] = cred_of(i);
	answer.cred_id = SPAN(a->cred_id, a->cred_len);
	answer.authdata = SPAN(a->authdata, a->auth_len);
	answer.sig = SPAN(a->sig, a->sig_len);
	return verify_check(v, &answer, SOON, out);
}

static const struct verify_about about = { .rp_id = RP, .host = "", .service = "s", .user = "u" };

/* The index of the credential that logged in, or -1 - error. */
static inline int
log_in(int i)
{
	static const uint8_t salt[32] = { 9 };
	struct tokens_setup s = setup_of(TOKENS);
	struct tokens_answer *a = calloc(1, sizeof *a);
	struct verify v = VERIFY_NONE;
	struct verify_verdict verdict = { 0 };
	uint8_t secret[32];
	struct span ids[TOKENS];
	int touches = 0;
	struct tokens_call c = { .rp_id = RP, .creds = ids, .ncreds = TOKENS, .up = true };
	enum err e;

	for (int k = 0; k < TOKENS; k++)
		ids[k] = SPAN(made[k].id, made[k].id_len);
	c.salt = SPAN(salt, 32);
	c.touch = count_touch;
	c.arg = &touches;
	a->secret = secret;
	if (!(e = verify_begin(&about, SOON, &v))) {
		c.cdh = v.cdh;
		if (!(e = tokens_assert(&s, paths[i], &c, SOON, a)))
			e = check(&v, a, &verdict);
	}
	verify_end(&v);
	free(a);
	return e ? -1 - (int)e : (int)verdict.index;
}

static size_t
descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static bool
has_children(void)
{
	siginfo_t i = { 0 };

	return waitid(P_ALL, 0, &i, WEXITED | WNOHANG | WNOWAIT) == 0 && i.si_pid != 0;
}

/* --- hosts of each kind: a child plays it, and is all right afterwards --- */

#define IN_HOST(body)                                                       \
	do {                                                                \
		int st_;                                                    \
		pid_t p_ = fork();                                          \
		if (!p_) {                                                  \
			alarm(120);                                         \
			_exit(body);                                        \
		}                                                           \
		assert_int_equal(p_, waitpid(p_, &st_, 0));                 \
		if (st_)                                                    \
			fail_msg("what plays the host: %x", (unsigned)st_); \
	} while (0)

#define WANT(x)                                                                         \
	do {                                                                            \
		if (!(x)) {                                                             \
			fprintf(stderr, "%s:%d: not so: " #x "\n", __FILE__, __LINE__); \
			return 1;                                                       \
		}                                                                       \
	} while (0)

#endif
