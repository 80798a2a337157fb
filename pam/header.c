/* header.c - what the head of a vault says in the clear (DESIGN 6): offsets and ranges only. */
#include <string.h>

#include "pam/handoff.h"

#define VERSION	  8
#define NSLOTS	  40
#define SLOT_SIZE 42
#define RP_ID	  64
#define SALT	  128
#define SLOTS	  512
#define EACH	  2048u
/* in a slot */
#define FACTORS	   1
#define CRED_LEN   44
#define CRED	   384
#define UNLOCK	   1
#define TOKEN	   1
#define PASSPHRASE 2

static void
take_slot(const uint8_t *s, struct handoff_header *out)
{
	struct handoff_slot *to = &out->slot[out->n];
	size_t len = be16(s + CRED_LEN);

	/* what is not understood is no use for a login */
	if (s[0] != UNLOCK || (s[FACTORS] & TOKEN) == 0 || !len || len > HANDOFF_CRED_MAX)
		return;
	memcpy(to->cred_id, s + CRED, len);
	to->len = len;
	to->pass = (s[FACTORS] & PASSPHRASE) != 0;
	out->n++;
}

enum err
handoff_header_parse(struct span file, struct handoff_header *out)
{
	static const uint8_t magic[8] = { 0x89, 'O', 'W', 'K', '\r', '\n', 0x1a, '\n' };

	memset(out, 0, sizeof *out);
	if (file.len < HANDOFF_HEADER || memcmp(file.p, magic, sizeof magic) != 0)
		return ERR_FORMAT;
	if (be16(file.p + VERSION) != 1 || be16(file.p + NSLOTS) != HANDOFF_SLOTS ||
	    be16(file.p + SLOT_SIZE) != EACH)
		return ERR_FORMAT;
	memcpy(out->rp_id, file.p + RP_ID, sizeof out->rp_id - 1);
	memcpy(out->salt, file.p + SALT, sizeof out->salt);
	for (size_t i = 0; i < HANDOFF_SLOTS; i++)
		take_slot(file.p + SLOTS + i * EACH, out);
	return ERR_OK;
}

bool
handoff_header_has(const struct handoff_header *h, struct span cred_id)
{
	for (size_t i = 0; i < h->n; i++)
		if (span_eq(SPAN(h->slot[i].cred_id, h->slot[i].len), cred_id))
			return true;
	return false;
}
