/* map_ssh.c - lines of the map that name a key of an ssh agent (option from-agent). */
#include <string.h>

#include "lib/ssh_wire.h"
#include "lib/sshlogin_type.h"
#include "lib/text.h"
#include "pam/map_parts.h"

/* "-": none.  Which of PIN and finger it was no signature says. */
static bool
take_flags(struct span words, struct map_row *row)
{
	if (span_is(words, "up"))
		row->flags = MAP_UP;
	else if (span_is(words, "up,uv"))
		row->flags = MAP_UP | MAP_UV;
	else
		return span_is(words, "-");
	return true;
}

/* Strings and nothing else, the first of them the type; what is in them the verifier looks at. */
static bool
take_key(struct span word, struct span type, struct map *m, struct map_row *row)
{
	struct ssh_reader r;
	unsigned n = 0;

	if (!map_decode(m, TEXT_BASE64, word, &row->pubkey) || row->pubkey.len > MAP_SSH_MAX)
		return false;
	r = ssh_reader(row->pubkey);
	if (!span_eq(ssh_read_string(&r, 64), type))
		return false;
	while (r.left.len && !ssh_reader_err(&r) && ssh_read_string(&r, MAP_SSH_MAX).len)
		n++;
	return !ssh_reader_end(&r) && n > 0;
}

enum err
map_take_ssh(struct span line, const struct map_who *who, struct map *m, const char **why)
{
	struct map_row row = { .ssh = true };
	struct span flags = map_word(&line, " "), type = map_word(&line, " ");
	bool token;

	*why = "ssh-agent: flags: -, up, or up,uv";
	if (!take_flags(flags, &row))
		return ERR_PAM_MAP_LINE;
	*why = "ssh-agent: type of the key (certificates are none)";
	if (!sshlogin_type(type, &token))
		return ERR_PAM_MAP_LINE;
	*why = "ssh-agent: a key that is a file proves no touch: its flags are -";
	if (!token && row.flags)
		return ERR_PAM_MAP_LINE;
	*why = "ssh-agent: public key";
	if (!take_key(map_word(&line, " "), type, m, &row))
		return ERR_PAM_MAP_LINE;
	return map_take_label(line, who, m, &row, why);
}
