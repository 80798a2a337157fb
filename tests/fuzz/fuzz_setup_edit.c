/*
 * Files of other programs that `ownkey setup` edits and `ownkey doctor` reads: any bytes; what was
 * set is set, a second time nothing is to do, and what stood there before comes back.
 */
#include <stdlib.h>

#include "cli/desktop.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
done(struct setup_file *f)
{
	for (size_t i = 0; i < f->n; i++) {
		buf_done(&f->edit[i].old);
		buf_done(&f->edit[i].new);
	}
	buf_done(&f->text);
}

static bool
set(struct setup_file *f, struct span text)
{
	*f = (struct setup_file){ .exists = true };
	buf_put_span(&f->text, text);
	return !setup_setting(f, "[One]", "key", "value", "why") && f->n;
}

static void
check(const struct setup_file *f, struct span was)
{
	static struct setup_file again;
	const struct setup_edit *d = &f->edit[0];
	struct buf now = BUF_INIT, back = BUF_INIT;

	if (f->n != 1 || setup_result(f, &now))
		abort();
	buf_put(&back, now.p, d->at);
	buf_put_span(&back, buf_span(&d->old));
	buf_put(&back, now.p + d->at + d->new.len, now.len - d->at - d->new.len);
	if (!span_eq(buf_span(&back), was))
		abort();
	if (set(&again, buf_span(&now)))
		abort();
	done(&again);
	buf_done(&now);
	buf_done(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct setup_file f;
	char word[8] = "";

	if (set(&f, SPAN(p, n)))
		check(&f, SPAN(p, n));
	done(&f);
	if (desktop_json_text(SPAN(p, n), "a", word, sizeof word) && strlen(word) >= sizeof word)
		abort();
	return 0;
}
