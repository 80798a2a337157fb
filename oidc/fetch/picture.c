/* picture.c - what kind of picture it is (WHATWG MIME sniffing 6.1). */
#include "oidc/fetch/picture.h"

struct kind {
	const char *type;
	size_t at; /* of second */
	struct span first, second;
};

const char *
picture_type(struct span bytes)
{
	const struct kind kinds[] = {
		{ "image/png", 0, SPAN_LIT("\x89PNG\r\n\x1a\n"), SPAN_LIT("\x89") },
		{ "image/jpeg", 0, SPAN_LIT("\xff\xd8\xff"), SPAN_LIT("\xff") },
		{ "image/gif", 3, SPAN_LIT("GIF8"), SPAN_LIT("87a") },
		{ "image/gif", 3, SPAN_LIT("GIF8"), SPAN_LIT("89a") },
		{ "image/webp", 8, SPAN_LIT("RIFF"), SPAN_LIT("WEBPVP") },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		const struct kind *k = &kinds[i];

		if (span_eq(span_sub(bytes, 0, k->first.len), k->first) &&
		    span_eq(span_sub(bytes, k->at, k->second.len), k->second))
			return k->type;
	}
	return NULL;
}
