#include "oidc/page/fixed.h"

#include "lib/crypto.h"
#include "lib/text.h"

#define TAG 24 /* with quotes and NUL */

/* clang-format off */
#define FILE_HERE(name, path)                                                        \
	__asm__(".pushsection .rodata\n"                                              \
		".globl page_" #name "\n.hidden page_" #name "\npage_" #name ":\n"      \
		".incbin \"oidc/page/" path "\"\n"                                    \
		".globl page_" #name "_end\n.hidden page_" #name "_end\npage_" #name "_end:\n" \
		".byte 0\n.popsection\n");                                            \
	extern const uint8_t page_##name[], page_##name##_end[]
/* clang-format on */

FILE_HERE(style, "style.css");
FILE_HERE(icon, "icon.svg");
FILE_HERE(post, "post.js");
FILE_HERE(webauthn, "webauthn.js");

static const struct fixed {
	const char *name, *type;
	const uint8_t *from, *to;
} files[] = {
	{ "style.css", "text/css; charset=utf-8", page_style, page_style_end },
	{ "icon.svg", "image/svg+xml", page_icon, page_icon_end },
	{ "post.js", "text/javascript; charset=utf-8", page_post, page_post_end },
	{ "webauthn.js", "text/javascript; charset=utf-8", page_webauthn, page_webauthn_end },
};

static void
tag(struct span content, char out[TAG])
{
	uint8_t hash[32];

	crypto_sha256(content, hash);
	out[0] = '"';
	text_encode_raw(TEXT_HEX, SPAN(hash, 10), out + 1);
	out[21] = '"';
	out[22] = '\0';
}

void
page_fixed(struct web_request *q, struct web_response *a)
{
	char etag[TAG];
	struct span have;

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct span content = SPAN(files[i].from, (size_t)(files[i].to - files[i].from));

		if (!span_is(q->tail, files[i].name))
			continue;
		tag(content, etag);
		web_header_put(a, "ETag", span_str(etag));
		web_header_put(a, "Cache-Control", SPAN_LIT("public, max-age=3600"));
		a->status = 304;
		if (web_header(q, "If-None-Match", &have) == FORM_ONE && span_is(have, etag))
			return;
		a->status = 200;
		a->type = files[i].type;
		buf_put_span(&a->body, content);
		return;
	}
	web_refuse(q, a, 404, "not_found", "There is nothing at this address.");
}
