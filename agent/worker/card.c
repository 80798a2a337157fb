#include "agent/worker/card.h"

#include <stdio.h>

#include "lib/root.h"
#include "lib/words.h"

static enum err
put_key(struct sec *out, const char *key)
{
	enum err e = sec_put(out, span_str(key));

	return e ? e : sec_put(out, SPAN_LIT(": "));
}

static enum err
put_line(struct sec *out, const char *key, struct span value)
{
	enum err e;

	if ((e = put_key(out, key)) || (e = sec_put(out, value)))
		return e;
	return sec_put(out, SPAN_LIT("\n"));
}

/* What says which vault it is of. */
static enum err
put_origin(const struct worker *w, struct span root, struct sec *out)
{
	char fpr[9], generation[16];
	uint8_t f[4];
	enum err e;

	root_fingerprint(root, f);
	snprintf(fpr, sizeof(fpr), "%02x%02x%02x%02x", f[0], f[1], f[2], f[3]);
	snprintf(generation, sizeof(generation), "%u", (unsigned)w->job.generation);
	e = put_line(out, "fingerprint", span_str(fpr));
	return e ? e : put_line(out, "generation", span_str(generation));
}

enum err
card_of_phrase(const struct worker *w, struct span root, struct sec *out)
{
	enum err e;

	sec_wipe(out);
	if ((e = put_key(out, "words")) || (e = words_from_bytes(root, ' ', out)) ||
	    (e = sec_put(out, SPAN_LIT("\n"))) || (e = put_origin(w, root, out)) ||
	    (e = put_key(out, "backup")) ||
	    (e = root_backup(root, (uint32_t)w->job.generation, out)))
		return e;
	return sec_put(out, SPAN_LIT("\n"));
}

enum err
card_of_share(const struct worker *w, struct span root, const struct card_share *s, struct sec *out)
{
	char which[48];
	enum err e;

	sec_wipe(out);
	snprintf(which, sizeof(which), "%u of %u of %u", s->number, s->threshold, s->count);
	if ((e = put_line(out, "share", span_str(which))) ||
	    (e = put_line(out, "words", s->words)) ||
	    (e = put_line(out, "check", span_str(s->check))))
		return e;
	return put_origin(w, root, out);
}
