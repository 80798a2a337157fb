/* approving.c - talking to a provider. */
#include "cli/approving.h"

#include "lib/crypto.h"
#include "lib/fetchjob.h"
#include "lib/text.h"

void
approving_done(struct approving *a)
{
	buf_done(&a->bytes);
	buf_done(&a->client_data);
	buf_done(&a->object);
	buf_done(&a->answer);
}

static void
hint(struct approving *a, const char *text)
{
	snprintf(a->c->hint, sizeof a->c->hint, "%s", text);
}

static void
detail(struct approving *a, struct span text)
{
	struct buf b = BUF_INIT;

	text_printable(text, &b);
	snprintf(a->c->detail, sizeof a->c->detail, "%s", buf_cstr(&b));
	buf_done(&b);
}

/* ---- whom ---- */
enum err
approving_at(struct approving *a, struct span address)
{
	if (!approval_party_of(address, &a->party))
		return ERR_OK;
	return cli_wrong(a->c,
	    "that is no address of a provider: https://, as the page where you log in shows it");
}

/* What came is of the provider that was named, and one that such a thing can be of. */
static enum err
check(struct approving *a)
{
	struct approval_party said;
	enum err e = approval_party_of(a->ask.issuer, &said);

	if (e || (a->party.issuer.len && !span_eq(said.issuer, a->party.issuer))) {
		detail(a, a->ask.issuer);
		return ERR_APPROVE_PLACE;
	}
	a->party = said;
	return ERR_OK;
}

/* ---- HTTP ---- */
static bool
is_message(const struct fetch_answer *f)
{
	return span_is(f->type, APPROVAL_TYPE);
}

static enum err
no_provider(struct approving *a)
{
	detail(a, SPAN_LIT("no provider of ownkey's answers there"));
	hint(a,
	    "compare the address with the page where you log in, all of it; "
	    "nothing was signed");
	return ERR_FETCH_ANSWER;
}

static enum err
refused(struct approving *a, const struct fetch_answer *f)
{
	struct approval_said said;

	if (!is_message(f) || wire_decode(&approval_said_map, f->body, &said))
		return no_provider(a);
	detail(a, said.text);
	return ERR_APPROVE_REFUSED;
}

static enum err
busy(struct approving *a)
{
	detail(a, SPAN_LIT("the provider cannot do it at the moment"));
	hint(a, "wait a little, and try again; nobody was logged in");
	return ERR_BUSY;
}

/* What the status means (oidc/op/terminal_api.c). */
static enum err
judge(struct approving *a, const struct fetch_answer *f)
{
	switch (f->status) {
	case 200:
		return is_message(f) ? ERR_OK : no_provider(a);
	case 403:
		return refused(a, f);
	case 404:
		/* of ours it is JSON; a page, of somebody else */
		return weburl_same(f->type, "application/json") ? ERR_APPROVE_CODE : no_provider(a);
	case 429:
		return ERR_APPROVE_TRIES;
	case 503:
		return busy(a);
	default:
		return no_provider(a);
	}
}

static enum err
unreached(struct approving *a, uint64_t why)
{
	enum err e = fetch_why_err(why);

	detail(a, span_str(fetch_why_text(why)));
	hint(a,
	    e == ERR_FETCH_TLS
		? "somebody may be in between: do not go on; nothing was signed"
		: "is the address right, and this machine on the network? if only the browser "
		  "reaches it, follow the page's link for that; nothing was signed");
	return e;
}

/* body is left in frame. */
static enum err
talk(struct approving *a, const char *path, struct span message, struct buf *frame,
    struct fetch_answer *f)
{
	struct buf url = BUF_INIT;
	struct fetch_talk t = { .type = APPROVAL_TYPE, .body = message };
	enum err e;

	buf_put_span(&url, a->party.issuer);
	buf_put_str(&url, path);
	if ((e = buf_err(&url)))
		goto out;
	t.url = buf_cstr(&url);
	if (!(e = fetch_talk(&t, frame, f)))
		e = f->why ? unreached(a, f->why) : judge(a, f);
out:
	buf_done(&url);
	return e;
}

/* ---- what waits ---- */
enum err
approving_ask(struct approving *a, struct approval_want *want)
{
	struct fetch_answer f;
	struct buf frame = BUF_INIT, message = BUF_INIT;
	enum err e;

	wire_mark(&approval_want_map, want);
	if ((e = wire_encode(&approval_want_map, want, &message)) ||
	    (e = talk(a, APPROVAL_PATH_ASK, buf_span(&message), &frame, &f)))
		goto out;
	buf_put_span(&a->bytes, f.body);
	if ((e = buf_err(&a->bytes)))
		goto out;
	if (a->bytes.len > APPROVAL_MAX ||
	    wire_decode(&approval_ask_map, buf_span(&a->bytes), &a->ask)) {
		e = no_provider(a);
		goto out;
	}
	if (!(e = check(a)) && want->code.len && !span_eq(want->code, a->ask.code))
		e = ERR_APPROVE_CODE;
out:
	buf_done(&message);
	buf_done(&frame);
	return e;
}

enum err
approving_read(struct approving *a, struct span text)
{
	enum err e;

	if ((e = approval_block_get(APPROVAL_BLOCK_ASK, text, &a->bytes)))
		return e;
	if (wire_decode(&approval_ask_map, buf_span(&a->bytes), &a->ask) ||
	    a->ask.kind != APPROVAL_LOGIN)
		return ERR_APPROVE_BLOCK;
	return check(a);
}

/* ---- the token ---- */
/* a->client_data, and its hash. */
static enum err
client_data(struct approving *a, uint8_t hash[32])
{
	approval_client_data(
	    (enum approval_kind)a->ask.kind, &a->party, a->ask.challenge, &a->client_data);
	crypto_sha256(buf_span(&a->client_data), hash);
	return buf_err(&a->client_data);
}

static enum err
keep_answer(struct approving *a, struct approval_answer *out)
{
	out->code = a->ask.code;
	wire_mark(&approval_answer_map, out);
	return wire_encode(&approval_answer_map, out, &a->answer);
}

enum err
approving_sign(struct approving *a)
{
	struct ops_token_assert_rep rep;
	struct ops_token_assert q = { .rp_id = a->party.rp_id,
		.creds = a->ask.creds,
		.uv = true,
		.token = cli_value(a->c, ARG_TOKEN),
		.force = args_has(&a->c->args, ARG_FORCE) };
	struct approval_answer out = { .denied = false };
	uint8_t hash[32];
	enum err e;

	if ((e = client_data(a, hash)))
		return e;
	q.cdh = SPAN(hash, sizeof hash);
	wire_mark(&ops_token_assert_map, &q);
	if ((e = cli_call(a->c, OP_TOKEN_ASSERT, &q, &rep))) {
		if (e == ERR_TOKEN_NOKEY)
			hint(a,
			    "is the name on the page right? a token that is not registered there "
			    "yet: 'ownkey register'; nobody was logged in");
		return e;
	}
	out.client_data = buf_span(&a->client_data);
	out.id = rep.cred_id;
	out.authdata = rep.authdata;
	out.signature = rep.sig;
	return keep_answer(a, &out);
}

enum err
approving_make(struct approving *a)
{
	struct ops_token_make_rep rep;
	struct ops_token_make q = { .rp_id = a->party.rp_id,
		.user_id = a->ask.user_id,
		.user = a->ask.user.len ? a->ask.user : SPAN_LIT("ownkey"),
		.exclude = a->ask.creds,
		.uv = true,
		.token = cli_value(a->c, ARG_TOKEN),
		.force = args_has(&a->c->args, ARG_FORCE) };
	struct approval_answer out = { .label = cli_value(a->c, ARG_LABEL) };
	uint8_t hash[32];
	enum err e;

	if ((e = client_data(a, hash)))
		return e;
	q.cdh = SPAN(hash, sizeof hash);
	wire_mark(&ops_token_make_map, &q);
	if ((e = cli_call(a->c, OP_TOKEN_MAKE, &q, &rep))) {
		if (e == ERR_TOKEN_HASKEY)
			hint(a, "this token is registered there already: just log in");
		return e;
	}
	approval_object(rep.authdata, &a->object);
	if ((e = buf_err(&a->object)))
		return e;
	out.client_data = buf_span(&a->client_data);
	out.object = buf_span(&a->object);
	return keep_answer(a, &out);
}

enum err
approving_deny(struct approving *a)
{
	struct approval_answer out = { .denied = true };

	return keep_answer(a, &out);
}

enum err
approving_send(struct approving *a)
{
	struct fetch_answer f;
	struct buf frame = BUF_INIT;
	enum err e = talk(a, APPROVAL_PATH_ANSWER, buf_span(&a->answer), &frame, &f);

	buf_done(&frame);
	return e;
}
