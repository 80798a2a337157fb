/* verbs.c - the table, and finding a row. */
#include "cli/verbs.h"

#include "cli/suggest.h"

#define A(x)	  ARG_##x
#define ASKS	  A(ASK_STDIN)
#define PROOF	  A(WITH), A(SLOT), A(FORCE), ASKS
#define CARD	  A(CARD), A(TEXT), A(SHOW)
#define MANY	  64
#define EXEC_MOST 100000 /* the kernel has limits, too */

/* clang-format off */
const struct verb verbs[] = {
{ "init", verb_init, "", 0, 0,
  { A(TOKEN), A(LABEL), A(NO_PIN), A(AND_PASS), A(PASS), A(ONE_WAY), A(MEMORY), A(FORCE), A(CARD), A(TEXT), A(JSON), ASKS },
  VERB_ASKS | VERB_FIRST, "make a vault", "ownkey init --label 'blue key'" },
{ "try", verb_try, "[COMMAND ...]", 0, MANY, { 0 },
  VERB_CHILDREN | VERB_FIRST, "play; nothing is real, nothing stays", "ownkey try" },
{ "unlock", verb_unlock, "", 0, 0,
  { A(WITH), A(SLOT), A(TOKEN), A(NO_WAIT), A(OLDER), A(FORCE), A(AT), A(SSH_OPTION), A(SAME_VAULT), A(UNATTENDED), A(JSON), ASKS },
  VERB_ASKS | VERB_FIRST, "open the vault", "ownkey unlock --with phrase" },
{ "lock", verb_lock, "", 0, 0, { 0 },
  VERB_NOSTART | VERB_FIRST, "forget every key now", "ownkey lock" },
{ "status", verb_status, "", 0, 0, { A(OVERDUE), A(JSON) },
  VERB_NOSTART | VERB_FIRST, "how things are (no command: this)", "ownkey status --json" },
{ "wait", verb_wait, "", 0, 0, { A(TIMEOUT) },
  0, "wait until the vault is open", "ownkey wait --timeout 60" },
{ "doctor", verb_doctor, "", 0, 0, { 0 },
  VERB_NOSTART, "look for what may go wrong", "ownkey doctor" },
{ "slot list", verb_slot_list, "", 0, 0, { A(JSON) },
  0, "the ways in", "ownkey slot list" },
{ "slot add", verb_slot_add, "TYPE", 1, 1,
  { PROOF, A(LABEL), A(HINT), A(TOKEN), A(NO_PIN), A(MEMORY), A(JSON) },
  VERB_ASKS, "add one: token, passphrase, phrase, ...", "ownkey slot add token --label spare" },
{ "slot remove", verb_slot_remove, "SLOT", 1, 1, { PROOF, A(ONE_WAY), A(JSON) },
  VERB_ASKS, "remove one: it opens nothing any more", "ownkey slot remove 'lost key'" },
{ "slot lost", verb_slot_lost, "SLOT", 1, 1,
  { PROOF, A(FINDER), A(ALL), A(OUT), A(YES) },
  VERB_ASKS, "one is gone: do all that follows, in order", "ownkey slot lost 'blue key'" },
{ "slot verify", verb_slot_verify, "SLOT", 1, 1, { A(TOKEN), A(FORCE), A(JSON), ASKS },
  VERB_ASKS, "prove that one still opens the vault", "ownkey slot verify 'recovery phrase'" },
{ "slot renew", verb_slot_renew, "SLOT", 1, 1, { PROOF, A(TOKEN), A(JSON) },
  VERB_ASKS, "give one new keys", "ownkey slot renew passphrase" },
{ "slot label", verb_slot_label, "SLOT NAME", 2, 2, { A(HINT), A(JSON), ASKS },
  VERB_ASKS, "rename one", "ownkey slot label token 'blue key'" },
{ "token list", verb_token_list, "", 0, 0, { A(JSON) },
  0, "tokens that are plugged in", "ownkey token list" },
{ "token info", verb_token_info, "[PATH]", 0, 1, { A(JSON) },
  0, "what a token can do", "ownkey token info /dev/hidraw3" },
{ "token pin", verb_token_pin, "[PATH]", 0, 1, { A(FORCE), ASKS },
  VERB_ASKS, "set or change its PIN", "ownkey token pin" },
{ "token serve", verb_token_serve, "[PATH]", 0, 1, { A(SOCKET), A(LABEL), A(SAME_VAULT), A(FORCE), ASKS },
  VERB_ASKS, "another machine may unlock with a token here", "ownkey token serve --label server" },
{ "id list", verb_id_list, "[SERVICE]", 0, 1, { A(MATCH), A(ALL), A(JSON) },
  0, "identities", "ownkey id list matrix" },
{ "id add", verb_id_add, "SERVICE ACCOUNT", 2, 2, { A(PURPOSE), A(EPOCH), A(ALG), A(JSON), ASKS },
  VERB_ASKS, "make one: matrix, omemo, tor, ssh, age", "ownkey id add ssh alice@example.org" },
{ "id show", verb_id_show, "PATH", 1, 1, { A(JSON) },
  0, "its public parts, and how to use it", "ownkey id show ssh/alice@example.org" },
{ "id export", verb_id_export, "PATH", 1, 1, { PROOF, A(FORM), A(OUT), A(SHOW), A(JSON) },
  VERB_ASKS, "hand out its private key", "ownkey id export age/me -o key.txt" },
{ "id rotate", verb_id_rotate, "[PATH]", 0, 1, { PROOF, A(ALL_EXPOSED), A(NO_PHRASE), A(YES), A(JSON) },
  VERB_ASKS, "go on with new keys; says what follows", "ownkey id rotate ssh/me@example.org" },
{ "id retire", verb_id_retire, "PATH", 1, 1, { A(FORCE), A(JSON), ASKS },
  VERB_ASKS, "stop using it; it can still be derived", "ownkey id retire ssh/old@example.org" },
{ "id revoke", verb_id_revoke, "PATH", 1, 1, { PROOF, A(NO_PHRASE), A(YES), A(JSON) },
  VERB_ASKS, "nobody may trust it any more", "ownkey id revoke age/old" },
{ "id reseed", verb_id_reseed, "", 0, 0, { PROOF, A(NEW_PHRASE), A(CARD), A(TEXT), A(JSON) },
  VERB_ASKS, "new keys that no old copy holds", "ownkey id reseed" },
{ "secret set", verb_secret_set, "NAME", 1, 1, { A(USE), A(REPLACE), A(ATTR), A(OTP), ASKS },
  VERB_ASKS, "keep one", "ownkey secret set xmpp/alice" },
{ "secret get", verb_secret_get, "NAME", 1, 1, { A(SHOW), A(ATTR), A(JSON) },
  0, "print one", "ownkey secret get xmpp/alice | wl-copy" },
{ "secret list", verb_secret_list, "", 0, 0, { A(MATCH), A(ATTR), A(JSON) },
  0, "their names", "ownkey secret list --match xmpp" },
{ "secret show", verb_secret_show, "NAME", 1, 1, { A(JSON) },
  0, "what is known of one, but not its value", "ownkey secret show xmpp/alice" },
{ "secret generate", verb_secret_generate, "NAME", 1, 1,
  { A(LENGTH), A(ALPHABET), A(ATTR), A(USE), A(REPLACE), A(SHOW), ASKS },
  VERB_ASKS, "make a password up and keep it", "ownkey secret generate mail/me" },
{ "secret edit", verb_secret_edit, "NAME", 1, 1, { ASKS },
  VERB_ASKS | VERB_CHILDREN, "change one in your editor, in memory", "ownkey secret edit xmpp/alice" },
{ "secret clip", verb_secret_clip, "NAME", 1, 1, { A(TIMEOUT), A(ATTR), A(SHOW), ASKS },
  VERB_ASKS | VERB_CHILDREN, "copy one to the clipboard, for 30 seconds", "ownkey secret clip web/bank --timeout 15" },
{ "secret code", verb_secret_code, "NAME", 1, 1, { A(JSON), A(SHOW) },
  0, "a one-time code (TOTP)", "ownkey secret code web/forge" },
{ "secret remove", verb_secret_remove, "NAME", 1, 1, { PROOF },
  VERB_ASKS, "remove one for good", "ownkey secret remove xmpp/alice" },
{ "secret removed", verb_secret_removed, "", 0, 0, { A(JSON) },
  0, "what applications removed or replaced", "ownkey secret removed" },
{ "secret back", verb_secret_back, "NAME", 1, 1, { 0 },
  0, "take one of those back", "ownkey secret back 'Chat key'" },
{ "grant list", verb_grant_list, "[NAME]", 0, 1, { A(JSON) },
  0, "which applications may use what", "ownkey grant list" },
{ "grant allow", verb_grant_allow, "NAME APP", 2, 2, { PROOF },
  VERB_ASKS, "do not ask about an application", "ownkey grant allow mail unit:x.service" },
{ "grant deny", verb_grant_deny, "NAME APP", 2, 2, { 0 },
  0, "never give it to an application", "ownkey grant deny mail program:/bin/x" },
{ "grant forget", verb_grant_forget, "NAME APP", 2, 2, { 0 },
  0, "ask again about an application", "ownkey grant forget mail unit:x.service" },
{ "jwt keys", verb_jwt_keys, "ISSUER", 1, 1, { A(JSON) },
  0, "public keys of a provider, as a JWKS", "ownkey jwt keys https://id.test" },
{ "jwt list", verb_jwt_list, "ISSUER", 1, 1, { A(MATCH), A(JSON) },
  0, "whom it makes tokens for", "ownkey jwt list https://id.test" },
{ "jwt allow", verb_jwt_allow, "ISSUER WHOM", 2, MANY, { PROOF, A(SECTOR), A(PUBLIC), A(LABEL), A(JSON) },
  VERB_ASKS, "let it make tokens for audience:, account:", "ownkey jwt allow $ISSUER audience:wiki" },
{ "jwt forget", verb_jwt_forget, "ISSUER WHOM", 2, MANY, { A(JSON) },
  0, "no more tokens for an audience or account", "ownkey jwt forget $ISSUER audience:wiki" },
{ "approve", verb_approve, "[CODE]", 0, 1, { A(AT), A(TOKEN), A(FORCE), ASKS },
  VERB_ASKS, "log in at a provider's page with your token", "ownkey approve --at https://id.test CODE" },
{ "register", verb_register, "", 0, 0, { A(LABEL), A(TOKEN), A(FORCE), ASKS },
  VERB_ASKS, "register your token at a provider", "ownkey register --label 'blue key'" },
{ "pam enroll", verb_pam_enroll, "[SLOT] [USER]", 0, 2, { A(SSH_KEY) },
  VERB_NOAGENT, "lines for the map of pam_ownkey", "ownkey pam enroll" },
{ "pam list", verb_pam_list, "[FILE]", 0, 1, { 0 },
  VERB_NOAGENT, "your tokens that log in", "ownkey pam list" },
{ "pam test", verb_pam_test, "SERVICE [USER]", 1, 2, { 0 },
  VERB_NOAGENT | VERB_CHILDREN, "try a login, with pamtester", "ownkey pam test sudo" },
{ "pam check", verb_pam_check, "[FOLDER]", 0, 1, { 0 },
  VERB_NOAGENT, "would /etc/pam.d lock anybody out?", "ownkey pam check" },
{ "ssh list", verb_ssh_list, "", 0, 0, { A(JSON) },
  0, "keys that ssh may use", "ownkey ssh list" },
{ "policy", verb_policy, "NAME", 1, 1, { PROOF, A(USE), A(EXPORT), A(RATE), A(RAW) },
  VERB_ASKS, "what an identity or secret may be used for", "ownkey policy xmpp/alice --use 2" },
{ "import", verb_import, "[TYPE] [FILES]", 0, MANY, { A(SECRET_SERVICE), A(REPLACE), A(DRY_RUN), ASKS },
  VERB_ASKS, "take over keys and secrets of others", "ownkey import ~/.ssh/id_ed25519" },
{ "export", verb_export, "", 0, 0, { A(SECRET_SERVICE), A(DRY_RUN), PROOF },
  VERB_ASKS, "hand what programs keep to another keyring", "ownkey export --secret-service" },
{ "sign", verb_sign, "[FILE ...]", 0, MANY, { A(KEY), A(NAMESPACE), A(FORCE), ASKS },
  VERB_ASKS | VERB_FIRST, "sign files, as ssh-keygen -Y sign does", "ownkey sign --key ssh/me -n file a.txt" },
{ "exec", verb_exec, "COMMAND [ARG ...]", 1, EXEC_MOST, { A(ENV), A(FD), ASKS },
  VERB_ASKS | VERB_CHILDREN, "give secrets to one command", "ownkey exec --fd 3=rc -- curl -K {fd}" },
{ "audit show", verb_audit_show, "", 0, 0, { A(SINCE), A(JSON) },
  0, "who asked for what, and what was changed", "ownkey audit show --since 7d" },
{ "audit verify", verb_audit_verify, "", 0, 0, { A(JSON) },
  0, "has somebody edited or cut that record?", "ownkey audit verify" },
{ "vault check", verb_vault_check, "", 0, 0, { A(JSON) },
  0, "examine the file; needs no key", "ownkey vault check" },
{ "vault previous", verb_vault_previous, "", 0, 0, { A(FORCE), ASKS },
  VERB_ASKS, "go back to the version before", "ownkey vault previous" },
{ "vault merge", verb_vault_merge, "FILE", 1, 1, { PROOF, A(JSON) },
  VERB_ASKS, "take what another copy of it has", "ownkey vault merge vault.old" },
{ "restore", verb_restore, "[FILE]", 0, 1,
  { A(TOKEN), A(NO_PIN), A(AND_PASS), A(PASS), A(ONE_WAY), A(MEMORY), A(SECRETS), A(WITH), A(FORCE), A(JSON), ASKS },
  VERB_ASKS | VERB_FIRST, "bring back from a backup or the phrase", "ownkey restore /media/stick/b.age" },
{ "backup create", verb_backup_create, "[FILE]", 0, 1, { PROOF, A(TO), A(ARMOR), A(REPLACE) },
  VERB_ASKS, "write everything into an age file", "ownkey backup create /media/stick/b.age" },
{ "backup drill", verb_backup_drill, "[FILE]", 0, 1, { ASKS },
  VERB_ASKS | VERB_CHILDREN, "restore in a private place, compare, wipe", "ownkey backup drill" },
{ "backup list", verb_backup_list, "", 0, 0, { A(JSON) },
  0, "backups that were made", "ownkey backup list" },
{ "backup verify", verb_backup_verify, "FILE", 1, 1, { A(DEEP), A(JSON), ASKS },
  VERB_ASKS, "is it whole, does it open, what is missing", "ownkey backup verify /media/x/b.age" },
{ "backup passphrase", verb_backup_passphrase, "", 0, 0, { PROOF, A(SHOW) },
  VERB_ASKS, "the passphrase of backups, as on the card", "ownkey backup passphrase --show" },
{ "backup copy add", verb_backup_copy_add, "DIR", 1, 1, { A(JSON) },
  0, "copy the sealed vault there at each change", "ownkey backup copy add /media/me/stick" },
{ "backup copy list", verb_backup_copy_list, "", 0, 0, { A(JSON) },
  0, "those folders, and how old each copy is", "ownkey backup copy list" },
{ "backup copy remove", verb_backup_copy_remove, "DIR", 1, 1, { 0 },
  0, "copy no more to a folder", "ownkey backup copy remove /media/x" },
{ "backup copy run", verb_backup_copy_run, "", 0, 0, { A(JSON) },
  0, "copy now", "ownkey backup copy run" },
{ "phrase card", verb_phrase_card, "", 0, 0, { CARD, A(JSON), ASKS },
  VERB_ASKS, "type the phrase, print it as a card", "ownkey phrase card --card - | lpr" },
{ "phrase verify", verb_phrase_verify, "", 0, 0, { A(JSON), ASKS },
  VERB_ASKS, "type the phrase back: is the paper good?", "ownkey phrase verify" },
{ "share create", verb_share_create, "M N", 2, 2, { PROOF, A(FOR), CARD, A(JSON) },
  VERB_ASKS, "split the phrase: any M of N shares open", "ownkey share create 2 3 --for ann,bob,al" },
{ "share list", verb_share_list, "", 0, 0, { A(JSON) },
  0, "who holds shares, and when each was checked", "ownkey share list" },
{ "share check", verb_share_check, "[CODE]", 0, 1, { A(FOR), A(JSON), ASKS },
  VERB_ASKS, "is it there? its holder reads out a code", "ownkey share check 1a2b3c4d" },
{ "share code", verb_share_code, "", 0, 0, { ASKS },
  VERB_ASKS | VERB_NOSTART, "the code of a share, for who holds it", "ownkey share code" },
{ "share combine", verb_share_combine, "", 0, 0, { A(JSON), ASKS },
  VERB_ASKS, "do these shares bring the phrase back?", "ownkey share combine" },
{ "share remove", verb_share_remove, "SET", 1, 1, { A(FORCE), ASKS },
  VERB_ASKS, "forget who holds a set; it still opens", "ownkey share remove 12345" },
{ "inheritance", verb_inheritance, "", 0, 0, { CARD, ASKS },
  VERB_ASKS, "a sheet for heirs: what is where", "ownkey inheritance --card - | lpr" },
{ "succession show", verb_succession_show, "PATH", 1, 1, { A(JSON) },
  0, "which keys an identity has, and had", "ownkey succession show ssh/me" },
{ "succession sign", verb_succession_sign, "[PATH]", 0, MANY, { PROOF, A(ANEW), A(JSON) },
  VERB_ASKS, "write what is owed, with the phrase", "ownkey succession sign" },
{ "succession verify", verb_succession_verify, "FILE", 1, 1, { 0 },
  VERB_NOAGENT, "examine somebody's log", "ownkey succession verify log.txt" },
{ "card", verb_card, "[PATH ...]", 0, MANY, { A(NAME), A(QR), A(OUT), A(REPLACE), A(JSON), ASKS },
  VERB_ASKS, "your public keys, in one signed text", "ownkey card --name Alice -o alice.txt" },
{ "contact add", verb_contact_add, "NAME FILE", 2, 2, { 0 },
  0, "keep somebody's card", "ownkey contact add bob bob.txt" },
{ "contact list", verb_contact_list, "", 0, 0, { A(MATCH), A(JSON) },
  0, "whose cards are kept", "ownkey contact list" },
{ "contact show", verb_contact_show, "NAME", 1, 1, { A(JSON) },
  0, "the card that is kept", "ownkey contact show bob" },
{ "contact check", verb_contact_check, "FILE", 1, 2, { PROOF, A(UPDATE), A(JSON) },
  VERB_ASKS, "compare a newer card with it", "ownkey contact check bob b.txt --update" },
{ "contact remove", verb_contact_remove, "NAME", 1, 1, { PROOF },
  VERB_ASKS, "forget somebody's card", "ownkey contact remove bob" },
{ "setup", verb_setup, "[TOOL]", 0, 1, { A(UNDO), A(DRY_RUN), A(YES), A(KEY), ASKS },
  VERB_ASKS | VERB_CHILDREN, "tell ssh, git, gpg and others of ownkey", "ownkey setup ssh" },
{ "version", verb_version, "", 0, 0, { 0 },
  VERB_NOAGENT, "which ownkey this is", "ownkey version" },
{ "help", verb_help, "[COMMAND]", 0, 2, { 0 },
  VERB_NOAGENT, "what a command does", "ownkey help slot add" },
};
/* clang-format on */
const size_t nverbs = sizeof verbs / sizeof *verbs;

bool
verbs_takes(const struct verb *v, enum arg which)
{
	return which == ARG_HELP || which == ARG_PLAIN || which == ARG_VAULT ||
	    which == ARG_SYSTEM || args_among(v->args, which);
}

size_t
verbs_words(const char *name)
{
	size_t n = 1;

	while ((name = strchr(name, ' '))) {
		name++;
		n++;
	}
	return n;
}

/* How many of the operands the name takes up; 0: it is another command. */
static size_t
matches(const struct verb *v, const struct args *a)
{
	const char *word = v->name;
	size_t words = verbs_words(v->name);

	if (a->n < words)
		return 0;
	for (size_t i = 0; i < words; i++) {
		size_t n = strcspn(word, " ");

		if (strlen(a->operand[i]) != n || memcmp(a->operand[i], word, n) != 0)
			return 0;
		word += n + 1;
	}
	return words;
}

static bool
is_noun(const char *words)
{
	size_t n = strlen(words);

	for (size_t i = 0; i < nverbs; i++)
		if (strncmp(verbs[i].name, words, n) == 0 && verbs[i].name[n] == ' ')
			return true;
	return false;
}

/* The first so many operands with a space between. */
static void
join(const struct args *a, size_t words, char *out, size_t cap)
{
	size_t at = 0;

	*out = '\0';
	for (size_t i = 0; i < words && i < a->n && at < cap; i++)
		at += (size_t)snprintf(out + at, cap - at, "%s%s", i ? " " : "", a->operand[i]);
}

/* A name of so many words is compared with as many; beyond those that are a noun's, nothing is
 * said about what was typed. */
static enum err
unknown(struct args *a)
{
	char typed[64], noun[64] = "";
	const char *near = NULL;
	size_t best = SUGGEST_NONE, told = 1;

	for (size_t words = 1; words <= VERB_WORDS && words <= a->n; words++) {
		join(a, words, typed, sizeof typed);
		for (size_t i = 0; i < nverbs; i++)
			suggest_nearer(typed, strlen(typed), verbs[i].name, &best, &near);
		if (words == told && is_noun(typed)) {
			snprintf(noun, sizeof noun, "%s", typed);
			told++;
		}
	}
	join(a, told, typed, sizeof typed);
	snprintf(a->wrong, sizeof a->wrong, "no command is called '%s'", typed);
	if (near)
		snprintf(a->hint, sizeof a->hint, "did you mean 'ownkey %s'?", near);
	else if (noun[0])
		snprintf(a->hint, sizeof a->hint, "'ownkey help %.32s' lists what there is", noun);
	return ERR_USAGE;
}

static enum err
allow(struct args *a, const struct verb *v)
{
	for (size_t i = 0; i < ARG_COUNT; i++)
		if (a->given[i] && !verbs_takes(v, (enum arg)i)) {
			snprintf(a->wrong, sizeof a->wrong, "'%s' takes no --%s", v->name,
			    arg_rows[i].name);
			return ERR_USAGE;
		}
	return ERR_OK;
}

static enum err
fits(struct args *a, const struct verb *v)
{
	if (a->n >= v->min && a->n <= v->max)
		return allow(a, v);
	if (a->n < v->min)
		snprintf(a->wrong, sizeof a->wrong, "'%s' wants %s", v->name, v->operands);
	else
		snprintf(a->wrong, sizeof a->wrong, "'%s' does not want '%.40s'", v->name,
		    a->operand[v->max]);
	return ERR_USAGE;
}

enum err
verbs_find(struct args *a, const struct verb **out)
{
	static char status[] = "status";
	size_t words = 0;
	enum err e;

	if (a->n == 0)
		a->operand[a->n++] = status;
	for (size_t i = 0; i < nverbs && !words; i++)
		if ((words = matches(&verbs[i], a)))
			*out = &verbs[i];
	if (!words)
		return unknown(a);
	a->operand += words;
	a->n -= words;
	e = args_has(a, ARG_HELP) ? ERR_OK : fits(a, *out);
	if (e && !a->hint[0])
		snprintf(a->hint, sizeof a->hint, "'ownkey help %s' shows how", (*out)->name);
	return e;
}

/* What was read until then may name the command. */
void
verbs_hint(struct args *a)
{
	for (size_t i = 0; i < nverbs && !a->hint[0]; i++)
		if (matches(&verbs[i], a))
			snprintf(
			    a->hint, sizeof a->hint, "'ownkey help %s' shows how", verbs[i].name);
}
