/*
 * pam_fixture.h - a login in a test: tokens, verifier, the person's vault and the person are played
 * here.  Included by one file of a program.
 */
#ifndef TESTS_UNIT_PAM_FIXTURE_H
#define TESTS_UNIT_PAM_FIXTURE_H

#include <security/pam_appl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pam/handoff.h"
#include "pam/login.h"
#include "pam/tokens.h"
#include "pam/verify.h"
#include "tests/unit/nomem.h"

#define UP 1
#define UV 4

/* ---- tokens ---- */

struct token {
	const char *path;
	const char *cred; /* that it holds; NULL: none */
	const char *pin;  /* NULL: none is set */
	unsigned retries;
	bool always;	  /* says nothing without its PIN */
	bool reader;	  /* of fingerprints, and */
	enum err finger;  /* what comes of one */
	enum err touch;	  /* what comes of a touch */
	bool change;	  /* wants a new PIN first */
	bool forges;	  /* what it signs does not verify */
	unsigned without; /* flags that it leaves out of what it signs */
	bool hangs;	  /* says nothing when it is asked silently */
	bool late;	  /* is plugged in while somebody waits */
	unsigned sent;	  /* PINs it got */
	unsigned strikes; /* wrong ones since it was plugged in */
	char first[64];	  /* of them */
};

static struct token tokens[3];
static size_t ntokens;
static bool verified; /* by the verifier, and no probe */
static enum err begin_fails, look_fails;
static size_t asked_most; /* credentials in one question */
static bool probing, salted;

static struct token *
token_at(const char *path)
{
	size_t i;

	for (i = 0; i < ntokens; i++)
		if (strcmp(tokens[i].path, path) == 0)
			return &tokens[i];
	fail_msg("no token at %s", path);
	return NULL;
}

static int64_t now;

int64_t
helper_clock(void)
{
	return ++now;
}

/* Somebody who waited until then, for nothing. */
static void
pass(int64_t until)
{
	now = until > now ? until : now;
}

static void
list(struct tokens_there *out, bool late)
{
	size_t i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < ntokens; i++) {
		if (tokens[i].late && !late)
			continue;
		snprintf(out->t[out->n].path, sizeof(out->t[0].path), "%s", tokens[i].path);
		out->t[out->n++].access = true;
	}
}

enum err
tokens_look(const struct tokens_setup *s, int64_t until, struct tokens_there *out)
{
	(void)until;
	assert_int_not_equal(s->uid, 0);
	list(out, false);
	return look_fails;
}

static unsigned watched;

enum err
tokens_watch(const struct tokens_setup *s, int64_t until, struct tokens_watch *w)
{
	(void)s, (void)until, (void)w;
	watched = 0;
	return ERR_OK;
}

enum err
tokens_watch_next(struct tokens_watch *w, int64_t until, struct tokens_there *out)
{
	(void)w, (void)until;
	if (watched == 2)
		return ERR_TIMEOUT;
	list(out, watched++ > 0);
	return ERR_OK;
}

void
tokens_watch_end(struct tokens_watch *w)
{
	(void)w;
}

enum err
tokens_info(const struct tokens_setup *s, const char *path, int64_t until, struct tokens_info *out)
{
	struct token *t = token_at(path);

	(void)s, (void)until;
	memset(out, 0, sizeof(*out));
	out->options = (t->pin ? TOKEN_OPT_PIN_SET : 0u) | (t->reader ? TOKEN_OPT_UV : 0u) |
	    (t->change ? TOKEN_OPT_PIN_CHANGE : 0u);
	out->retries = t->retries;
	return ERR_OK;
}

static enum err
wrong_pin(struct token *t, uint64_t *retries)
{
	*retries = --t->retries;
	if (t->retries == 0)
		return ERR_PIN_BLOCKED;
	return ++t->strikes == 3 ? ERR_PIN_REPLUG : ERR_PIN_WRONG;
}

static enum err
give_pin(struct token *t, const char *pin, uint64_t *retries)
{
	if (t->sent++ == 0)
		snprintf(t->first, sizeof(t->first), "%s", pin);
	if (t->retries == 0)
		return ERR_PIN_BLOCKED;
	if (t->strikes == 3)
		return ERR_PIN_REPLUG;
	if (t->change)
		return ERR_PIN_CHANGE;
	return strcmp(pin, t->pin) == 0 ? ERR_OK : wrong_pin(t, retries);
}

static bool
holds(const struct token *t, const struct tokens_call *c)
{
	size_t i;

	for (i = 0; i < c->ncreds; i++)
		if (t->cred && span_is(c->creds[i], t->cred))
			return true;
	return false;
}

static enum err
prove(struct token *t, const struct tokens_call *c, struct tokens_answer *a, uint8_t *flags)
{
	enum err e;

	if (c->uv == TOKEN_UV_PIN) {
		e = give_pin(t, c->pin, &a->retries);
		*flags |= UV;
		return e;
	}
	if (c->uv == TOKEN_UV_BUILTIN) {
		*flags |= UV;
		return t->finger;
	}
	return t->always ? ERR_PIN_NEEDED : ERR_OK;
}

static enum err
answer(struct token *t, size_t which, const struct tokens_call *c, struct tokens_answer *a)
{
	uint8_t flags = c->up ? UP : 0;
	enum err e = prove(t, c, a, &flags);

	if (e != ERR_OK)
		return e;
	if (!holds(t, c))
		return ERR_TOKEN_WRONG;
	if (c->up && c->touch)
		c->touch(c->arg, which);
	if (c->up && t->touch != ERR_OK)
		return t->touch;
	a->cred_len = strlen(t->cred);
	memcpy(a->cred_id, t->cred, a->cred_len);
	a->auth_len = a->sig_len = 1;
	a->authdata[0] = (uint8_t)(flags & ~t->without);
	a->sig[0] = t->forges ? 'x' : 'g';
	salted = c->salt.p != NULL;
	if (salted)
		memcpy(a->secret, c->salt.p, 32);
	return ERR_OK;
}

enum err
tokens_assert(const struct tokens_setup *s, const char *path, const struct tokens_call *c,
    int64_t until, struct tokens_answer *a)
{
	(void)s;
	if (c->ncreds > asked_most)
		asked_most = c->ncreds;
	if (!c->up && token_at(path)->hangs) {
		pass(until);
		return ERR_TOUCH_TIMEOUT;
	}
	return helper_clock() < until ? answer(token_at(path), 0, c, a) : ERR_TOUCH_TIMEOUT;
}

static bool race_lies; /* it says that the judge was content, and asked none */

enum err
tokens_assert_any(const struct tokens_setup *s, struct tokens_race *r, const struct tokens_call *c,
    int64_t until, struct tokens_answer *a)
{
	enum err e, last = ERR_TOKEN_WRONG;
	size_t i;

	(void)s, (void)until;
	for (i = 0; i < r->n; i++) {
		e = answer(token_at(r->paths[i]), i, c, a);
		if (e == ERR_OK && !race_lies)
			e = r->judge(c->arg, i, a);
		if (e == ERR_OK)
			return e;
		if (e != ERR_TOKEN_WRONG)
			last = e;
	}
	return last;
}

static size_t touched; /* the person touches this one */

enum err
tokens_touched(
    const struct tokens_setup *s, const char *const *paths, size_t n, int64_t until, size_t *which)
{
	(void)s, (void)paths, (void)until;
	assert_in_range(touched, 0, n - 1);
	*which = touched;
	return ERR_OK;
}

enum err
tokens_change_pin(
    const struct tokens_setup *s, const char *path, int64_t until, struct tokens_pins *p)
{
	static char newpin[64];
	struct token *t = token_at(path);

	(void)s, (void)until;
	t->sent++;
	if (strcmp(p->pin, t->pin) != 0)
		return wrong_pin(t, &p->retries);
	snprintf(newpin, sizeof(newpin), "%s", p->newpin);
	t->pin = newpin;
	t->change = false;
	return ERR_OK;
}

/* ---- verifier ---- */

enum err
verify_begin(const struct verify_about *about, int64_t until, struct verify *v)
{
	(void)until;
	assert_string_equal(about->user, "alice");
	assert_string_equal(about->service, "login");
	probing = about->probe;
	v->probe = about->probe;
	return begin_fails;
}

enum err
verify_check(
    struct verify *v, const struct verify_answer *a, int64_t until, struct verify_verdict *out)
{
	size_t i;

	(void)until;
	for (i = 0; i < a->ncreds; i++)
		if (span_eq(a->creds[i].cred_id, a->cred_id))
			break;
	if (i == a->ncreds || a->sig.p[0] != 'g')
		return ERR_LIE_SIGNATURE;
	if ((a->creds[i].up && !(a->authdata.p[0] & UP)) ||
	    (a->creds[i].uv && !(a->authdata.p[0] & UV)))
		return ERR_LIE_VERIFIED;
	out->index = i;
	verified = verified || !v->probe;
	return ERR_OK;
}

void
verify_end(struct verify *v)
{
	(void)v;
}

/* ---- the person's vault ---- */

static enum err header_fails;
static struct handoff_header header;

enum err
handoff_header(const struct person *p, struct handoff_header *out, int64_t until)
{
	(void)p;
	*out = header;
	if (header_fails == ERR_TIMEOUT)
		pass(until);
	return header_fails;
}

bool
handoff_header_has(const struct handoff_header *h, struct span cred_id)
{
	return h->n > 0 && span_eq(cred_id, SPAN(h->slot[0].cred_id, h->slot[0].len));
}

enum err
handoff_read(const struct person *p, const char *path, size_t most, struct buf *out, int64_t until)
{
	(void)p, (void)path, (void)most, (void)out, (void)until;
	return ERR_INTERNAL;
}

/* ---- the person ---- */

static const char *const *types; /* what they answer, in turn */
static char read_out[2048];	 /* what they saw */
static bool hangs_up;		 /* the program shows nothing more */

static int
converse(int n, const struct pam_message **m, struct pam_response **out, void *arg)
{
	struct pam_response *r;

	(void)arg;
	assert_int_equal(n, 1);
	if (hangs_up)
		return PAM_CONV_ERR;
	r = __libc_calloc(1, sizeof(*r));
	snprintf(
	    read_out + strlen(read_out), sizeof(read_out) - strlen(read_out), "%s\n", m[0]->msg);
	if (m[0]->msg_style == PAM_PROMPT_ECHO_OFF || m[0]->msg_style == PAM_PROMPT_ECHO_ON) {
		if (!types || !*types) {
			free(r);
			return PAM_CONV_ERR;
		}
		r->resp = __libc_malloc(strlen(*types) + 1);
		strcpy(r->resp, *types++);
	}
	*out = r;
	return PAM_SUCCESS;
}

/* ---- a login ---- */

static const struct pam_conv conversation = { converse, NULL };
static const struct person alice = {
	.name = "alice", .home = "/nonexistent/a", .uid = 7, .gid = 7
};
static struct kept kept;
static struct map map;
static struct options options;

static void
row(const char *cred, unsigned flags, const char *rp_id)
{
	map.row[map.n++] = (struct map_row){ .rp_id = span_str(rp_id),
		.alg = -7,
		.flags = flags,
		.cred_id = span_str(cred),
		.pubkey = span_str("key"),
		.salt = span_str("SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS") };
}

static struct token *
plug(const char *path, const char *cred)
{
	tokens[ntokens] = (struct token){ .path = path, .cred = cred, .pin = "1234", .retries = 8 };
	return &tokens[ntokens++];
}

static void
fresh(void)
{
	memset(&map, 0, sizeof(map));
	memset(&kept, 0, sizeof(kept));
	memset(&header, 0, sizeof(header));
	assert_int_equal(options_parse(0, NULL, &options), ERR_OK);
	ntokens = 0;
	types = NULL;
	hangs_up = race_lies = false;
	touched = 0;
	begin_fails = look_fails = ERR_OK;
	header_fails = ERR_NOVAULT;
}

static struct login
made(bool unlock)
{
	static const struct say say = { .conv = &conversation };

	return (struct login){ .options = &options,
		.say = &say,
		.person = &alice,
		.map = &map,
		.service = "login",
		.host = "here",
		.unlock = unlock,
		.kept = &kept };
}

static void
check_wiped(void)
{
	static const struct kept nothing;

	assert_memory_equal(kept.pin, nothing.pin, sizeof(kept.pin));
	assert_memory_equal(kept.newpin, nothing.newpin, sizeof(kept.newpin));
	assert_memory_equal(kept.again, nothing.again, sizeof(kept.again));
	assert_memory_equal(kept.wrong, nothing.wrong, sizeof(kept.wrong));
	if (!kept.factor.there)
		assert_memory_equal(&kept.factor, &nothing.factor, sizeof(kept.factor));
}

static enum err
log_in(bool unlock)
{
	struct login l = made(unlock);
	enum err e;

	read_out[0] = '\0';
	verified = salted = false;
	e = login_run(&l);
	if (e == ERR_OK)
		assert_true(verified);
	check_wiped();
	return e;
}

#endif
