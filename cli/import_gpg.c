/*
 * import_gpg.c - passphrases of gpg keys, for pinentry-ownkey: typed, tried by gpg-agent, kept as
 * gpg/KEYGRIP with the attribute keygrip.
 */
#include "cli/import.h"

#define GRIP	40
#define TRIES	3
#define ANSWERS 4096

/* 40 hex digits, as gpg -K --with-keygrip shows them; out gets a NUL, too. */
static bool
read_grip(const char *text, char out[GRIP + 1])
{
	if (strlen(text) != GRIP)
		return false;
	for (int i = 0; i < GRIP; i++) {
		char ch = text[i];

		if (ch >= 'a' && ch <= 'f')
			ch = (char)(ch - 'a' + 'A');
		if (!(ch >= '0' && ch <= '9') && !(ch >= 'A' && ch <= 'F'))
			return false;
		out[i] = ch;
	}
	out[GRIP] = '\0';
	return true;
}

/* A line that begins with "ERR" anywhere in the answers, or none with "OK" behind the option's. */
static bool
all_good(struct span answers)
{
	struct span line;
	unsigned good = 0;

	while (import_line(&answers, &line)) {
		if (import_begins(line, "ERR"))
			return false;
		good += import_begins(line, "OK");
	}
	return good >= 2;
}

/* gpg-agent asks back for the passphrase (loopback) and decrypts the key file with it; nothing is
 * cached. */
static enum err
try_passphrase(const char *grip, struct span pass, bool *right)
{
	static const char *const argv[] = { "gpg-connect-agent", NULL };
	struct buf script = BUF_INIT, out = BUF_INIT;
	bool good = false;
	enum err e;

	buf_put_str(&script, "OPTION pinentry-mode=loopback\n/let pass ");
	buf_put_span(&script, pass);
	buf_put_str(&script, "\n/definq PASSPHRASE pass\nPASSWD --verify ");
	buf_put_str(&script, grip);
	buf_put_str(&script, "\n/bye\n");
	if (!(e = buf_err(&script)) &&
	    !(e = import_program(argv, buf_span(&script), ANSWERS, &out, &good)))
		*right = good && all_good(buf_span(&out));
	buf_done(&script);
	buf_done(&out);
	return e;
}

static enum err
ask(struct import_in *in, const char *grip, struct sec *pass)
{
	unsigned tries = in->c->term.scripted ? 1 : TRIES;
	bool right = false;
	enum err e = ERR_OK;

	while (!e && !right && tries-- > 0) {
		sec_done(pass);
		if (!(e = import_passphrase(in, "passphrase of gpg key", pass)))
			e = try_passphrase(grip, sec_span(pass), &right);
		if (!e && !right)
			out_say("gpg-agent does not open the key with it");
	}
	if (e == ERR_NOPROGRAM)
		snprintf(in->c->detail, sizeof in->c->detail, "gpg-connect-agent is not there");
	return !e && !right ? ERR_PASS_WRONG : e;
}

static enum err
read_gpg(struct import_in *in, struct import_list *l)
{
	char grip[GRIP + 1], name[GRIP + 8];
	struct sec pass = { 0 };
	enum err e;

	if (!read_grip(in->path, grip))
		return cli_wrong(in->c,
		    "a keygrip has 40 hex digits: gpg --list-secret-keys --with-keygrip shows it");
	if (!(e = ask(in, grip, &pass))) {
		snprintf(name, sizeof name, "gpg/%s", grip);
		import_secret(l, span_str(name), sec_span(&pass));
		import_attribute(l, "keygrip", span_str(grip));
	}
	sec_done(&pass);
	return e;
}

const struct import_source import_gpg = {
	.name = "gpg",
	.what = "passphrase of a gpg key, by its keygrip",
	.read = read_gpg,
	.no_file = true,
	.no_clear = true,
};
