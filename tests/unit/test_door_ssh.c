/* The ssh door between clients and a vault: the list, signatures, sessions. */
#include "tests/unit/ssh_door_rig.h"

#define FAILURE	 SPAN_LIT("\x05")
#define NOTHING	 SPAN_LIT("\x0c\0\0\0\0")
#define HOST_KEY "\0\0\0\x0bssh-ed25519\0\0\0\x20"

/* ---- the list ---- */
static void
test_waits_for_first_unlock(void **state)
{
	struct rig *r = *state;
	int a = rig_client(r), b = rig_client(r);
	struct ops_request q;
	uint32_t conn, second;

	rig_say(r, a, LIST);
	rig_say(r, b, LIST);
	assert_true(rig_is_quiet(a));
	assert_int_equal(rig_request(r, &conn, &q), OP_UNLOCK);
	assert_int_equal(rig_request(r, &second, &q), 0); /* the other waits behind it */
	add_row(r, 1, "one", NULL);
	for (int i = 0; i < 2; i++) {
		struct buf heard = BUF_INIT;

		rig_hear(i ? a : b, &heard);
		assert_int_equal(heard.p[4], 1);
		buf_done(&heard);
	}
	/* it stays visible while locked; nobody is asked */
	rig_lock(r);
	assert_string_equal(listed(r, a), "one");
	assert_int_equal(rig_request(r, &conn, &q), 0);
}

static void
test_unlock_fails(void **state)
{
	struct rig *r = *state;
	int a = rig_client(r), b = rig_client(r);
	struct ops_request q;
	uint32_t conn;

	rig_say(r, a, LIST);
	rig_say(r, b, LIST);
	assert_int_equal(rig_request(r, &conn, &q), OP_UNLOCK);
	rig_reply(r, conn, &q, ERR_TOUCH_TIMEOUT, NULL);
	rig_expect_status(a, SSH_FAILURE);
	rig_expect_status(b, SSH_FAILURE);
	assert_int_equal(rig_request(r, &conn, &q), 0);
	/* asked anew, it is tried anew */
	rig_say(r, b, LIST);
	assert_int_equal(rig_request(r, &conn, &q), OP_UNLOCK);
	rig_lock(r);
	rig_expect_status(b, SSH_FAILURE);
}

static void
test_first_waiting_leaves(void **state)
{
	struct rig *r = *state;
	int a = rig_client(r), b = rig_client(r);
	struct ops_request q;
	uint32_t first, second;

	rig_say(r, a, LIST);
	rig_say(r, b, LIST);
	assert_int_equal(rig_request(r, &first, &q), OP_UNLOCK);
	shutdown(a, SHUT_RDWR);
	rig_pump(r);
	assert_int_equal(rig_request(r, &second, &q), OP_UNLOCK);
	assert_int_not_equal(first, second);
	add_row(r, 1, "one", NULL);
	assert_false(rig_is_quiet(b));
}

static void
test_patience(void **state)
{
	struct rig *r = *state;
	int a, b;
	struct ops_request q;
	uint32_t conn;

	r->f.start.conf.ssh_wait = 1;
	a = rig_client(r);
	rig_say(r, a, LIST);
	assert_int_equal(rig_request(r, &conn, &q), OP_UNLOCK);
	usleep(1100 * 1000);
	rig_pump(r);
	rig_expect_status(a, SSH_FAILURE);
	assert_int_equal(rig_request(r, &conn, &q), OP_CANCEL);
	r->f.start.conf.ssh_wait = 0;
	b = rig_client(r);
	rig_say(r, b, LIST);
	rig_expect_status(b, SSH_FAILURE);
	assert_int_equal(rig_request(r, &conn, &q), 0);
}

static void
test_rows(void **state)
{
	struct rig *r = *state;
	int a = rig_client(r);
	struct ssh_row added = { .added = true };
	struct ssh_row old = { .added = true, .expires = 1 };
	struct ssh_rows m = { .has = 0 };
	struct span gone = SPAN_LIT("\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2");

	for (uint8_t i = 1; i <= 3; i++)
		add_row(r, i, (const char *[]){ "", "a", "b", "c" }[i], NULL);
	assert_string_equal(listed(r, a), "a b c");
	m.drop.v = &gone;
	m.drop.n = 1;
	rig_rows(r, &m);
	assert_string_equal(listed(r, a), "a c");
	add_row(r, 1, "A", NULL); /* it keeps its place */
	add_row(r, 4, "added", &added);
	add_row(r, 5, "over", &old);
	assert_string_equal(listed(r, a), "A c added");
	rig_lock(r);
	assert_string_equal(listed(r, a), "A c");
	m = (struct ssh_rows){ .locked = true };
	rig_rows(r, &m);
	rig_say(r, a, LIST);
	rig_expect(a, NOTHING);
	m = (struct ssh_rows){ .reset = true };
	rig_rows(r, &m);
	rig_say(r, a, LIST);
	rig_expect(a, NOTHING);
}

static void
test_list_rule(void **state)
{
	struct rig *r = *state;
	struct conf *conf = &r->f.start.conf;
	struct ssh_row row = { .label = SPAN_LIT("ssh/work") };
	int a = rig_client(r);

	conf->nssh_list = 2;
	strcpy(conf->ssh_list[0], "ssh/w*");
	strcpy(conf->ssh_list[1], "*@home");
	add_row(r, 1, "me@home", NULL);
	add_row(r, 2, "other", NULL);
	add_row(r, 3, "at work", &row);
	assert_string_equal(listed(r, a), "at work me@home");
	/* what is not listed can be used all the same: test_sign uses such a one */
}

/* ---- signing ---- */
struct userauth {
	const char *session, *user, *service, *method, *alg;
	struct span hostkey;
};

static const struct userauth login = { "session", "alice", "ssh-connection", "publickey",
	"ssh-ed25519", { 0 } };

static struct span
userauth(const struct userauth *u, struct span key, struct buf *b)
{
	buf_reset(b);
	ssh_put_text(b, u->session);
	buf_put_u8(b, 50);
	ssh_put_text(b, u->user);
	ssh_put_text(b, u->service);
	ssh_put_text(b, u->method);
	buf_put_u8(b, 1);
	ssh_put_text(b, u->alg);
	ssh_put_string(b, key);
	if (u->hostkey.len)
		ssh_put_string(b, u->hostkey);
	return buf_span(b);
}

static void
say_sign(struct rig *r, int fd, struct span key, struct span data, uint32_t flags)
{
	struct buf b = BUF_INIT;

	buf_put_u8(&b, SSH_SIGN_REQUEST);
	ssh_put_string(&b, key);
	ssh_put_string(&b, data);
	buf_put_u32(&b, flags);
	rig_say(r, fd, buf_span(&b));
	buf_done(&b);
}

/* What the vault is asked to sign; the request is left in q for a reply. */
static struct ops_sign
asked(struct rig *r, uint32_t *conn, struct ops_request *q)
{
	struct ops_sign in;

	assert_int_equal(rig_request(r, conn, q), OP_SIGN);
	assert_int_equal(wire_decode(&ops_sign_map, q->params, &in), ERR_OK);
	assert_true(in.bare);
	return in;
}

static void
reply_signature(struct rig *r, uint32_t conn, const struct ops_request *q, const char *signature)
{
	struct ops_sign_rep rep = { .signature = span_str(signature) };

	wire_mark(&ops_sign_rep_map, &rep);
	rig_reply(r, conn, q, ERR_OK, &rep);
}

static void
test_sign(void **state)
{
	struct rig *r = *state;
	struct buf key = BUF_INIT, data = BUF_INIT;
	struct userauth u = login;
	struct ops_request q;
	struct ops_sign in;
	uint32_t conn;
	int a;

	r->f.start.conf.nssh_list = 1; /* not listed */
	a = rig_client(r);
	ed25519_blob(1, &key);
	add_row(r, 1, "one", NULL);
	say_sign(r, a, buf_span(&key), userauth(&u, buf_span(&key), &data), 0);
	in = asked(r, &conn, &q);
	assert_int_equal(in.type, OPS_SIGN_SSH_USERAUTH);
	assert_true(span_is(in.label, "01010101010101010101010101010101"));
	assert_true(span_is(in.session, "session") && span_is(in.user, "alice"));
	assert_true(span_is(in.auth_service, "ssh-connection") && !in.hostkey.len && !in.alg.len);
	reply_signature(r, conn, &q, "signature");
	rig_expect(a, SPAN_LIT("\x0e\0\0\0\x09signature"));
	u.method = "publickey-hostbound-v00@openssh.com";
	u.hostkey = SPAN_LIT("host");
	say_sign(r, a, buf_span(&key), userauth(&u, buf_span(&key), &data), 0);
	in = asked(r, &conn, &q);
	assert_int_equal(in.type, OPS_SIGN_SSH_USERAUTH);
	assert_true(span_is(in.hostkey, "host"));
	rig_reply(r, conn, &q, ERR_DENIED, NULL);
	rig_expect(a, FAILURE);
	/* not ours */
	say_sign(r, a, SPAN_LIT(HOST_KEY), buf_span(&data), 0);
	rig_expect(a, FAILURE);
	assert_int_equal(rig_request(r, &conn, &q), 0);
	buf_done(&key);
	buf_done(&data);
}

static uint64_t
type_of(struct rig *r, int fd, struct span key, struct span data)
{
	struct ops_request q;
	struct ops_sign in;
	uint32_t conn;

	say_sign(r, fd, key, data, 0);
	in = asked(r, &conn, &q);
	rig_reply(r, conn, &q, ERR_DENIED, NULL);
	rig_expect_status(fd, SSH_FAILURE);
	if (in.type == OPS_SIGN_RAW)
		assert_true(span_eq(in.data, data));
	return in.type;
}

/* Whatever is not exactly a login with this key is raw. */
static void
test_not_a_login(void **state)
{
	struct rig *r = *state;
	static const struct userauth other[] = {
		{ "", "alice", "ssh-connection", "publickey", "ssh-ed25519", { 0 } },
		{ "session", "alice", "", "publickey", "ssh-ed25519", { 0 } },
		{ "session", "alice", "ssh-connection", "password", "ssh-ed25519", { 0 } },
		{ "session", "alice", "ssh-connection", "publickey", "ssh-rsa", { 0 } },
		{ "session", "alice", "ssh-connection", "publickey-hostbound-v00@openssh.com",
		    "ssh-ed25519", { 0 } },
	};
	struct buf key = BUF_INIT, data = BUF_INIT, second = BUF_INIT;
	int a = rig_client(r);
	struct span k, whole;

	k = ed25519_blob(1, &key);
	add_row(r, 1, "one", NULL);
	assert_int_equal(type_of(r, a, k, userauth(&login, k, &data)), OPS_SIGN_SSH_USERAUTH);
	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		assert_int_equal(type_of(r, a, k, userauth(&other[i], k, &data)), OPS_SIGN_RAW);
	/* the key inside is another one */
	userauth(&login, ed25519_blob(2, &second), &data);
	assert_int_equal(type_of(r, a, k, buf_span(&data)), OPS_SIGN_RAW);
	whole = userauth(&login, k, &data);
	for (size_t n = 1; n < whole.len; n++)
		assert_int_equal(type_of(r, a, k, SPAN(whole.p, n)), OPS_SIGN_RAW);
	buf_put_u8(&data, 0);
	assert_int_equal(type_of(r, a, k, buf_span(&data)), OPS_SIGN_RAW);
	buf_done(&key);
	buf_done(&data);
	buf_done(&second);
}

static struct span
sshsig(const char *name_space, const char *reserved, const char *hash, size_t n, struct buf *b)
{
	static const uint8_t zero[80];

	buf_reset(b);
	buf_put_str(b, "SSHSIG");
	ssh_put_text(b, name_space);
	ssh_put_text(b, reserved);
	ssh_put_text(b, hash);
	ssh_put_string(b, SPAN(zero, n));
	return buf_span(b);
}

static void
test_sshsig(void **state)
{
	struct rig *r = *state;
	struct buf key = BUF_INIT, data = BUF_INIT;
	int a = rig_client(r);
	struct span k = ed25519_blob(1, &key), whole;

	add_row(r, 1, "one", NULL);
	assert_int_equal(type_of(r, a, k, sshsig("git", "", "sha512", 64, &data)), OPS_SIGN_SSHSIG);
	assert_int_equal(type_of(r, a, k, sshsig("git", "", "sha256", 32, &data)), OPS_SIGN_SSHSIG);
	assert_int_equal(type_of(r, a, k, sshsig("git", "", "sha256", 64, &data)), OPS_SIGN_RAW);
	assert_int_equal(type_of(r, a, k, sshsig("git", "", "sha384", 48, &data)), OPS_SIGN_RAW);
	assert_int_equal(type_of(r, a, k, sshsig("", "", "sha512", 64, &data)), OPS_SIGN_RAW);
	assert_int_equal(type_of(r, a, k, sshsig("git", "x", "sha512", 64, &data)), OPS_SIGN_RAW);
	whole = sshsig("git", "", "sha512", 64, &data);
	for (size_t n = 1; n < whole.len; n++)
		assert_int_equal(type_of(r, a, k, SPAN(whole.p, n)), OPS_SIGN_RAW);
	buf_done(&key);
	buf_done(&data);
}

/* SHA-1 is refused here; the others are named to the vault. */
static void
test_rsa(void **state)
{
	struct rig *r = *state;
	struct ssh_row row = { .blob = SPAN_LIT("\0\0\0\x07ssh-rsa\0\0\0\1\3\0\0\0\1\5") };
	struct userauth u = login;
	struct buf data = BUF_INIT;
	struct ops_request q;
	struct ops_sign in;
	uint32_t conn;
	int a = rig_client(r);

	add_row(r, 1, "one", &row);
	u.alg = "ssh-rsa";
	say_sign(r, a, row.blob, userauth(&u, row.blob, &data), 0);
	rig_expect(a, FAILURE);
	u.alg = "rsa-sha2-512";
	say_sign(r, a, row.blob, userauth(&u, row.blob, &data), 4);
	in = asked(r, &conn, &q);
	assert_true(in.type == OPS_SIGN_SSH_USERAUTH && span_is(in.alg, "rsa-sha2-512"));
	say_sign(r, a, row.blob, buf_span(&data), 2); /* it says one, the flags another */
	in = asked(r, &conn, &q);
	assert_true(in.type == OPS_SIGN_RAW && span_is(in.alg, "rsa-sha2-256"));
	buf_done(&data);
}

/* Answers leave in the order of the requests, whatever the vault does first. */
static void
test_order(void **state)
{
	struct rig *r = *state;
	struct buf key = BUF_INIT, data = BUF_INIT;
	struct ops_request q[3];
	uint32_t conn[3];
	int a = rig_client(r);
	struct span k = ed25519_blob(1, &key);
	uint64_t ids[3];

	add_row(r, 1, "one", NULL);
	for (int i = 0; i < 3; i++) {
		say_sign(r, a, k, userauth(&login, k, &data), 0);
		asked(r, &conn[i], &q[i]);
		ids[i] = q[i].id;
	}
	rig_say(r, a, SPAN_LIT("\xfe")); /* refused at once, but in its turn */
	rig_say(r, a, LIST);
	reply_signature(r, conn[0], &(struct ops_request){ .op = OP_SIGN, .id = ids[2] }, "3");
	reply_signature(r, conn[0], &(struct ops_request){ .op = OP_SIGN, .id = ids[1] }, "2");
	assert_true(rig_is_quiet(a));
	/* one that nobody waits for */
	reply_signature(r, conn[0], &(struct ops_request){ .op = OP_SIGN, .id = 999 }, "x");
	reply_signature(r, conn[0], &(struct ops_request){ .op = OP_SIGN, .id = ids[0] }, "1");
	rig_expect(a,
	    SPAN_LIT("\x0e\0\0\0\1"
		     "1"));
	rig_expect(a,
	    SPAN_LIT("\x0e\0\0\0\1"
		     "2"));
	rig_expect(a,
	    SPAN_LIT("\x0e\0\0\0\1"
		     "3"));
	rig_expect(a, FAILURE);
	assert_false(rig_is_quiet(a));
	buf_done(&key);
	buf_done(&data);
}

static void
test_sign_while_locked(void **state)
{
	struct rig *r = *state;
	struct buf key = BUF_INIT, data = BUF_INIT;
	struct ops_request q;
	uint32_t conn;
	int a = rig_client(r);
	struct span k = ed25519_blob(1, &key);

	add_row(r, 1, "one", NULL);
	say_sign(r, a, k, userauth(&login, k, &data), 0);
	asked(r, &conn, &q);
	rig_lock(r);
	rig_expect(a, FAILURE); /* its answer went with the vault */
	say_sign(r, a, k, buf_span(&data), 0);
	assert_int_equal(rig_request(r, &conn, &q), OP_UNLOCK);
	assert_true(rig_is_quiet(a));
	add_row(r, 1, "one", NULL);
	asked(r, &conn, &q);
	reply_signature(r, conn, &q, "s");
	rig_expect(a, SPAN_LIT("\x0e\0\0\0\1s"));
	buf_done(&key);
	buf_done(&data);
}

/* ---- binds ---- */
static struct span
bind_message(uint8_t host, const char *session, bool forwarded, struct buf *b)
{
	struct buf blob = BUF_INIT, signature = BUF_INIT;
	uint8_t s[32] = { host }, pub[32], raw[64];

	ed25519_blob(host, &blob);
	crypto_ed25519_public(s, pub);
	crypto_ed25519_sign(s, pub, span_str(session), raw);
	ssh_put_text(&signature, "ssh-ed25519");
	ssh_put_string(&signature, SPAN(raw, 64));
	buf_reset(b);
	buf_put_u8(b, SSH_EXTENSION);
	ssh_put_text(b, "session-bind@openssh.com");
	ssh_put_string(b, buf_span(&blob));
	ssh_put_text(b, session);
	ssh_put_string(b, buf_span(&signature));
	buf_put_u8(b, forwarded);
	buf_done(&blob);
	buf_done(&signature);
	return buf_span(b);
}

struct hop {
	uint8_t host;
	const char *session;
	bool forwarded;
};

static void
try_bind(struct rig *r, int fd, struct hop h, uint8_t status)
{
	struct buf b = BUF_INIT;

	rig_say(r, fd, bind_message(h.host, h.session, h.forwarded, &b));
	rig_expect_status(fd, status);
	buf_done(&b);
}

static void
test_binds(void **state)
{
	struct rig *r = *state;
	struct buf b = BUF_INIT;
	char session[200];
	int a = rig_client(r), c = rig_client(r);

	/* also while the door is locked, for connections that come meanwhile */
	r->f.ssh.keys.locked = true;
	for (int i = 0; i < 16; i++) {
		snprintf(session, sizeof session, "session %d", i);
		try_bind(r, a, (struct hop){ 1, session, 1 }, SSH_SUCCESS);
	}
	r->f.ssh.keys.locked = false;
	try_bind(r, a, (struct hop){ 1, "session 3", 1 }, SSH_SUCCESS);
	try_bind(r, a, (struct hop){ 2, "session 3", 1 }, SSH_EXTENSION_FAILURE);
	try_bind(r, a, (struct hop){ 1, "session 17", 1 }, SSH_EXTENSION_FAILURE);
	try_bind(r, c, (struct hop){ 1, "one", 1 }, SSH_SUCCESS);
	try_bind(r, c, (struct hop){ 2, "two", 0 }, SSH_SUCCESS);
	try_bind(r, c, (struct hop){ 1, "one", 1 }, SSH_SUCCESS);
	try_bind(r, c, (struct hop){ 2, "two", 0 }, SSH_EXTENSION_FAILURE);
	try_bind(r, c, (struct hop){ 3, "three", 1 }, SSH_EXTENSION_FAILURE);
	a = rig_client(r);
	memset(session, 's', 129);
	session[129] = '\0';
	try_bind(r, a, (struct hop){ 1, session, 1 }, SSH_EXTENSION_FAILURE);
	bind_message(1, "session", 1, &b);
	b.p[b.len - 10] ^= 1; /* in the signature */
	rig_say(r, a, buf_span(&b));
	rig_expect_status(a, SSH_EXTENSION_FAILURE);
	session[128] = '\0';
	try_bind(r, a, (struct hop){ 1, session, 0 }, SSH_SUCCESS);
	buf_done(&b);
}

static void
test_cut_bind(void **state)
{
	struct rig *r = *state;
	struct buf b = BUF_INIT;
	int a = rig_client(r);

	bind_message(1, "session", 1, &b);
	for (size_t n = 1; n < b.len; n++) {
		rig_say(r, a, SPAN(b.p, n));
		rig_expect_status(a, n < 29 ? SSH_FAILURE : SSH_EXTENSION_FAILURE);
	}
	buf_done(&b);
}

static void
test_destinations(void **state)
{
	struct rig *r = *state;
	struct buf host = BUF_INIT, data = BUF_INIT, key = BUF_INIT;
	struct ssh_hop_key hop = { .has = 1 };
	struct ssh_destination d = { .to_host = SPAN_LIT("host"),
		.to_keys = { &hop, 1, SPAN_NONE } };
	struct ssh_row row = { .dest = { &d, 1, SPAN_NONE } };
	struct ops_request q;
	struct ops_sign in;
	uint32_t conn;
	int a = rig_client(r), there = rig_client(r), elsewhere = rig_client(r),
	    bad = rig_client(r);

	hop.blob = ed25519_blob(9, &host);
	wire_mark(&ssh_destination_map, &d);
	add_row(r, 1, "limited", &row);
	add_row(r, 2, "free", NULL);
	assert_string_equal(listed(r, a), "limited free");
	try_bind(r, there, (struct hop){ 9, "session", 0 }, SSH_SUCCESS);
	try_bind(r, elsewhere, (struct hop){ 8, "session", 0 }, SSH_SUCCESS);
	assert_string_equal(listed(r, there), "limited free");
	assert_string_equal(listed(r, elsewhere), "free");
	assert_string_equal(listed(r, a), "limited free");
	rig_say(r, bad,
	    bind_message(8, "session", 0, &data).len ? SPAN(data.p, data.len - 1) : SPAN_NONE);
	rig_expect_status(bad, SSH_EXTENSION_FAILURE);
	assert_string_equal(listed(r, bad), "free");
	/* the vault is told how it came, and decides */
	ed25519_blob(1, &key);
	say_sign(r, there, buf_span(&key), userauth(&login, buf_span(&key), &data), 0);
	in = asked(r, &conn, &q);
	assert_int_equal(in.binds.n, 1);
	/* what cannot be seen cannot be removed */
	buf_reset(&data);
	buf_put_u8(&data, SSH_REMOVE_IDENTITY);
	ssh_put_string(&data, buf_span(&key));
	rig_say(r, elsewhere, buf_span(&data));
	rig_expect(elsewhere, FAILURE);
	rig_say(r, a, buf_span(&data));
	assert_int_equal(rig_request(r, &conn, &q), OP_KEY_HIDE);
	rig_reply(r, conn, &q, ERR_OK, NULL);
	rig_expect_status(a, SSH_SUCCESS);
	buf_done(&host);
	buf_done(&data);
	buf_done(&key);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_start, rig_end)
	const struct CMUnitTest tests[] = { T(test_waits_for_first_unlock), T(test_unlock_fails),
		T(test_first_waiting_leaves), T(test_patience), T(test_rows), T(test_list_rule),
		T(test_sign), T(test_not_a_login), T(test_sshsig), T(test_rsa), T(test_order),
		T(test_sign_while_locked), T(test_binds), T(test_cut_bind), T(test_destinations) };

	assert_int_equal(crypto_init(), ERR_OK);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
