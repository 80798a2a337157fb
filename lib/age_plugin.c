/* age_plugin.c - identities and recipients of age-plugin-ownkey as text. */
#include "lib/age_plugin.h"

#include "lib/text.h"

#define VERSION 1

enum err
age_plugin_identity(enum age_plugin_kind kind, struct span says, struct buf *out)
{
	struct buf data = BUF_INIT;
	char text[AGE_PLUGIN_TEXT];
	size_t n;
	enum err e;

	if (says.len > AGE_PLUGIN_SAYS)
		return ERR_TOOBIG;
	buf_put_u8(&data, VERSION);
	buf_put_u8(&data, (uint8_t)kind);
	buf_put_span(&data, says);
	if (!(e = buf_err(&data)) &&
	    !(e = text_bech32_encode(
		  AGE_PLUGIN_IDENTITY, buf_span(&data), text, sizeof(text), &n))) {
		text_upper(text, n);
		buf_put(out, text, n);
		e = buf_err(out);
	}
	buf_done(&data);
	return e;
}

enum err
age_plugin_recipient(const uint8_t pub[32], struct buf *out)
{
	uint8_t data[33] = { VERSION };
	char text[96];
	size_t n;
	enum err e;

	memcpy(data + 1, pub, 32);
	if ((e = text_bech32_encode(
		 AGE_PLUGIN_RECIPIENT, SPAN(data, sizeof(data)), text, sizeof(text), &n)))
		return e;
	buf_put(out, text, n);
	return buf_err(out);
}

enum err
age_plugin_identity_parse(struct span text, enum age_plugin_kind *kind, struct buf *says)
{
	uint8_t data[AGE_PLUGIN_SAYS + 2];
	size_t n;

	if (text_bech32_decode(text, AGE_PLUGIN_IDENTITY, data, sizeof(data), &n))
		return ERR_FORMAT;
	*kind = AGE_PLUGIN_ANY;
	if (n == 0)
		return ERR_OK;
	if (data[0] > VERSION || (n > 1 && data[1] >= AGE_PLUGIN_KINDS))
		return ERR_VERSION;
	if (data[0] != VERSION || n < 2 || (data[1] == AGE_PLUGIN_ANY) != (n == 2))
		return ERR_FORMAT;
	*kind = (enum age_plugin_kind)data[1];
	if (!text_is_name(SPAN(data + 2, n - 2)))
		return ERR_FORMAT;
	buf_put(says, data + 2, n - 2);
	return buf_err(says);
}

enum err
age_plugin_recipient_parse(struct span text, uint8_t pub[32])
{
	uint8_t data[33];
	size_t n;

	if (text_bech32_decode(text, AGE_PLUGIN_RECIPIENT, data, sizeof(data), &n))
		return ERR_FORMAT;
	if (n > 0 && data[0] > VERSION)
		return ERR_VERSION;
	if (n != sizeof(data) || data[0] != VERSION)
		return ERR_FORMAT;
	memcpy(pub, data + 1, 32);
	return ERR_OK;
}
