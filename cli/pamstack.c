/*
 * pamstack.c - a stack of /etc/pam.d, read and played through.
 *
 * As Linux-PAM 1.5 does it (pam.conf(5); libpam, _pam_dispatch_aux): an answer becomes an action,
 * the first that counts decides, a substack ends by itself.
 */
#include "cli/pamstack.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_ 1024
#define WORDS	  24

/* ---- what is known of modules ---- */
static const struct {
	const char *name;
	enum pamstack_kind kind;
} modules[] = {
	{ "pam_ownkey", PAMSTACK_OURS },
	{ "pam_permit", PAMSTACK_PERMIT },
	{ "pam_deny", PAMSTACK_DENY },
	{ "pam_rootok", PAMSTACK_ROOT },
	{ "pam_env", PAMSTACK_HELPER },
	{ "pam_nologin", PAMSTACK_HELPER },
	{ "pam_faildelay", PAMSTACK_HELPER },
	{ "pam_securetty", PAMSTACK_HELPER },
	{ "pam_shells", PAMSTACK_HELPER },
	{ "pam_group", PAMSTACK_HELPER },
	{ "pam_cap", PAMSTACK_HELPER },
	{ "pam_warn", PAMSTACK_HELPER },
	{ "pam_echo", PAMSTACK_HELPER },
	{ "pam_exec", PAMSTACK_HELPER },
	{ "pam_mail", PAMSTACK_HELPER },
	{ "pam_gnome_keyring", PAMSTACK_HELPER },
	{ "pam_kwallet5", PAMSTACK_HELPER },
	{ "pam_succeed_if", PAMSTACK_HELPER },
	{ "pam_issue", PAMSTACK_HELPER },
};

static enum pamstack_kind
kind_of(const char *module)
{
	const char *base = strrchr(module, '/');

	base = base ? base + 1 : module;
	for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
		size_t n = strlen(modules[i].name);

		if (strncmp(base, modules[i].name, n) == 0 &&
		    (base[n] == '\0' || strcmp(base + n, ".so") == 0))
			return modules[i].kind;
	}
	return PAMSTACK_PROOF;
}

/* ---- the control field ---- */
#define SAME(success, other, ign)                                                                  \
	{                                                                                          \
		[PAMSTACK_SUCCESS] = success, [PAMSTACK_FAILS] = other, [PAMSTACK_ABSENT] = other, \
		[PAMSTACK_UNKNOWN] = other, [PAMSTACK_IGNORE] = ign                                \
	}
static const struct {
	const char *name;
	int action[PAMSTACK_ANSWERS];
} controls[] = {
	{ "required", SAME(PAMSTACK_OK, PAMSTACK_BAD, PAMSTACK_GO_ON) },
	{ "requisite", SAME(PAMSTACK_OK, PAMSTACK_DIE, PAMSTACK_GO_ON) },
	{ "sufficient", SAME(PAMSTACK_DONE, PAMSTACK_GO_ON, PAMSTACK_GO_ON) },
	{ "optional", SAME(PAMSTACK_OK, PAMSTACK_GO_ON, PAMSTACK_GO_ON) },
};

static const char *const answers[PAMSTACK_ANSWERS] = { "success", "auth_err", "authinfo_unavail",
	"user_unknown", "ignore" };
static const char *const actions[] = { "ignore", "ok", "done", "bad", "die", "reset" };

static bool
parse_action(const char *word, int *out)
{
	char *end;
	long n = strtol(word, &end, 10);

	for (int i = 0; i < 6; i++)
		if (strcmp(word, actions[i]) == 0) {
			*out = -i;
			return true;
		}
	*out = (int)n;
	return *word && !*end && n > 0 && n < PAMSTACK_LINES;
}

/* "success=1 default=ignore", without its brackets. */
static bool
parse_pairs(char *text, int action[PAMSTACK_ANSWERS])
{
	bool set[PAMSTACK_ANSWERS] = { false };
	int other = PAMSTACK_BAD;
	char *save = NULL;

	for (char *w = strtok_r(text, " \t", &save); w; w = strtok_r(NULL, " \t", &save)) {
		char *eq = strchr(w, '=');
		int a;

		if (!eq || !parse_action(eq + 1, &a))
			return false;
		*eq = '\0';
		if (strcmp(w, "default") == 0)
			other = a;
		for (size_t i = 0; i < PAMSTACK_ANSWERS; i++)
			if (strcmp(w, answers[i]) == 0) {
				set[i] = true;
				action[i] = a;
			}
	}
	for (size_t i = 0; i < PAMSTACK_ANSWERS; i++)
		if (!set[i])
			action[i] = other;
	return true;
}

static bool
parse_control(char *word, int action[PAMSTACK_ANSWERS])
{
	if (word[0] == '[')
		return parse_pairs(word + 1, action);
	for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
		if (strcmp(word, controls[i].name) == 0) {
			memcpy(action, controls[i].action, sizeof controls[i].action);
			return true;
		}
	return false;
}

/* ---- files ---- */
struct reading {
	const char *dir;
	const char *type; /* "auth"; "session": counted only */
	struct pamstack *s;
	unsigned depth;
	unsigned sub; /* in which we are */
};

static enum err read_service(struct reading *r, const char *service);

/* Blank-separated; what is in brackets is one word, without the last of them. */
static size_t
split(char *line, char *word[WORDS])
{
	size_t n = 0;
	char *p = line;

	while (n < WORDS) {
		char *end;

		p += strspn(p, " \t");
		if (!*p)
			break;
		word[n++] = p;
		end = *p == '[' ? strchr(p, ']') : p + strcspn(p, " \t");
		if (!end || !*end)
			break;
		*end = '\0';
		p = end + 1;
	}
	return n;
}

static enum err
wrong(struct reading *r, const char *service, const char *what)
{
	snprintf(r->s->wrong, sizeof r->s->wrong, "%.80s: %.100s", service, what);
	return ERR_CONFIG;
}

static enum err
add_module(struct reading *r, const char *service, char *word[WORDS], size_t n)
{
	struct pamstack_line *l = &r->s->line[r->s->n];
	bool stays = false;

	if (strcmp(r->type, "session") == 0) {
		r->s->sessions += kind_of(word[2]) == PAMSTACK_OURS;
		return ERR_OK;
	}
	if (r->s->n == PAMSTACK_LINES)
		return ERR_TOOBIG;
	*l = (struct pamstack_line){ .kind = kind_of(word[2]), .sub = r->sub };
	r->s->ours += l->kind == PAMSTACK_OURS;
	if (!parse_control(word[1], l->action))
		return wrong(r, service, "a control field that is not understood");
	for (size_t i = 3; i < n; i++) {
		l->nouserok |= strcmp(word[i], "nouserok") == 0;
		stays |= strcmp(word[i], "no-unlock") == 0 || strcmp(word[i], "from-agent") == 0;
	}
	r->s->unlocks += l->kind == PAMSTACK_OURS && !stays;
	r->s->n++;
	return ERR_OK;
}

static enum err
add_substack(struct reading *r, const char *service)
{
	unsigned outer = r->sub;
	enum err e;

	if (strcmp(r->type, "session") == 0)
		return read_service(r, service);
	r->sub = ++r->s->subs;
	e = read_service(r, service);
	if (!e && r->s->n == PAMSTACK_LINES)
		e = ERR_TOOBIG;
	if (!e)
		r->s->line[r->s->n++] =
		    (struct pamstack_line){ .kind = PAMSTACK_SUB, .sub = outer, .ends = r->sub };
	r->sub = outer;
	return e;
}

static enum err
take_line(struct reading *r, const char *service, char *line)
{
	char *word[WORDS];
	const char *type;
	size_t n;

	line[strcspn(line, "#\n")] = '\0';
	if ((n = split(line, word)) == 0)
		return ERR_OK;
	if (strcmp(word[0], "@include") == 0)
		return n > 1 ? read_service(r, word[1]) : wrong(r, service, "@include of nothing");
	type = word[0][0] == '-' ? word[0] + 1 : word[0];
	if (strcmp(type, r->type) != 0)
		return ERR_OK;
	if (n < 3)
		return wrong(r, service, "a line that is too short");
	if (strcmp(word[1], "include") == 0)
		return read_service(r, word[2]);
	if (strcmp(word[1], "substack") == 0)
		return add_substack(r, word[2]);
	return add_module(r, service, word, n);
}

static enum err
read_service(struct reading *r, const char *service)
{
	char path[512], line[LINE_MAX_];
	bool absolute = service[0] == '/';
	enum err e = ERR_OK;
	FILE *f;

	if (r->depth >= PAMSTACK_DEPTH)
		return wrong(r, service, "included too deep");
	if (snprintf(path, sizeof path, "%s%s%s", absolute ? "" : r->dir, absolute ? "" : "/",
		service) >= (int)sizeof path)
		return ERR_TOOBIG;
	if (!(f = fopen(path, "re"))) {
		(void)wrong(r, service, "there is no such file, or it may not be read");
		return errno == ENOENT && !r->depth ? ERR_NOTFOUND : ERR_CONFIG;
	}
	r->depth++;
	while (!e && fgets(line, sizeof line, f)) {
		if (!strchr(line, '\n') && !feof(f))
			e = wrong(r, service, "a line that is too long");
		else if (strchr(line, '\\'))
			e = wrong(r, service, "a line that is continued: join it");
		else
			e = take_line(r, service, line);
	}
	r->depth--;
	fclose(f);
	return e;
}

enum err
pamstack_read(const char *dir, const char *service, struct pamstack *out)
{
	struct reading r = { .dir = dir, .type = "auth", .s = out };
	enum err e;

	memset(out, 0, sizeof *out);
	e = read_service(&r, service);
	r.type = "session";
	return e ? e : read_service(&r, service);
}

/* ---- playing it ---- */
enum impression { UNDECIDED, GOOD, BAD };

static enum pamstack_answer
answer_of(const struct pamstack_line *l, enum pamstack_answer ours, enum pamstack_answer others)
{
	switch (l->kind) {
	case PAMSTACK_OURS:
		/* it ignores only who is not enrolled, and where it is told to */
		return ours == PAMSTACK_IGNORE && !l->nouserok ? PAMSTACK_UNKNOWN : ours;
	case PAMSTACK_PROOF:
		return others;
	case PAMSTACK_DENY:
	case PAMSTACK_ROOT:
		return PAMSTACK_FAILS;
	default:
		return PAMSTACK_SUCCESS;
	}
}

/* Past the rest of the stack or substack. */
static size_t
end_of(const struct pamstack *s, size_t i)
{
	unsigned sub = s->line[i].sub;

	if (!sub)
		return s->n;
	while (i < s->n && s->line[i].ends != sub)
		i++;
	return i;
}

/* Behind n more modules of the same stack, a substack being one.  False: there are not as many,
 * which fails. */
static bool
jump(const struct pamstack *s, size_t *i, int n)
{
	unsigned sub = s->line[(*i)++].sub;

	for (; n > 0; n--) {
		while (*i < s->n && s->line[*i].sub != sub && s->line[*i].ends != sub)
			(*i)++;
		if (*i >= s->n || (sub && s->line[*i].ends == sub))
			return false;
		(*i)++;
	}
	return true;
}

/* *ends: nothing more of this stack is run. */
static enum impression
apply(int action, bool success, enum impression now, bool *ends)
{
	*ends = action == PAMSTACK_DIE || (action == PAMSTACK_DONE && now != BAD);
	switch (action) {
	case PAMSTACK_RESET:
		return UNDECIDED;
	case PAMSTACK_OK:
	case PAMSTACK_DONE:
		/* "ok" of a failure makes the stack fail, unless something has failed already */
		return now == BAD ? BAD : success ? GOOD : BAD;
	case PAMSTACK_BAD:
	case PAMSTACK_DIE:
		return BAD;
	default:
		return now; /* ignored; a jump decides nothing here */
	}
}

bool
pamstack_admits(const struct pamstack *s, enum pamstack_answer ours, enum pamstack_answer others)
{
	enum impression now = UNDECIDED;
	size_t i = 0;

	while (i < s->n) {
		const struct pamstack_line *l = &s->line[i];
		enum pamstack_answer a = answer_of(l, ours, others);
		bool ends = false;

		if (l->kind == PAMSTACK_SUB) {
			i++;
			continue;
		}
		now = apply(l->action[a], a == PAMSTACK_SUCCESS, now, &ends);
		if (ends)
			i = end_of(s, i);
		else if (!jump(s, &i, l->action[a]))
			now = BAD;
	}
	return now == GOOD;
}
