/*
 * A small vault, edited as the input says, its trailer made right: what is accepted is written
 * again the same, and a check never finds more than an opening does.
 * Input: any number of { u16be offset, u8 n, n bytes }; and the input itself as a file.
 */
#include "agent/vault/check.h"
#include "tests/unit/vault_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct fixture fx;
static struct outer o, again;
static uint8_t *file;

static void
start(void)
{
	if (file != NULL)
		return;
	fixture_make(&fx);
	if ((file = malloc(fx.file.len)) == NULL)
		abort();
}

static void
edit(const uint8_t *p, size_t n)
{
	size_t at, len;

	for (; n > 3; p += 3 + len, n -= 3 + len) {
		at = be16(p);
		len = p[2] < n - 3 ? p[2] : n - 3;
		if (at < fx.file.len && len <= fx.file.len - at)
			memcpy(file + at, p + 3, len);
	}
}

static void
check_slots(void)
{
	uint8_t raw[OUTER_SLOT_SIZE];
	size_t i;

	for (i = 0; i < OUTER_SLOTS; i++) {
		if (o.slot_err[i] != ERR_OK)
			continue;
		if (outer_slot_build(&o.slot[i], raw) != ERR_OK ||
		    memcmp(raw, o.raw + OUTER_HEAD + i * OUTER_SLOT_SIZE, sizeof(raw)) != 0)
			abort();
		if (o.slot[i].argon_m > OUTER_ARGON_M_MAX || o.slot[i].cred_id_len > OUTER_CRED_MAX)
			abort();
	}
}

/* Only the file as it was made opens. */
static void
check_open(void)
{
	struct vaultfile_state st;
	struct body b;
	enum err e;

	e = vaultfile_open(SPAN(file, fx.file.len), &o, fixture_vrk(&fx), &b, &st);
	if ((e == ERR_OK) != (memcmp(file, fx.file.p, fx.file.len) == 0))
		abort();
	body_done(&b);
}

static void
parse(struct span s)
{
	struct check_report r;
	enum err e = outer_parse(s, &o);

	if (check_file(s, &r) != ERR_OK || (r.good && e != ERR_OK))
		abort();
	if (e != ERR_OK)
		return;
	check_slots();
	again = o;
	outer_set_body(&again, o.generation, o.body_len);
	if (memcmp(again.raw, o.raw, OUTER_BODY) != 0 || o.total_len > s.len)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	start();
	parse(SPAN(p, n));
	memcpy(file, fx.file.p, fx.file.len);
	edit(p, n);
	parse(SPAN(file, fx.file.len));
	crypto_sha256(SPAN(file, fx.file.len - 32), file + fx.file.len - 32);
	parse(SPAN(file, fx.file.len));
	if (outer_parse(SPAN(file, fx.file.len), &o) == ERR_OK)
		check_open();
	if (sec_arena_used() != 0)
		abort();
	return 0;
}
