/*
 * vault.c - usage: vault fill FILE KEYS SECRETS <WORDS	rewrite FILE with so many items
 *                  vault open FILE ROUNDS <WORDS	open it that often: JSON on stdout
 * FILE is a vault that `init` made, WORDS its recovery phrase.
 */
#include <stdint.h>
#include <string.h>

#include "agent/slot/slot.h"
#include "agent/vault/keys.h"
#include "agent/vault/vaultfile.h"
#include "lib/crypto.h"
#include "lib/seal.h"
#include "lib/words.h"
#include "tests/bench/bench.h"

#define SECRET_LEN 128

struct opened {
	struct buf file;
	struct outer outer;
	struct sec vrk;
	struct body body;
	struct vaultfile_state state;
};

static void
read_all(FILE *f, struct buf *b)
{
	uint8_t *p;
	size_t n;

	do {
		if (!(p = buf_room(b, 1 << 20)))
			exit(1);
		n = fread(p, 1, 1 << 20, f);
		buf_add(b, n);
	} while (n);
}

static void
read_file(const char *path, struct buf *b)
{
	FILE *f = fopen(path, "rb");

	if (!f) {
		perror(path);
		exit(1);
	}
	read_all(f, b);
	fclose(f);
}

/* ---- the phrase opens its slot (DESIGN 4) ---- */
static void
unwrap(const struct outer *o, size_t i, const struct sec *root, struct sec *vrk)
{
	const struct slot *s = &o->slot[i];
	struct keys_slot ks = { .vault_id = o->vault_id, .hdr = outer_slot_hdr(o, i).p };
	struct sec prk = { 0 };
	uint8_t rec[32];
	struct keys_factors f = { .recovery = SPAN(rec, 32) };

	seal_kdf(sec_span(root), "recovery", SPAN(s->id, 16), rec, sizeof rec);
	bench_check(keys_prk(&f, s->kdf_salt, &prk), "key of the slot");
	bench_check(keys_unwrap(&ks, &prk, outer_wrap(s), vrk), "the slot");
	sec_done(&prk);
}

static void
find_vrk(const struct outer *o, struct sec *vrk)
{
	struct buf words = BUF_INIT;
	struct sec root = { 0 };

	read_all(stdin, &words);
	while (words.len && words.p[words.len - 1] == '\n')
		buf_cut(&words, words.len - 1);
	bench_check(sec_init(&root, 32), "arena");
	bench_check(words_to_bytes(buf_span(&words), 32, &root, NULL), "the words");
	for (size_t i = 0; i < OUTER_SLOTS; i++)
		if (outer_slot_ok(o, i) && o->slot[i].factors == FACTOR_PHRASE && !vrk->p)
			unwrap(o, i, &root, vrk);
	sec_done(&root);
	buf_done(&words);
}

/* ---- fill ---- */
static void
put(struct opened *v, struct item *it)
{
	uint8_t id[16], rev_id[16];
	struct span revs = SPAN(rev_id, 16);
	struct keys_item ki = { .id = id, .rev = 1 };
	struct buf box = BUF_INIT;
	uint8_t secret[SECRET_LEN];

	crypto_random(id, sizeof id);
	crypto_random(rev_id, sizeof rev_id);
	crypto_random(secret, sizeof secret);
	it->id = SPAN(id, 16);
	it->rev = 1;
	it->rev_ids = (struct wire_list){ .v = &revs, .n = 1 };
	it->mtime = 1764000000;
	if (it->kind == ITEM_SECRET) {
		bench_check(keys_item_seal(sec_span(&v->vrk), &ki, SPAN(secret, SECRET_LEN), &box),
		    "sealing");
		it->secret = buf_span(&box);
	}
	wire_mark(&item_origin_map, &it->origin);
	wire_mark(&item_policy_map, &it->policy);
	wire_mark(&item_map, it);
	bench_check(body_item_put(&v->body, it), "an item");
	buf_done(&box);
}

static void
put_secret(struct opened *v, unsigned i)
{
	struct item it = { .kind = ITEM_SECRET, .origin.kind = ORIGIN_IMPORTED };
	char label[64];

	snprintf(label, sizeof label, "service-%u/account-%u", i % 97, i);
	it.label = span_str(label);
	put(v, &it);
}

/* Lists show the stored line; the key itself is derived at each use. */
#define LINE "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4 me"

static void
put_key(struct opened *v, unsigned i)
{
	struct item_epoch epoch = { .created = 1764000000 };
	struct buf public = BUF_INIT;
	char account[32], label[64];
	struct item it = { .kind = ITEM_KEY, .epochs = { .v = &epoch, .n = 1 } };

	snprintf(account, sizeof account, "account-%u", i);
	snprintf(label, sizeof label, "ssh/%s/identity", account);
	cbor_put_text(&public, SPAN_LIT(LINE));
	wire_mark(&item_epoch_map, &epoch);
	it.label = span_str(label);
	it.origin = (struct item_origin){ .service = SPAN_LIT("ssh"),
		.account = span_str(account),
		.purpose = SPAN_LIT("identity"),
		.alg = SPAN_LIT("ed25519") };
	it.public_part = buf_span(&public);
	put(v, &it);
	buf_done(&public);
}

static void
fill(struct opened *v, unsigned keys, unsigned secrets)
{
	for (unsigned i = 0; i < keys; i++)
		put_key(v, i);
	for (unsigned i = 0; i < secrets; i++)
		put_secret(v, i);
}

static void
write_vault(struct opened *v, const char *path)
{
	struct vaultfile_new nv = { 0 };
	FILE *f;

	bench_check(
	    vaultfile_build(&v->outer, sec_span(&v->vrk), &v->body, 1764000000, &nv), "building");
	if (!(f = fopen(path, "wb")) || fwrite(nv.bytes.p, 1, nv.bytes.len, f) != nv.bytes.len ||
	    fclose(f)) {
		perror(path);
		exit(1);
	}
	vaultfile_new_done(&nv);
}

/* ---- open ---- */
static void
time_open(struct opened *v, unsigned rounds)
{
	double *outer = calloc(rounds, sizeof *outer), *body = calloc(rounds, sizeof *body);

	if (!outer || !body)
		exit(1);
	for (unsigned i = 0; i < rounds; i++) {
		struct body b = { 0 };
		double t0 = bench_now(), t1;

		bench_check(outer_parse(buf_span(&v->file), &v->outer), "the file");
		t1 = bench_now();
		bench_check(
		    vaultfile_open(buf_span(&v->file), &v->outer, sec_span(&v->vrk), &b, &v->state),
		    "the body");
		body[i] = bench_now() - t1;
		outer[i] = t1 - t0;
		body_done(&b);
	}
	printf("{\"size\": %zu, \"outer_parse_ms\": %.3f, \"vaultfile_open_ms\": %.3f}\n",
	    v->file.len, bench_quantile(outer, rounds, .5) * 1e3,
	    bench_quantile(body, rounds, .5) * 1e3);
	free(outer);
	free(body);
}

int
main(int argc, char **argv)
{
	static struct opened v;

	if (argc < 4)
		return 64;
	bench_check(sec_arena_open(1 << 20, false, true), "arena");
	bench_check(crypto_init(), "crypto");
	read_file(argv[2], &v.file);
	bench_check(outer_parse(buf_span(&v.file), &v.outer), "the file");
	find_vrk(&v.outer, &v.vrk);
	if (strcmp(argv[1], "open") == 0) {
		time_open(&v, (unsigned)atoi(argv[3]));
	} else if (argc == 5) {
		bench_check(vaultfile_open(
				buf_span(&v.file), &v.outer, sec_span(&v.vrk), &v.body, &v.state),
		    "the body");
		fill(&v, (unsigned)atoi(argv[3]), (unsigned)atoi(argv[4]));
		write_vault(&v, argv[2]);
	}
	return 0;
}
