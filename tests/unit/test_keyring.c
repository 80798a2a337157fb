/* agent/vault/keyring: long imported keys do not take the arena from everybody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/vault/item.h"
#include "agent/vault/keyring.h"
#include "lib/crypto.h"
#include "tests/unit/sshkey_rig.h"

#define ARENA ((size_t)2 << 20)
#define KEYS  1200 /* of 1.7 KiB: as much as there is */

static struct vault v;
static struct sshkey_private rsa;

static int
setup(void **state)
{
	struct buf file = BUF_INIT;
	struct ssh_reader r;

	(void)state;
	if (sec_arena_open(ARENA, true, true) || crypto_init() || keyring_new(&v.keys) ||
	    sec_init(&v.open.vrk, 32) || sec_random(&v.open.vrk, 32))
		return -1;
	rig_open();
	rig_must(rig_run("ssh-keygen -q -t rsa -b 3072 -N '' -C c -f id") == 0, "ssh-keygen");
	rig_private("id", &file);
	r = ssh_reader(buf_span(&file));
	rig_must(!sshkey_parse_private(&r, &rsa), "its key");
	buf_done(&file);
	rig_close();
	return 0;
}

/* An item like those of key.add with keep; its box in box. */
static void
make_item(uint32_t n, uint8_t id[16], struct buf *box, struct item *it)
{
	crypto_random(id, 16);
	put_be32(id, n);
	*it = (struct item){ .id = SPAN(id, 16), .kind = ITEM_KEY, .rev = 1 };
	it->origin.kind = ORIGIN_IMPORTED;
	it->origin.service = SPAN_LIT("ssh");
	it->origin.purpose = SPAN_LIT("identity");
	it->origin.alg = SPAN_LIT("rsa");
	assert_int_equal(keyring_seal(&v, it, sec_span(&rsa.canonical), box), ERR_OK);
	it->secret = buf_span(box);
}

static void
test_long_keys(void **state)
{
	struct buf box = BUF_INIT;
	const struct sec *priv;
	const uint8_t *pub;
	uint8_t id[16];
	struct item it;
	size_t len;

	(void)state;
	for (uint32_t n = 0; n < KEYS; n++) {
		buf_reset(&box);
		make_item(n, id, &box, &it);
		assert_int_equal(keyring_get(&v, &it, &priv, &pub, &len), ERR_OK);
		assert_int_equal(priv->len, rsa.canonical.len);
		assert_memory_equal(priv->p, rsa.canonical.p, priv->len);
		assert_int_equal(len, rsa.blob.len);
		assert_true(sec_arena_used() < ARENA / 2);
	}
	/* the last one is there still, and goes when it is forgotten */
	len = sec_arena_used();
	keyring_forget(&v, id);
	assert_true(sec_arena_used() + rsa.canonical.len <= len);
	buf_done(&box);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_long_keys) };

	return cmocka_run_group_tests(tests, setup, NULL);
}
