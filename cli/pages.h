/*
 * pages.h - lists that come by pages, and items as lines.
 */
#ifndef CLI_PAGES_H
#define CLI_PAGES_H

#include "cli/cli.h"

typedef void pages_item_fn(void *arg, const struct ops_item *it, struct span raw);

/* Every item of all pages.  q: filled but for the cursor. */
MUST enum err pages_each(
    struct cli *c, enum op op, struct ops_page *q, pages_item_fn *fn, void *arg);
/* Print them by name, as JSON with --json.  *n gets their number. */
MUST enum err pages_print(struct cli *c, enum op op, struct ops_page *q, size_t *n);
/* One line: the label and what is remarkable about it. */
void pages_put_item(const struct ops_item *it);

#endif
