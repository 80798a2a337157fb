#include "lib/sshlogin_type.h"

static const struct {
	const char *name;
	bool token;
} types[] = {
	{ "sk-ssh-ed25519@openssh.com", true },
	{ "sk-ecdsa-sha2-nistp256@openssh.com", true },
	{ "ssh-ed25519", false },
	{ "ecdsa-sha2-nistp256", false },
	{ "ecdsa-sha2-nistp384", false },
	{ "ecdsa-sha2-nistp521", false },
	{ "ssh-rsa", false },
};

bool
sshlogin_type(struct span name, bool *token)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (span_is(name, types[i].name)) {
			*token = types[i].token;
			return true;
		}
	return false;
}
