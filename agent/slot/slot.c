/* slot.c - the rows. */
#include "agent/slot/slot.h"

const struct slot_type slot_types[] = {
	{ 1, "token", "a FIDO2 token, by touch and usually PIN" },
	{ 3, "token and passphrase", "a FIDO2 token and a passphrase, both needed" },
	{ 4, "recovery phrase", "24 words on paper" },
	{ 2, "passphrase", "a passphrase alone" },
};
const size_t nslot_types = sizeof slot_types / sizeof *slot_types;

const struct slot_type *
slot_type_find(unsigned factors)
{
	for (size_t i = 0; i < nslot_types; i++)
		if (slot_types[i].factors == factors)
			return &slot_types[i];
	return NULL;
}
