/* import_fuzz.h - what a reader of `ownkey import` makes of any bytes: names that the vault takes,
 * each once, values and attributes within bounds. */
#ifndef TESTS_FUZZ_IMPORT_FUZZ_H
#define TESTS_FUZZ_IMPORT_FUZZ_H

#include <stdlib.h>

#include "cli/import.h"
#include "lib/crypto.h"
#include "lib/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static inline void
must(bool ok)
{
	if (!ok)
		abort();
}

static inline void
import_fuzz_one(const struct import_list *l, const struct import_one *o)
{
	struct span name = import_span(l, o->name);

	must(o->name.at + o->name.len <= l->pool.len && o->value.at + o->value.len <= l->pool.len);
	if (o->kind == IMPORT_REFUSED)
		must(o->why != NULL);
	if (o->kind != IMPORT_SECRET)
		return;
	must(name.len > 0 && name.len <= IMPORT_NAME && text_is_name(name));
	must(o->value.len <= IMPORT_VALUE && o->nattr <= IMPORT_ATTRS);
	for (size_t i = 0; i < o->nattr; i++) {
		const struct import_attr *a = import_attr_at(l, o->attr + i);

		must(text_is_utf8(import_span(l, a->name)));
		must(text_is_utf8(import_span(l, a->value)));
	}
}

static inline void
import_fuzz(const struct import_source *s, struct span content)
{
	struct import_in in = { .path = "dir/file", .content = content };
	struct import_list l = { .overflow = false };

	if (sec_arena_kind() == SEC_NONE)
		must(!sec_arena_open(1024 * 1024, true, true) && !crypto_init_light());
	if (s->is)
		(void)s->is(content);
	if (!s->read(&in, &l) && !import_list_err(&l) && !import_list_unique(&l))
		for (size_t i = 0; i < import_count(&l); i++) {
			import_fuzz_one(&l, import_at(&l, i));
			for (size_t j = 0; j < i && i < 64; j++)
				must(import_at(&l, i)->kind != IMPORT_SECRET ||
				    import_at(&l, j)->kind != IMPORT_SECRET ||
				    !span_eq(import_span(&l, import_at(&l, i)->name),
					import_span(&l, import_at(&l, j)->name)));
		}
	import_list_done(&l);
	must(sec_arena_used() == 0);
}

#endif
