/*
 * page.h - the frame of every page (head, header, main, foot), and its parts in the language of who
 * reads it (say.h).  Works without scripts and pictures; one stylesheet, from here.
 *
 * The language: ui_locales of the request, else Accept-Language, else the configuration's.
 */
#ifndef OIDC_PAGE_PAGE_H
#define OIDC_PAGE_PAGE_H

#include "oidc/page/say.h"
#include "oidc/web/web.h"

#define PATH_STATIC "/static/" /* style.css, and the script of WebAuthn */

/* Begin the body of a page; what follows goes into a->body.  title: English, and shown in the
 * reader's language when the table has it. */
void page_begin(struct web_request *q, struct web_response *a, const char *title);
/* The same by a text of the table. */
void page_open(struct web_request *q, struct web_response *a, enum say title);
/* A script of ours besides, by its name below PATH_STATIC. */
void page_open_with(
    struct web_request *q, struct web_response *a, enum say title, const char *script);
/* Leads on by itself to a path below the issuer's. */
void page_open_on(struct web_request *q, struct web_response *a, enum say title, const char *path);
/* More in the head, which is markup of ours. */
void page_open_head(
    struct web_request *q, struct web_response *a, enum say title, struct span head);
void page_end(struct web_request *q, struct web_response *a, unsigned status);

/* ---- language ---- */
const struct say_language *page_language(struct web_request *q);
/* What an earlier request of the same person asked for (ui_locales), if we have any of it. */
void page_prefer(struct web_request *q, struct span locales);
/* "&ui_locales=de", when a request asked for it: for addresses that lead on.  "": nobody did. */
void page_put_locale(struct web_request *q, struct buf *out);

/* ---- text, escaped ---- */
enum page_kind { PAGE_END, PAGE_NAME, PAGE_CODE, PAGE_DAY, PAGE_MOMENT, PAGE_NUMBER, PAGE_SAY };
struct page_part {
	enum page_kind kind;
	struct span text; /* NAME: foreign, strong, of either direction; CODE: an address */
	uint64_t number;  /* DAY, MOMENT: unix seconds, UTC; NUMBER; SAY: enum say, strong */
};
#define PAGE_PART_NAME(s)   ((struct page_part){ PAGE_NAME, (s), 0 }) /* shortened */
#define PAGE_PART_CODE(s)   ((struct page_part){ PAGE_CODE, (s), 0 })
#define PAGE_PART_DAY(t)    ((struct page_part){ PAGE_DAY, SPAN_NONE, (t) })
#define PAGE_PART_MOMENT(t) ((struct page_part){ PAGE_MOMENT, SPAN_NONE, (t) })
#define PAGE_PART_NUMBER(n) ((struct page_part){ PAGE_NUMBER, SPAN_NONE, (n) })
#define PAGE_PART_SAY(x)    ((struct page_part){ PAGE_SAY, SPAN_NONE, (x) })
/* For {1}, {2} of the text. */
#define PAGE_PARTS(...) ((const struct page_part[]){ __VA_ARGS__, { PAGE_END, SPAN_NONE, 0 } })

void page_say(struct web_request *q, struct web_response *a, enum say what);
void page_say_with(
    struct web_request *q, struct web_response *a, enum say what, const struct page_part *parts);
/* The same within tags: "p", "h2", "p class=\"faint\"". */
void page_put(struct web_request *q, struct web_response *a, const char *tag, enum say what);
void page_put_with(struct web_request *q, struct web_response *a, const char *tag, enum say what,
    const struct page_part *parts);

/* ---- what can be pressed ---- */
/* <form method="post" action="issuer path"> with its token; close it with "</form>". */
void page_form(struct web_request *q, struct web_response *a, const char *path, const char *token);
void page_hidden(struct web_response *a, const char *name, struct span value);
/* The language, if a request asked for one: page_form has it in it. */
void page_hidden_locale(struct web_request *q, struct web_response *a);
/* <p><button CLASS>; class: "", "quiet", "danger". */
void page_button(struct web_request *q, struct web_response *a, const char *class, enum say what);
/* A label, and id of what it labels; the input follows. */
void page_label(struct web_request *q, struct web_response *a, const char *id, enum say what);
/* <a> to a path below the issuer's; its query may be there ("?go=..."). */
void page_link(struct web_request *q, struct web_response *a, const char *path, enum say what);

/* web_hooks.page.  What the table does not have was said to programs: it is shown as that. */
void page_error(struct web_request *q, struct web_response *a, const char *title, const char *text);

#endif
