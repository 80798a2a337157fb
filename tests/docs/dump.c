/*
 * dump.c - the tables of the program as mdoc, for the manual: usage: dump REGION
 *
 * What a page has between `.\" BEGIN REGION` and `.\" END REGION` is what this prints.
 * tests/lint/manual.sh compares the two; `tests/lint/manual.sh update` writes the pages.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/vault/audit_log.h"
#include "agent/format/format.h"
#include "agent/slot/slot.h"
#include "agent/vault/item.h"
#include "lib/conf.h"
#include "lib/job.h"
#include "lib/jwt_claims.h"
#include "lib/ops.h"
#include "oidc/conf.h"
#include "pam/options.h"
#include "tests/docs/mdoc.h"

#define MESSAGES 256
#define N(a)	 (sizeof(a) / sizeof(a)[0])

/* One "name" of "name|name|name". */
static size_t
name_len(const char *names)
{
	return strcspn(names, "|");
}

/* ---- messages ---- */

static const char *
number_of(uint64_t n, char out[24])
{
	if (n == UINT32_MAX)
		snprintf(out, 24, "2^32-1");
	else
		snprintf(out, 24, "%llu", (unsigned long long)n);
	return out;
}

static void
range(const char *what, uint64_t min, uint64_t max)
{
	char a[24], b[24];

	if (max == UINT64_MAX || max == 0)
		printf("%s", what);
	else if (min == max)
		printf("%s, %s", what, number_of(min, a));
	else
		printf("%s, %s..%s", what, number_of(min, a), number_of(max, b));
}

static void
type(const struct wire_field *f)
{
	switch (f->type) {
	case WIRE_UINT:
		range("number", f->min, f->flags & WF_ENUM ? UINT64_MAX : f->max);
		break;
	case WIRE_INT:
		range("integer", f->min, f->max);
		break;
	case WIRE_BOOL:
		printf("bool");
		break;
	case WIRE_BYTES:
		range("bytes", f->min, f->max);
		break;
	case WIRE_TEXT:
		range("text", f->min, f->max);
		break;
	case WIRE_MAP:
		printf("%s", f->sub->name);
		break;
	case WIRE_LIST:
		printf("%s list, 0..%llu", f->sub->name, (unsigned long long)f->max);
		break;
	case WIRE_UINTS:
		printf("list of numbers");
		break;
	case WIRE_BLOBS:
		range("list of bytes", f->min, f->max);
		break;
	case WIRE_RAW:
		printf("anything");
		break;
	}
}

static void
values(const char *names)
{
	char item[80];
	size_t n;
	int i;

	for (i = 0; *names; names += n + (names[n] == '|'), i++) {
		n = name_len(names);
		snprintf(item, sizeof(item), "%d %.*s%s", i, (int)n, names, names[n] ? "," : "");
		text(item);
	}
}

static void
field(const struct wire_field *f)
{
	printf(".It %u Ta Va %s Ta \"", (unsigned)f->key, f->name);
	type(f);
	printf("\" Ta %s Ta\n", f->flags & WF_OPT ? "-" : "yes");
	text(f->help);
	if (f->flags & WF_ENUM) {
		printf(":");
		at++;
		values(f->names);
	}
	if (f->flags & WF_SECRET)
		text("(secret)");
	end_line();
}

static void
message(const struct wire_map *m)
{
	size_t i;

	printf(".Ss %s\n", m->name);
	printf(".Bl -column \"11\" \"absolute_left\" \"item list, 0..256\" \"must\"\n");
	printf(".It key Ta name Ta type Ta must Ta meaning\n");
	for (i = 0; i < m->n; i++)
		field(&m->field[i]);
	printf(".El\n");
}

/* m and what it contains, each once, in the order in which they are met */
static void
collect(const struct wire_map **list, size_t *n, const struct wire_map *m)
{
	size_t i;

	if (m == NULL || m->n == 0)
		return;
	for (i = 0; i < *n; i++)
		if (list[i] == m)
			return;
	if (*n == MESSAGES) {
		fputs("dump: MESSAGES is too small\n", stderr);
		exit(1);
	}
	list[(*n)++] = m;
	for (i = 0; i < m->n; i++)
		if (m->field[i].type == WIRE_MAP || m->field[i].type == WIRE_LIST)
			collect(list, n, m->field[i].sub);
}

static void
messages(void)
{
	const struct wire_map *list[MESSAGES] = { &ops_request_map, &ops_reply_map };
	size_t n = 2, i;

	for (i = 0; i < nops; i++) {
		collect(list, &n, ops[i].req);
		collect(list, &n, ops[i].rep);
	}
	for (i = 0; i < n; i++)
		message(list[i]);
}

/* What the body of a vault is made of. */
static void
records(void)
{
	static const struct wire_map *const top[] = { &slot_note_map, &seed_map, &item_map,
		&tomb_map, &succession_map, &audit_map, &defaults_map, &share_set_map,
		&backup_note_map };
	const struct wire_map *list[MESSAGES];
	size_t n = 0, i;

	for (i = 0; i < N(top); i++)
		collect(list, &n, top[i]);
	for (i = 0; i < n; i++)
		message(list[i]);
}

static void
audit_entry(void)
{
	message(&audit_entry_map);
}

static void
secret(void)
{
	message(&secret_msg_map);
}

/* ---- operations ---- */

static void
refer(const char *what, const struct wire_map *m)
{
	if (m == NULL || m->n == 0)
		return;
	printf("%s:\n.Sx %s .\n", what, m->name);
}

static void
operations(void)
{
	static const struct {
		unsigned flag;
		const char *text;
	} flags[] = {
		{ OPF_OWNER, "For the owner only." },
		{ OPF_LOCKED, "Works while the vault is locked." },
		{ OPF_NOVAULT, "Works without a vault." },
		{ OPF_WIDEN, "Widening: a way in is proven again." },
		{ OPF_AUDIT | OPF_WIDEN, "In the audit log before the answer." },
		{ OPF_AUDIT_SOFT, "Goes on when the audit log cannot be written." },
		{ OPF_JOB, "May wait for a person, a token or the disk." },
	};
	size_t i, k;

	printf(".Bl -tag -width Ds\n");
	for (i = 0; i < nops; i++) {
		printf(".It Cm %s Pq %d\n", ops[i].name, (int)ops[i].op);
		sentence(ops[i].help);
		for (k = 0; k < N(flags); k++)
			if (ops[i].flags & flags[k].flag)
				printf("%s\n", flags[k].text);
		refer("Parameters", ops[i].req);
		refer("Result", ops[i].rep);
	}
	printf(".El\n");
}

/* ---- errors ---- */

static void
errors(void)
{
	enum err e;
	size_t i;

	printf(".Bl -column \"98\" \"VAULT_GENERATION\" \"exit\"\n");
	printf(".It no. Ta name Ta exit Ta meaning, and what to do\n");
	for (i = 0; i == 0 || err_at(i) != ERR_OK; i++) {
		e = err_at(i);
		printf(".It %d Ta Dv %s Ta %d Ta\n", (int)e, err_name(e), err_exit(e));
		text(err_text(e));
		if (*err_hint(e)) {
			putchar(';');
			at++;
			text(err_hint(e));
		}
		end_line();
	}
	printf(".El\n");
}

/* The exit statuses that there are, for the lint. */
static void
exits(void)
{
	bool is[256] = { false };
	size_t i;

	is[0] = true;
	for (i = 1; err_at(i) != ERR_OK; i++)
		is[err_exit(err_at(i)) & 255] = true;
	for (i = 0; i < 256; i++)
		if (is[i])
			printf("%zu\n", i);
}

/* ---- ownkey.conf ---- */

static void
argument(const struct opt *o)
{
	const char *names = o->names;
	size_t n;

	switch (o->type) {
	case OPT_BOOL:
		printf(" Cm yes | no");
		break;
	case OPT_UINT:
		printf(" Ar number");
		break;
	case OPT_SECONDS:
		printf(" Ar time");
		break;
	case OPT_TEXT:
	case OPT_TEXTS:
		printf(" Ar text");
		break;
	case OPT_SET:
		printf(" Ar names");
		break;
	case OPT_ENUM:
		for (; *names; names += n + (names[n] == '|')) {
			n = name_len(names);
			printf("%s Cm %.*s", names == o->names ? "" : " |", (int)n, names);
		}
		break;
	}
	putchar('\n');
}

static const char *
duration(uint64_t s, char out[24])
{
	static const struct {
		char letter;
		unsigned seconds;
	} unit[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
	size_t i;

	for (i = 0; s % unit[i].seconds != 0; i++)
		;
	snprintf(out, 24, "%llu%c", (unsigned long long)(s / unit[i].seconds), unit[i].letter);
	return out;
}

/* Of a set: those that there are. */
static void
members(const struct opt *o)
{
	const char *names = o->names;
	char item[80];
	size_t n;

	text("Any of");
	for (; *names; names += n + (names[n] == '|')) {
		n = name_len(names);
		snprintf(item, sizeof(item), "%.*s%s", (int)n, names, names[n] ? "," : ".");
		text(item);
	}
	end_line();
}

static void
limits(const struct opt *o)
{
	char line[160], a[24], b[24];

	if (o->type == OPT_SET)
		members(o);
	if (o->def && *o->def)
		snprintf(line, sizeof(line), "Default: %s.", o->def);
	else
		snprintf(line, sizeof(line), "Not set by default.");
	printf("%s\n", line);
	if (o->type == OPT_SECONDS)
		printf("From %s to %s.\n", o->min ? duration(o->min, a) : "never",
		    duration(o->max, b));
	if (o->type == OPT_TEXTS)
		printf("Up to %llu lines.\n", (unsigned long long)o->min);
}

static void
table(const struct opt *o, size_t n)
{
	printf(".Bl -tag -width Ds\n");
	for (size_t i = 0; i < n; i++) {
		printf(".It Ic %s No =", o[i].name);
		argument(&o[i]);
		sentence(o[i].help);
		limits(&o[i]);
	}
	printf(".El\n");
}

static void
options(void)
{
	table(conf_options, conf_noptions);
}

static void
oidc_options(void)
{
	table(oidc_conf_options, oidc_conf_noptions);
}

static void
pam_options(void)
{
	const struct option_help *h;

	printf(".Bl -tag -width Ds\n");
	for (size_t i = 0; (h = options_help(i)) != NULL; i++) {
		printf(".It Cm %s%s%s\n", h->name, h->value[0] ? " Ns = Ns Ar " : "", h->value);
		sentence(h->text);
		if (h->preset[0])
			printf("Default:\n.Ql %s\n", h->preset);
	}
	printf(".El\n");
}

/* ---- formats and ways in ---- */

static void
format_keys(const struct format *f)
{
	static const char *const use[] = { "free", "asks once", "touch" };
	size_t i;

	printf(".Bl -column \"cross-signing.master\" \"asks once\"\n");
	for (i = 0; i < f->nkey; i++) {
		printf(".It Cm %s Ta %s Ta\n", f->key[i].purpose, use[f->key[i].use]);
		text(f->key[i].help);
		end_line();
	}
	printf(".El\n");
}

static void
format_exports(const struct format *f)
{
	size_t i;

	printf(".Bl -column \"cross-signing.master\" \"hs_ed25519_secret_key\"\n");
	for (i = 0; i < f->nexport; i++) {
		printf(".It Cm %s Ta Cm %s Ta\n", f->export[i].purpose, f->export[i].name);
		text(f->export[i].help);
		end_line();
	}
	printf(".El\n");
}

/* ---- what follows when keys change ---- */

static void
steps(const char *s)
{
	char line[1024];

	printf(".Bl -enum -compact\n");
	while (*s) {
		size_t n = strcspn(s, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)n, s);
		printf(".It\n");
		text(line);
		end_line();
		s += n + (s[n] == '\n');
	}
	printf(".El\n");
}

static void
advice(const struct format_advice *a)
{
	static const char *const names[] = { "rotate", "rotate, when others may know it", "retire",
		"revoke" };
	const char *comma = "";
	size_t i;

	printf(".It ");
	for (i = 0; i < 4; i++) {
		if (!(a->events & 1u << i) || (i == 1 && a->events & FORMAT_ROTATE))
			continue;
		printf("%s%s", comma, names[i]);
		comma = ", ";
	}
	if (a->purpose)
		printf(": %s", a->purpose);
	printf("\n");
	sentence(a->sees);
	steps(a->steps);
}

static void
all_formats(void)
{
	char account[160];
	size_t i, k;

	for (i = 0; i < nformats; i++) {
		printf(".Ss %s\n", formats[i]->name);
		sentence(formats[i]->help);
		snprintf(account, sizeof(account), "The account is %s.", formats[i]->account);
		text(account);
		end_line();
		printf("Its keys, and when they ask:\n");
		format_keys(formats[i]);
		printf(".Pp\nForms for\n.Cm id export :\n");
		format_exports(formats[i]);
		printf(".Pp\nWhat contacts see, and what to do next:\n");
		printf(".Bl -tag -width Ds\n");
		for (k = 0; k < formats[i]->nadvice; k++)
			advice(&formats[i]->advice[k]);
		printf(".El\n");
	}
}

static void
ways(void)
{
	printf(".Bl -column \"token and passphrase\"\n");
	for (size_t i = 0; i < nslot_types; i++) {
		printf(".It %s Ta\n", slot_types[i].name);
		text(slot_types[i].help);
		end_line();
	}
	printf(".El\n");
}

static void
claims(void)
{
	static const char *const values[] = { "text", "number", "true or false", "texts", "names" };
	static const char *const typs[] = { "jwt", "at+jwt", "logout+jwt" };
	const char *comma;

	printf(".Bl -column \"phone_number_verified\" \"true or false\" \"jwt, at+jwt\"\n");
	for (const struct jwt_claim *c = jwt_claims; c < jwt_claims + njwt_claims; c++) {
		printf(".It %s Ta %s Ta ", c->name, values[c->value]);
		comma = "";
		for (unsigned i = 0; i < N(typs); i++)
			if (c->typs & 1u << i) {
				printf("%s%s", comma, typs[i]);
				comma = ", ";
			}
		printf(" Ta\n%s\n", c->help);
	}
	printf(".El\n");
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} regions[] = {
		{ "operations", operations },
		{ "messages", messages },
		{ "records", records },
		{ "audit-entry", audit_entry },
		{ "secret", secret },
		{ "errors", errors },
		{ "exits", exits },
		{ "options", options },
		{ "pam-options", pam_options },
		{ "oidc-options", oidc_options },
		{ "formats", all_formats },
		{ "ways", ways },
		{ "claims", claims },
	};
	size_t i;

	for (i = 0; argc == 2 && i < N(regions); i++)
		if (strcmp(argv[1], regions[i].name) == 0)
			return regions[i].print(), 0;
	fprintf(stderr, "usage: dump REGION\n");
	return 64;
}
