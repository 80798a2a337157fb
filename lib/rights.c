#include "lib/rights.h"

#include <pwd.h>
#include <string.h>

#include "lib/ops_jwt.h"

#define USER_MAX 64

/* What can be given, and where in its request the issuer stands. */
static const struct {
	enum op op;
	size_t issuer;
} givable[] = {
	{ OP_JWT_SIGN, offsetof(struct ops_jwt_sign, issuer) },
	{ OP_JWT_KEYS, offsetof(struct ops_jwt_issuer, issuer) },
	{ OP_JWT_SUBJECT, offsetof(struct ops_jwt_subject, issuer) },
	{ OP_JWT_LIST, offsetof(struct ops_jwt_page, issuer) },
};
#define NGIVABLE (sizeof givable / sizeof *givable)

/* Up to the next blank, which there must not be two of; what is left stays in *text. */
static struct span
word(const char **text)
{
	size_t n = strcspn(*text, " \t");
	struct span s = SPAN(*text, n);

	*text += n;
	*text += strspn(*text, " \t");
	return s;
}

static bool
keep(struct span s, char *out, size_t cap)
{
	if (!s.len || s.len >= cap)
		return false;
	memcpy(out, s.p, s.len);
	out[s.len] = '\0';
	return true;
}

/* A star elsewhere than at the end would look like more than it is. */
static bool
is_pattern(const char *s)
{
	const char *star = strchr(s, '*');

	return !star || !star[1];
}

static bool
add_op(struct span name, uint32_t *bits)
{
	for (size_t i = 0; i < NGIVABLE; i++)
		if (span_is(name, ops_find(givable[i].op)->name)) {
			*bits |= UINT32_C(1) << i;
			return true;
		}
	return false;
}

static bool
parse_ops(struct span s, uint32_t *bits)
{
	size_t n;

	do {
		for (n = 0; n < s.len && s.p[n] != ',';)
			n++;
		if (!add_op(SPAN(s.p, n), bits))
			return false;
		s = n < s.len ? SPAN(s.p + n + 1, s.len - n - 1) : SPAN_NONE;
	} while (s.p);
	return true;
}

static bool
parse(const char *text, char user[USER_MAX], struct right *out)
{
	*out = (struct right){ 0 };
	return keep(word(&text), user, USER_MAX) &&
	    keep(word(&text), out->pattern, sizeof out->pattern) && is_pattern(out->pattern) &&
	    parse_ops(word(&text), &out->ops) && !*text;
}

bool
rights_is_row(const char *text)
{
	char user[USER_MAX];
	struct right r;

	return parse(text, user, &r);
}

enum err
rights_load(const struct conf *conf, uint32_t owner, struct rights *out, const char **wrong)
{
	struct rights got = { .owner = owner };
	const struct passwd *pw;
	char user[USER_MAX];

	for (uint32_t i = 0; i < conf->nclient; i++) {
		struct right *r = &got.row[got.n++];

		*wrong = conf->client[i];
		if (!parse(conf->client[i], user, r))
			return ERR_CONFIG;
		if (!(pw = getpwnam(user)))
			return ERR_CLIENT_USER;
		r->uid = (uint32_t)pw->pw_uid;
	}
	*out = got;
	return ERR_OK;
}

bool
rights_knows(const struct rights *r, uint64_t uid)
{
	bool known = rights_is_owner(r, uid);

	for (uint32_t i = 0; i < r->n && !known; i++)
		known = r->row[i].uid == uid;
	return known;
}

/* "oidc/" and the issuer. */
static bool
fits(const char *pattern, struct span issuer)
{
	static const char before[] = "oidc/";
	size_t n = strlen(pattern), head = sizeof before - 1;
	bool open = n && pattern[n - 1] == '*';

	n -= open;
	if (n < head)
		return open && strncmp(before, pattern, n) == 0;
	pattern += head;
	n -= head;
	if (strncmp(before, pattern - head, head) != 0 || issuer.len < n ||
	    (!open && issuer.len != n))
		return false;
	return n == 0 || memcmp(issuer.p, pattern, n) == 0;
}

static bool
is_given(const struct rights *r, uint64_t uid, size_t i, struct span issuer)
{
	for (uint32_t k = 0; k < r->n; k++)
		if (r->row[k].uid == uid && (r->row[k].ops & UINT32_C(1) << i) &&
		    fits(r->row[k].pattern, issuer))
			return true;
	return false;
}

static bool
comes_with_any(enum op op)
{
	return op == OP_HELLO || op == OP_SUBSCRIBE || op == OP_CANCEL;
}

enum err
rights_check_op(const struct rights *r, uint64_t uid, enum op op)
{
	if (rights_is_owner(r, uid) || (comes_with_any(op) && rights_knows(r, uid)))
		return ERR_OK;
	for (size_t i = 0; i < NGIVABLE; i++)
		for (uint32_t k = 0; k < r->n && givable[i].op == op; k++)
			if (r->row[k].uid == uid && (r->row[k].ops & UINT32_C(1) << i))
				return ERR_OK;
	return ERR_NOTOWNER;
}

enum err
rights_check(const struct rights *r, uint64_t uid, const struct op_row *row, const void *in)
{
	enum err e = rights_check_op(r, uid, row->op);
	struct span issuer;

	if (e || rights_is_owner(r, uid) || comes_with_any(row->op))
		return e;
	for (size_t i = 0; i < NGIVABLE && in; i++)
		if (givable[i].op == row->op) {
			memcpy(&issuer, (const uint8_t *)in + givable[i].issuer, sizeof issuer);
			return is_given(r, uid, i, issuer) ? ERR_OK : ERR_CLIENT_RIGHT;
		}
	return ERR_NOTOWNER;
}
