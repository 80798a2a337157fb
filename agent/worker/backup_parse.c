/* backup_parse.c - the members of a backup, one event each. */
#include "agent/worker/backup_parse.h"

#include <jansson.h>
#include <inttypes.h>
#include <stdio.h>

#include "agent/worker/treemem.h"
#include "lib/crypto.h"
#include "lib/text.h"

enum { FORMAT, VERSION, CREATED, VAULT, SEEDS, BODY, ITEMS, MEMBERS };

static const struct jsonsplit_want wants[MEMBERS] = {
	[FORMAT] = { "format", false },
	[VERSION] = { "version", false },
	[CREATED] = { "created", false },
	[VAULT] = { "vault", false },
	[SEEDS] = { "seeds", true },
	[BODY] = { "body", false },
	[ITEMS] = { "items", true },
};

/* ---- members of an object ---- */
static struct span
text_of(const json_t *v)
{
	return json_is_string(v)
	    ? SPAN((const uint8_t *)json_string_value(v), json_string_length(v))
	    : SPAN_NONE;
}

/* Absent is ERR_OK, and leaves *out as it is. */
static enum err
get_text(const json_t *o, const char *name, struct span *out)
{
	const json_t *v = json_object_get(o, name);

	if (v == NULL)
		return ERR_OK;
	*out = text_of(v);
	return json_is_string(v) ? ERR_OK : ERR_BACKUP_FORMAT;
}

static enum err
get_number(const json_t *o, const char *name, uint64_t *out)
{
	const json_t *v = json_object_get(o, name);

	if (v == NULL)
		return ERR_OK;
	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return ERR_BACKUP_FORMAT;
	*out = (uint64_t)json_integer_value(v);
	return ERR_OK;
}

static enum err
get_bytes(const json_t *o, const char *name, enum text_code code, struct span *out)
{
	struct span text = SPAN_NONE;
	uint8_t *room;
	size_t n;
	enum err e;

	if ((e = get_text(o, name, &text)) != ERR_OK || text.len == 0)
		return e;
	if ((room = treemem_take(text.len)) == NULL)
		return ERR_TOOBIG;
	if (text_decode(code, text, room, text.len, &n) != ERR_OK)
		return ERR_BACKUP_FORMAT;
	*out = SPAN(room, n);
	return ERR_OK;
}

/* Days since 1970-01-01 of a day of the Gregorian calendar; March is the first month here, so that
 * the leap day is the last one. */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month > 2 ? year : year - 1, m = (month + 9) % 12;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

/* "2026-11-23T14:00:00Z" */
static enum err
get_time(const json_t *o, const char *name, uint64_t *out)
{
	unsigned year, month, day, hour, minute, second;
	struct span text = SPAN_NONE;
	char copy[21];
	enum err e;
	int n = 0;

	if ((e = get_text(o, name, &text)) != ERR_OK || text.len == 0)
		return e;
	if (text.len != 20)
		return ERR_BACKUP_FORMAT;
	memcpy(copy, text.p, 20);
	copy[20] = '\0';
	if (sscanf(copy, "%4u-%2u-%2uT%2u:%2u:%2uZ%n", &year, &month, &day, &hour, &minute, &second,
		&n) != 6 ||
	    n != 20 || year < 1970 || month < 1 || month > 12 || day < 1 || day > 31)
		return ERR_BACKUP_FORMAT;
	*out = (uint64_t)(days_of(year, month, day) * 86400) + hour * 3600 + minute * 60 + second;
	return ERR_OK;
}

static enum err
send(struct backup_parse *p, struct worker_event *ev)
{
	return p->event(p->arg, ev);
}

/* ---- what each of them is ---- */
static enum err
take_format(struct backup_parse *p, const json_t *v)
{
	p->is_backup = span_is(text_of(v), "ownkey-backup");
	return p->is_backup ? ERR_OK : ERR_BACKUP_FORMAT;
}

static enum err
take_version(struct backup_parse *p, const json_t *v)
{
	(void)p;
	if (!json_is_integer(v) || json_integer_value(v) < 1)
		return ERR_BACKUP_FORMAT;
	return json_integer_value(v) > BACKUP_VERSION ? ERR_VERSION : ERR_OK;
}

static enum err
take_created(struct backup_parse *p, const json_t *v)
{
	struct worker_event ev = { .kind = WORKER_EV_HEAD };
	json_t *o = json_object();
	enum err e;

	if (o == NULL || json_object_set(o, "created", (json_t *)(uintptr_t)v) != 0)
		return ERR_TOOBIG;
	if ((e = get_time(o, "created", &ev.created)) != ERR_OK)
		return e;
	wire_mark(&worker_event_map, &ev);
	return send(p, &ev);
}

static enum err
take_vault(struct backup_parse *p, const json_t *v)
{
	struct worker_event ev = { .kind = WORKER_EV_HEAD };
	enum err e;

	if ((e = get_bytes(v, "id", TEXT_HEX, &ev.vault_id)) != ERR_OK ||
	    (e = get_number(v, "generation", &ev.generation)) != ERR_OK)
		return e;
	if (ev.vault_id.len != 16)
		return ERR_BACKUP_FORMAT;
	wire_mark(&worker_event_map, &ev);
	return send(p, &ev);
}

static enum err
take_seed(struct backup_parse *p, const json_t *v)
{
	struct worker_event ev = { .kind = WORKER_EV_SEED };
	enum err e;

	if ((e = get_number(v, "generation", &ev.generation)) != ERR_OK ||
	    (e = get_bytes(v, "fingerprint", TEXT_HEX, &ev.fpr)) != ERR_OK ||
	    (e = get_bytes(v, "seed", TEXT_HEX, &ev.seed)) != ERR_OK ||
	    (e = get_text(v, "backup_passphrase", &ev.backup)) != ERR_OK ||
	    (e = get_time(v, "made", &ev.created)) != ERR_OK ||
	    (e = get_time(v, "exposed", &ev.exposed)) != ERR_OK)
		return e;
	if (ev.seed.len != 32 || json_object_get(v, "generation") == NULL)
		return ERR_BACKUP_FORMAT;
	wire_mark(&worker_event_map, &ev);
	return send(p, &ev);
}

/* Its keys are numbers, as in ownkey-vault(5). */
static enum err
take_body(struct backup_parse *p, const json_t *v)
{
	json_t *all = (json_t *)(uintptr_t)v, *value;
	const char *name;
	enum err e;

	json_object_foreach(all, name, value)
	{
		struct worker_event ev = { .kind = WORKER_EV_VALUE };
		int n = 0;

		if (sscanf(name, "%9" SCNu64 "%n", &ev.key, &n) != 1 || name[n] != '\0')
			return ERR_BACKUP_FORMAT;
		if ((e = get_bytes(v, name, TEXT_BASE64, &ev.record)) != ERR_OK)
			return e;
		if (ev.record.len == 0)
			return ERR_BACKUP_FORMAT;
		wire_mark(&worker_event_map, &ev);
		if ((e = send(p, &ev)) != ERR_OK)
			return e;
	}
	return ERR_OK;
}

static enum err
take_item(struct backup_parse *p, const json_t *v)
{
	bool as_text = json_object_get(v, "value") != NULL;
	bool as_bytes = json_object_get(v, "base64") != NULL;
	struct worker_event ev = { .kind = WORKER_EV_ITEM };
	enum err e;

	if ((e = get_bytes(v, "record", TEXT_BASE64, &ev.record)) != ERR_OK ||
	    (e = get_text(v, "value", &ev.out)) != ERR_OK ||
	    (e = get_bytes(v, "base64", TEXT_BASE64, &ev.out)) != ERR_OK)
		return e;
	if (ev.record.len == 0 || (as_text && as_bytes))
		return ERR_BACKUP_FORMAT;
	wire_mark(&worker_event_map, &ev);
	/* an empty secret is one, too */
	if (as_text || as_bytes)
		wire_set(&worker_event_map, &ev, "out");
	return send(p, &ev);
}

/* ---- pieces ---- */
static const struct member {
	enum err (*take)(struct backup_parse *p, const json_t *v);
	bool is_object;
} members[MEMBERS] = {
	[FORMAT] = { take_format, false },
	[VERSION] = { take_version, false },
	[CREATED] = { take_created, false },
	[VAULT] = { take_vault, true },
	[SEEDS] = { take_seed, true },
	[BODY] = { take_body, true },
	[ITEMS] = { take_item, true },
};

/* No json_error_t: it would quote what stands there, outside of the arena. */
static enum err
take_piece(void *arg, size_t i, struct span piece)
{
	struct backup_parse *p = arg;
	const json_t *v = json_loadb(
	    (const char *)piece.p, piece.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	enum err e = ERR_BACKUP_FORMAT;

	if (v != NULL && (json_is_object(v) || !members[i].is_object))
		e = members[i].take(p, v);
	treemem_reset();
	return e;
}

enum err
backup_parse_init(struct backup_parse *p, backup_event_fn *event, void *arg)
{
	uint32_t seed;
	enum err e;

	*p = (struct backup_parse){ .event = event, .arg = arg };
	if ((e = treemem_init(BACKUP_TREE)) != ERR_OK)
		return e;
	/* jansson would look for a file of random bytes */
	crypto_random(&seed, sizeof(seed));
	json_object_seed(seed | 1);
	jsonsplit_init(&p->split, &p->piece);
	p->split.want = wants;
	p->split.nwant = MEMBERS;
	p->split.take = take_piece;
	p->split.arg = p;
	return sec_init(&p->piece, BACKUP_PIECE);
}

void
backup_parse_done(struct backup_parse *p)
{
	sec_done(&p->piece);
	treemem_done();
}

enum err
backup_parse_push(struct backup_parse *p, struct span plain)
{
	enum err e = jsonsplit_push(&p->split, plain);

	return e == ERR_FORMAT ? ERR_BACKUP_FORMAT : e;
}

enum err
backup_parse_end(struct backup_parse *p)
{
	if (jsonsplit_end(&p->split) != ERR_OK || !p->is_backup ||
	    !jsonsplit_saw(&p->split, VERSION) || !jsonsplit_saw(&p->split, VAULT))
		return ERR_BACKUP_FORMAT;
	return ERR_OK;
}
