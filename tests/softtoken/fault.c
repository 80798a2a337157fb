/*
 * Misbehaviour on order: one row each.
 */
#include <stdlib.h>

#include "lib/crypto.h"
#include "tests/softtoken/core.h"

static const struct {
	const char *name;
	const char *help;
	bool has_value;
} rows[SOFT_NFAULTS] = {
	[SOFT_SHORT_SECRET] = { "short-secret", "16 bytes of secret", false },
	[SOFT_NO_SECRET] = { "no-secret", "hmac-secret is not answered", false },
	[SOFT_UNSTABLE_SECRET] = { "unstable-secret", "another secret each time", false },
	[SOFT_NO_UP] = { "no-up", "the UP bit is missing, and signed so", false },
	[SOFT_NO_UV] = { "no-uv", "the UV bit is missing, and signed so", false },
	[SOFT_WRONG_RP] = { "wrong-rp", "rpIdHash of something else, and signed so", false },
	[SOFT_BAD_SIGNATURE] = { "bad-signature", "the last byte is flipped", false },
	[SOFT_FLIP] = { "flip",
	    "this bit of an assertion is flipped: authenticator data, credential id, signature",
	    true },
	[SOFT_OTHER_CREDENTIAL] = { "other-credential",
	    "a credential that was not asked for; all else is right for it", false },
	[SOFT_REPLAY] = { "replay", "the last honest assertion again", false },
	[SOFT_HUGE_CBOR] = { "huge-cbor", "a byte string of 1 GiB, of which 5 bytes come", false },
	[SOFT_GARBAGE] = { "garbage", "200 random bytes", false },
	[SOFT_ERROR] = { "error", "answers with this CTAP status (error=0x2f)", true },
	[SOFT_KILL] = { "kill-before-compare", "dies when the PIN try is counted", false },
	[SOFT_DROP] = { "drop", "no answer", false },
	[SOFT_STALE] = { "stale", "the answer before this one comes first", false },
	[SOFT_TRUNCATED] = { "truncated", "half of the answer", false },
	[SOFT_LOST_FRAME] = { "lost-frame", "the last report of the answer is missing", false },
	[SOFT_WRONG_CHANNEL] = { "wrong-channel", "the answer goes to another channel", false },
	[SOFT_WRONG_SEQ] = { "wrong-seq", "continuation reports count from 1", false },
	[SOFT_SAY_BUSY] = { "busy", "CTAPHID error: channel busy", false },
	[SOFT_SLOW] = { "slow", "the answer takes so many milliseconds longer", true },
	[SOFT_UNPLUG] = { "unplug", "pulled out after report N of the answer (unplug@N)", false },
};

static const struct {
	const char *name;
	uint8_t cmd;
} commands[] = {
	{ "make", CTAP_MAKE },
	{ "assert", CTAP_ASSERT },
	{ "info", CTAP_INFO },
	{ "pin", CTAP_PIN },
	{ "reset", CTAP_RESET },
	{ "next", CTAP_NEXT },
	{ "manage", CTAP_MANAGE },
	{ "manage", CTAP_MANAGE_PRE },
	{ "select", CTAP_SELECT },
	{ "config", CTAP_CONFIG },
};

const char *
softtoken_fault_at(size_t i, const char **help)
{
	if (i >= SOFT_NFAULTS)
		return NULL;
	if (help != NULL)
		*help = rows[i].help;
	return rows[i].name;
}

/* --- SPEC --- */

static bool
number_read(const char **s, uint32_t *v)
{
	unsigned long n;
	char *end;

	if (**s < '0' || **s > '9')
		return false;
	n = strtoul(*s, &end, 0);
	*s = end;
	*v = (uint32_t)n;
	return n <= UINT32_MAX;
}

static bool
command_read(const char **s, uint8_t *cmd)
{
	size_t i, n;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		n = strlen(commands[i].name);
		if (strncmp(*s, commands[i].name, n) == 0) {
			*s += n;
			*cmd = commands[i].cmd;
			return true;
		}
	}
	return false;
}

static bool
suffix_read(const char **s, struct soft_fault *f)
{
	switch (*(*s)++) {
	case '=':
		return rows[f->kind].has_value && number_read(s, &f->value);
	case '@':
		return f->kind == SOFT_UNPLUG && number_read(s, &f->at);
	case ':':
		return command_read(s, &f->cmd);
	case '*':
		return number_read(s, &f->left) && f->left > 0;
	default:
		return false;
	}
}

static bool
name_read(const char **s, struct soft_fault *f)
{
	size_t i, n = strcspn(*s, "=@:*");

	for (i = 0; i < SOFT_NFAULTS; i++)
		if (strlen(rows[i].name) == n && strncmp(*s, rows[i].name, n) == 0) {
			f->kind = (enum soft_fault_kind)i;
			*s += n;
			return true;
		}
	return false;
}

enum err
softtoken_fault(struct softtoken *t, const char *spec)
{
	struct soft_fault f = { 0 };

	if (strcmp(spec, "none") == 0) {
		t->nfaults = 0;
		return ERR_OK;
	}
	if (!name_read(&spec, &f))
		return ERR_USAGE;
	while (*spec != '\0')
		if (!suffix_read(&spec, &f))
			return ERR_USAGE;
	if (t->nfaults == SOFT_FAULTS)
		return ERR_LIMIT;
	if (f.kind == SOFT_UNPLUG && f.left == 0)
		f.left = 1;
	t->fault[t->nfaults++] = f;
	return ERR_OK;
}

/* --- effect --- */

static bool
is_for(const struct soft_fault *f, enum soft_fault_kind kind, uint8_t cmd)
{
	if (f->kind != kind || cmd == 0)
		return false;
	return f->cmd == 0 || f->cmd == (cmd == CTAP_MANAGE_PRE ? CTAP_MANAGE : cmd);
}

static void
fault_remove(struct softtoken *t, size_t i)
{
	t->nfaults--;
	memmove(&t->fault[i], &t->fault[i + 1], (t->nfaults - i) * sizeof(t->fault[0]));
}

bool
soft_fault_hit(struct softtoken *t, enum soft_fault_kind kind, uint32_t *value)
{
	size_t i;

	for (i = 0; i < t->nfaults; i++) {
		if (!is_for(&t->fault[i], kind, t->op.cmd))
			continue;
		if (value != NULL)
			*value = t->fault[i].value;
		if (t->fault[i].left > 0 && --t->fault[i].left == 0)
			fault_remove(t, i);
		return true;
	}
	return false;
}

bool
soft_fault_unplugs(struct softtoken *t, unsigned frames)
{
	size_t i;

	for (i = 0; i < t->nfaults; i++)
		if (is_for(&t->fault[i], SOFT_UNPLUG, t->op.cmd) && frames == t->fault[i].at)
			return soft_fault_hit(t, SOFT_UNPLUG, NULL);
	return false;
}

void
soft_fault_reply(struct softtoken *t, struct buf *rep)
{
	/* map of one, key 2, byte string of 2^30 */
	static const uint8_t huge[] = { 0, 0xa1, 0x02, 0x5a, 0x40, 0, 0, 0, 1, 2, 3, 4, 5 };
	uint8_t noise[200];
	uint32_t status;

	if (soft_fault_hit(t, SOFT_ERROR, &status)) {
		buf_reset(rep);
		buf_put_u8(rep, (uint8_t)status);
	}
	if (soft_fault_hit(t, SOFT_HUGE_CBOR, NULL)) {
		buf_reset(rep);
		buf_put(rep, huge, sizeof(huge));
	}
	if (soft_fault_hit(t, SOFT_GARBAGE, NULL)) {
		crypto_random(noise, sizeof(noise));
		noise[0] = CTAP_OK;
		buf_reset(rep);
		buf_put(rep, noise, sizeof(noise));
	}
	if (soft_fault_hit(t, SOFT_TRUNCATED, NULL))
		rep->len -= rep->len / 2;
}
