/* vault.c - a vault that is not real. */
#include "oidc/demo/vault.h"

#include <unistd.h>

#include "lib/client.h"
#include "lib/crypto.h"
#include "lib/ops_jwt.h"
#include "lib/text.h"

#define PASS  32 /* characters of the passphrase */
#define ARENA ((size_t)64 * 1024)

struct making {
	struct client_conn conn;
	char pass[PASS];
	const char *issuer;
};

/* The words bring nothing back that would be missed: nobody sees them. */
static enum err
pass_words(int fd)
{
	struct secret_msg msg = { 0 };
	struct sec in = { 0 };
	enum err e;

	/* in a try-out nothing is typed back; the worker says when it is done */
	while (!(e = client_secret_recv(fd, &in, &msg)) && msg.kind == SECRET_SHOW)
		;
	sec_done(&in);
	return e ? e : msg.kind == SECRET_OK ? ERR_OK : ERR_FORMAT;
}

/* What fails here, the request says. */
static void
on_event(void *arg, const struct ops_event *ev)
{
	struct making *m = arg;
	enum err e;
	int fd;

	if ((ev->kind != OPS_EV_NEED_PASS && ev->kind != OPS_EV_SHOW_WORDS) ||
	    client_secret_open(ev->job, &fd))
		return;
	e = ev->kind == OPS_EV_SHOW_WORDS ? pass_words(fd)
					  : client_secret_send(fd, SPAN(m->pass, PASS));
	(void)e;
	close(fd);
}

static enum err
add_issuer(struct making *m)
{
	struct ops_id_add q = { .service = SPAN_LIT("oidc"), .account = span_str(m->issuer) };

	wire_mark(&ops_id_add_map, &q);
	return client_call(&m->conn, OP_ID_ADD, &q, NULL);
}

static enum err
allow(struct making *m, const uint8_t account[DB_ID], const char *client, const char *sector)
{
	char hex[2 * DB_ID];
	struct ops_jwt_name n[2] = {
		{ .kind = JWT_ACCOUNT, .name = SPAN(hex, sizeof hex) },
		{ .kind = JWT_AUDIENCE, .name = span_str(client), .sector = span_str(sector) },
	};
	struct ops_jwt_allow q = { .issuer = span_str(m->issuer), .names = { .v = n, .n = 2 } };

	text_encode_raw(TEXT_HEX, SPAN(account, DB_ID), hex);
	wire_mark(&ops_jwt_name_map, &n[0]);
	wire_mark(&ops_jwt_name_map, &n[1]);
	wire_mark(&ops_jwt_allow_map, &q);
	return client_call(&m->conn, OP_JWT_ALLOW, &q, NULL);
}

static enum err
make(struct making *m)
{
	struct ops_hello hello = { .client = SPAN_LIT("ownkey-oidc demo"), .interactive = true };
	struct ops_init q = { .ways = OPS_WAY_PASS,
		.try_out = true,
		.one_way_in = true,
		.argon_m = 8192,
		.argon_t = 1 };
	struct ops_init_rep rep;
	enum err e;

	if ((e = client_open(&m->conn, &hello)))
		return e;
	m->conn.event = on_event;
	m->conn.arg = m;
	wire_mark(&ops_init_map, &q);
	return client_call(&m->conn, OP_INIT, &q, &rep);
}

enum err
demo_vault_make(
    const char *issuer, const uint8_t account[DB_ID], const char *client, const char *sector)
{
	struct making m = { .conn = { .fd = -1, .cancel_fd = -1 }, .issuer = issuer };
	struct ops_unlock open = { .has = 0 };
	uint8_t raw[PASS / 2];
	enum err e;

	crypto_random(raw, sizeof raw);
	text_encode_raw(TEXT_HEX, SPAN(raw, sizeof raw), m.pass);
	wire_mark(&ops_unlock_map, &open);
	/* the provider has no arena of its own: it holds no keys */
	if (!(e = sec_arena_open(ARENA, false, true)))
		e = make(&m);
	if (!e && (e = add_issuer(&m)) == ERR_LOCKED &&
	    !(e = client_call(&m.conn, OP_UNLOCK, &open, NULL)))
		e = add_issuer(&m);
	if (!e)
		e = allow(&m, account, client, sector);
	sec_zero(m.pass, sizeof m.pass);
	sec_zero(raw, sizeof raw);
	if (m.conn.fd >= 0)
		client_close(&m.conn);
	return e;
}
