/*
 * The personalities: what real firmwares do differently, one row each.  The figures of solo,
 * canokey and pico are measured ones; U2F_V2 is never listed, because none of them speaks it here.
 */
#include "tests/softtoken/core.h"

#define FULL                                                                               \
	(SOFT_HMAC | SOFT_PROTECT | SOFT_PUAT | SOFT_NOT_RQD | SOFT_CONFIG | SOFT_MANAGE | \
	    SOFT_MANAGE_PRE | SOFT_RESET_WINDOW | SOFT_ALGS)

/* what most rows share: all of CTAP 2.1 in the sizes of a current key */
#define LIKE_57                                                                          \
	.versions = SOFT_2_0 | SOFT_2_1, .protocols = 3, .max_msg = 1280, .max_list = 8, \
	.max_id = 128, .firmware = 0x050700, .silent = SOFT_SILENT_OPTION,               \
	.timeout = CTAP_ACTION_TIMEOUT, .uv_retry = CTAP_INVALID_SUBCOMMAND,             \
	.config = CTAP_INVALID_COMMAND

static const struct soft_row rows[] = {
	{
	    .name = "yk57",
	    .help = "all of CTAP 2.1, as a current security key",
	    LIKE_57,
	    .traits = FULL,
	},
	{
	    .name = "yk54",
	    .help = "2.1 preview: PIN for every credential, old PIN tokens, 0x41 only",
	    .versions = SOFT_2_0 | SOFT_2_1_PRE,
	    .traits = SOFT_HMAC | SOFT_PROTECT | SOFT_MANAGE_PRE | SOFT_RESET_WINDOW | SOFT_ALGS,
	    .protocols = 3,
	    .max_msg = 1200,
	    .max_list = 8,
	    .max_id = 128,
	    .firmware = 0x050403,
	    .silent = SOFT_SILENT_OPTION,
	    .timeout = CTAP_ACTION_TIMEOUT,
	    .uv_retry = CTAP_INVALID_SUBCOMMAND,
	    .config = CTAP_INVALID_COMMAND,
	},
	{
	    .name = "solo",
	    .help = "protocol 1 only, tells the secret untouched, counter goes back",
	    .versions = SOFT_2_0 | SOFT_2_1_PRE,
	    .traits = SOFT_HMAC | SOFT_PROTECT | SOFT_MANAGE | SOFT_MANAGE_PRE | SOFT_COUNTER_BACK |
		SOFT_SEVERAL | SOFT_SHOWS_PROTECT_1,
	    .protocols = 1,
	    .max_msg = 1200,
	    .max_list = 20,
	    .max_id = 128,
	    .silent = SOFT_SILENT_LEAK,
	    .timeout = CTAP_USER_TIMEOUT,
	    .uv_retry = CTAP_OTHER,
	    .config = CTAP_INVALID_COMMAND,
	},
	{
	    .name = "canokey",
	    .help = "makes credentials without PIN, resets only at power-up",
	    .versions = SOFT_2_0 | SOFT_2_1,
	    .traits = SOFT_HMAC | SOFT_PROTECT | SOFT_PUAT | SOFT_NOT_RQD | SOFT_MANAGE |
		SOFT_MANAGE_PRE | SOFT_RESET_WINDOW | SOFT_ALGS,
	    .protocols = 3,
	    .max_msg = 1300,
	    .max_list = 8,
	    .max_id = 128,
	    .silent = SOFT_SILENT_OPTION,
	    .timeout = CTAP_USER_TIMEOUT,
	    .uv_retry = CTAP_INVALID_SUBCOMMAND,
	    .config = CTAP_UNAUTHORIZED_PERM,
	},
	{
	    .name = "pico",
	    .help = "long credential ids, leaky soft lock, several statements",
	    .versions = SOFT_2_0 | SOFT_2_1,
	    .traits = SOFT_HMAC | SOFT_PROTECT | SOFT_PUAT | SOFT_CONFIG | SOFT_MANAGE |
		SOFT_MANAGE_PRE | SOFT_ALGS | SOFT_SEVERAL | SOFT_LEAKY_LOCK,
	    .protocols = 3,
	    .max_msg = 1024,
	    .max_list = 16,
	    .max_id = 1024,
	    .pad = 60,
	    .silent = SOFT_SILENT_INVALID,
	    .timeout = CTAP_USER_TIMEOUT,
	    .uv_retry = CTAP_INVALID_SUBCOMMAND,
	    .config = CTAP_INVALID_COMMAND,
	},
	{
	    .name = "no-hmac-secret",
	    .help = "has no hmac-secret",
	    LIKE_57,
	    .traits = FULL & ~(unsigned)SOFT_HMAC,
	},
	{
	    .name = "u2f-only",
	    .help = "an old U2F key: no CBOR",
	    LIKE_57,
	    .traits = SOFT_U2F_ONLY,
	},
	{
	    .name = "pin-blocked",
	    .help = "a PIN is set and no tries are left",
	    LIKE_57,
	    .traits = FULL | SOFT_BLOCKED,
	},
	{
	    .name = "full",
	    .help = "no room for another resident key",
	    LIKE_57,
	    .traits = FULL | SOFT_NO_ROOM,
	},
	{
	    .name = "alwaysuv",
	    .help = "does nothing without its PIN",
	    LIKE_57,
	    .traits = FULL | SOFT_ALWAYS_UV,
	},
	{
	    .name = "one-secret",
	    .help = "an old token: same secret with and without PIN, CTAP 2.0, fmt none",
	    .versions = SOFT_2_0,
	    .traits = SOFT_HMAC | SOFT_ONE_SECRET | SOFT_NO_ATTEST,
	    .protocols = 1,
	    .max_msg = 1200,
	    .max_list = 8,
	    .max_id = 128,
	    .silent = SOFT_SILENT_OPTION,
	    .timeout = CTAP_USER_TIMEOUT,
	    .uv_retry = CTAP_INVALID_SUBCOMMAND,
	    .config = CTAP_INVALID_COMMAND,
	},
	{
	    .name = "credprotect3-only",
	    .help = "every credential gets credProtect 3",
	    LIKE_57,
	    .traits = FULL | SOFT_PROTECT_3,
	},
};

#define NROWS (sizeof(rows) / sizeof(rows[0]))

const struct soft_row *
soft_row_find(const char *name)
{
	size_t i;

	for (i = 0; i < NROWS; i++)
		if (name == NULL || strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

const char *
softtoken_personality_at(size_t i, const char **help)
{
	if (i >= NROWS)
		return NULL;
	if (help != NULL)
		*help = rows[i].help;
	return rows[i].name;
}
