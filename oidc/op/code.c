#include <stdlib.h>
#include <time.h>

#include "lib/crypto.h"
#include "oidc/db/memo.h"
#include "oidc/op/code.h"

struct codes {
	struct memo *wait, *stones;
};

struct stone {
	uint8_t family[DB_ID];
	bool again; /* somebody came with it a second time */
};

void
code_free(struct code *code)
{
	if (!code)
		return;
	buf_done(&code->bytes);
	free(code);
}

static void
drop_code(void *value)
{
	code_free(value);
}

struct codes *
codes_new(uint32_t seconds)
{
	const struct memo_kind wait = { CODE_MOST, (uint64_t)seconds * 1000, true, drop_code };
	const struct memo_kind stones = { 8 * CODE_MOST, CODE_STONE, true, free };
	struct codes *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->wait = memo_new(&wait);
	c->stones = memo_new(&stones);
	if (c->wait && c->stones)
		return c;
	codes_free(c);
	return NULL;
}

void
codes_free(struct codes *c)
{
	if (!c)
		return;
	memo_free(c->wait);
	memo_free(c->stones);
	free(c);
}

/* The texts one after the other in one piece of memory. */
static bool
own(struct code *c)
{
	struct span *const all[] = { &c->client, &c->redirect_uri, &c->challenge, &c->scopes,
		&c->audience, &c->nonce, &c->sub, &c->amr };
	size_t n = 0;

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		n += all[i]->len;
	c->bytes = BUF_INIT;
	if (!buf_room(&c->bytes, n + 1))
		return false;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		size_t at = c->bytes.len;

		buf_put_span(&c->bytes, *all[i]);
		all[i]->p = c->bytes.p + at;
	}
	return true;
}

/* Time in front: what is issued together stands together in the store's index. */
static void
draw_family(uint8_t family[DB_ID])
{
	crypto_random(family, DB_ID);
	put_be32(family, (uint32_t)time(NULL));
}

enum err
codes_put(struct codes *c, const struct code *code, uint64_t now, char text[HANDLE_TEXT])
{
	struct code *kept = malloc(sizeof *kept);
	uint8_t hash[HANDLE_HASH];

	if (!kept)
		return ERR_NOMEM;
	*kept = *code;
	draw_family(kept->family);
	if (!own(kept)) {
		code_free(kept);
		return ERR_NOMEM;
	}
	handle_make(HANDLE_CODE, text, hash);
	return memo_put(c->wait, hash, kept, now);
}

/* The stone comes first: without one nobody would notice a second time. */
struct code *
codes_take(struct codes *c, struct span text, uint64_t now)
{
	uint8_t hash[HANDLE_HASH];
	const struct code *code;
	struct stone *stone;

	if (!handle_read(HANDLE_CODE, text, hash) || !(code = memo_find(c->wait, hash, now)) ||
	    !(stone = calloc(1, sizeof *stone)))
		return NULL;
	memcpy(stone->family, code->family, DB_ID);
	return memo_put(c->stones, hash, stone, now) ? NULL : memo_take(c->wait, hash, now);
}

enum err
codes_spent(struct codes *c, struct span text, uint64_t now)
{
	uint8_t hash[HANDLE_HASH];
	const struct stone *stone =
	    handle_read(HANDLE_CODE, text, hash) ? memo_find(c->stones, hash, now) : NULL;

	return stone && !stone->again ? ERR_OK : ERR_EXISTS;
}

bool
codes_was_spent(struct codes *c, struct span text, uint64_t now, uint8_t family[DB_ID])
{
	uint8_t hash[HANDLE_HASH];
	struct stone *stone =
	    handle_read(HANDLE_CODE, text, hash) ? memo_find(c->stones, hash, now) : NULL;

	if (!stone)
		return false;
	stone->again = true;
	memcpy(family, stone->family, DB_ID);
	return true;
}

void
codes_expire(struct codes *c, uint64_t now)
{
	memo_expire(c->wait, now);
	memo_expire(c->stones, now);
}

struct of {
	const uint8_t *sid, *account;
};

static bool
is_of(void *arg, const void *value)
{
	const struct of *o = arg;
	const struct code *c = value;

	return (o->sid && !memcmp(c->sid, o->sid, DB_ID)) ||
	    (o->account && !memcmp(c->account, o->account, DB_ID));
}

void
codes_forget(struct codes *c, const uint8_t *sid, const uint8_t *account)
{
	struct of o = { sid, account };

	memo_drop_if(c->wait, is_of, &o);
}
