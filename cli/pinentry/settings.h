/*
 * settings.h - what gpg-agent has said before it asks: kept, so that it can be said again to the
 * real pinentry, and what of it matters here.
 */
#ifndef CLI_PINENTRY_SETTINGS_H
#define CLI_PINENTRY_SETTINGS_H

#include "cli/pinentry/request.h"
#include "lib/buf.h"

struct settings {
	struct buf options; /* lines with their LF; they outlive a RESET */
	struct buf sets;
	char keygrip[REQUEST_KEYGRIP + 1]; /* what is asked for; "": no key */
	bool again;			   /* what was given before was wrong */
	bool fresh;			   /* a new passphrase is asked for */
	char tty[256], display[256], lang[64];
};

void settings_open(struct settings *s);
void settings_close(struct settings *s);
/* An OPTION or one of the SET lines.  ERR_TOOBIG: more than anybody needs. */
MUST enum err settings_take(struct settings *s, const struct request *r);
/* It was asked: error and repetition belonged to that question. */
void settings_asked(struct settings *s);
void settings_reset(struct settings *s);

#endif
