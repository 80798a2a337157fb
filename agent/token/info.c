/* info.c - what a token says about itself. */
#include "agent/token/device.h"

#include <fido/eddsa.h>

#include "lib/buf.h"
#include "lib/softtoken_aaguid.h"
#include "lib/text.h"

#define TEXT_MAX 255

static uint64_t
at_most(uint64_t v, uint64_t max)
{
	return v < max ? v : max;
}

/* Foreign words: printable, joined by spaces; what does not fit is left out whole. */
static void
join(char *const *words, size_t n, struct buf *out)
{
	struct buf word = BUF_INIT;
	size_t i;

	for (i = 0; i < n; i++) {
		buf_reset(&word);
		text_printable(span_str(words[i]), &word);
		if (out->len + 1 + word.len > TEXT_MAX)
			continue;
		if (out->len > 0)
			buf_put_u8(out, ' ');
		buf_put_span(out, buf_span(&word));
	}
	buf_done(&word);
}

static uint64_t
option(const struct device *d, const char *name, uint64_t if_there, uint64_t if_true)
{
	bool on;

	if (!device_has_option(d, name, &on))
		return 0;
	return if_there | (on ? if_true : 0);
}

static uint64_t
get_options(const struct device *d)
{
	uint64_t o = TOKEN_OPT_FIDO2;

	o |= option(d, "clientPin", TOKEN_OPT_PIN_ABLE, TOKEN_OPT_PIN_SET);
	o |= option(d, "uv", TOKEN_OPT_UV_ABLE, TOKEN_OPT_UV);
	o |= option(d, "alwaysUv", 0, TOKEN_OPT_ALWAYS_UV);
	if (device_has_extension(d, "hmac-secret"))
		o |= TOKEN_OPT_HMAC_SECRET;
	if (device_has_extension(d, "credProtect"))
		o |= TOKEN_OPT_CRED_PROTECT;
	if (fido_cbor_info_new_pin_required(d->info))
		o |= TOKEN_OPT_PIN_CHANGE;
	if (device_has_alg(d, COSE_EDDSA))
		o |= TOKEN_OPT_EDDSA;
	return o;
}

static void
fill(struct token_event *ev, const struct device *d, struct buf *versions, struct buf *extensions)
{
	const fido_cbor_info_t *i = d->info;

	join(fido_cbor_info_versions_ptr(i), fido_cbor_info_versions_len(i), versions);
	join(fido_cbor_info_extensions_ptr(i), fido_cbor_info_extensions_len(i), extensions);
	ev->versions = buf_span(versions);
	ev->extensions = buf_span(extensions);
	if (fido_cbor_info_aaguid_len(i) == 16) {
		ev->aaguid = SPAN(fido_cbor_info_aaguid_ptr(i), 16);
		/* DESIGN 7: it is called so everywhere */
		if (softtoken_aaguid_is(ev->aaguid.p))
			ev->name = SPAN_LIT("software token");
	}
	ev->options = get_options(d);
	ev->max_creds = at_most(fido_cbor_info_maxcredcntlst(i), 65535);
	ev->max_cred_id = at_most(fido_cbor_info_maxcredidlen(i), 65535);
	ev->min_pin = at_most(fido_cbor_info_minpinlen(i), 63);
	ev->firmware = fido_cbor_info_fwversion(i);
}

enum err
device_info(struct device *d)
{
	struct token_event ev = { .kind = TOKEN_EV_RESULT };
	struct buf versions = BUF_INIT, extensions = BUF_INIT;
	enum err e = ERR_OK;

	if (d->info == NULL) {
		ev.versions = SPAN_LIT("U2F_V2");
	} else {
		fill(&ev, d, &versions, &extensions);
		if (ev.options & TOKEN_OPT_PIN_SET)
			e = device_read_retries(d);
	}
	/* one that will not tell its tries is still worth describing, one that is gone is not */
	if (e == ERR_CANCELLED || e == ERR_TOKEN_GONE)
		goto out;
	if (d->has_retries) {
		ev.retries = d->retries;
		wire_set(&token_event_map, &ev, "retries");
	}
	e = ERR_OK;
	device_send(d, &ev);
out:
	buf_done(&versions);
	buf_done(&extensions);
	return e;
}
