/* op_sign_login.c - signatures that log somebody in: what the person is shown of them. */
#include "agent/vault/op_sign.h"
#include "lib/sshlogin.h"
#include "lib/text.h"

bool
op_sign_is_login(const struct ops_sign *in)
{
	return in->type == OPS_SIGN_SSHSIG && span_is(in->name_space, SSHLOGIN_NAMESPACE);
}

/* What is signed ends with the hash of the message. */
enum err
op_sign_login_check(const struct ops_sign *in)
{
	struct buf tbs = BUF_INIT;
	struct sshlogin l;
	enum err e;

	if (sshlogin_parse(in->login, &l) || !span_is(in->hash_alg, "sha512") || in->hash.len != 64)
		return ERR_SIGN_LOGIN;
	if (!(e = sshlogin_tbs(in->login, &tbs)) &&
	    !span_eq(span_sub(buf_span(&tbs), tbs.len - 64, 64), in->hash))
		e = ERR_SIGN_LOGIN;
	buf_done(&tbs);
	return e;
}

static struct sshlogin
parts(const struct ops_sign *in)
{
	struct sshlogin l;

	if (sshlogin_parse(in->login, &l)) /* it was checked */
		l = (struct sshlogin){ .host = SPAN_NONE };
	if (!l.host.len)
		l.host = SPAN_LIT("a machine without a name");
	return l;
}

/* The machine says so itself; whose key it has is said behind it, where that is known. */
void
op_sign_login_put(const struct ops_sign *in, struct buf *text)
{
	struct sshlogin l = parts(in);

	buf_put_str(text, "LOG IN at ");
	text_printable(l.host, text);
	buf_put_str(text, "\nby ");
	text_printable(l.service, text);
	buf_put_str(text, ", as ");
	text_printable(l.user, text);
}

void
op_sign_login_touch(const struct ops_sign *in, struct buf *text)
{
	struct sshlogin l = parts(in);

	buf_put_str(text, "to log in at ");
	text_printable(l.host, text);
	buf_put_str(text, " by ");
	text_printable(l.service, text);
	buf_put_str(text, ", as ");
	text_printable(l.user, text);
}
