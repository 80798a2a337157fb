/* format.c - the rows. */
#include "agent/format/format.h"

const struct format *const formats[] = {
	&format_matrix,
	&format_omemo,
	&format_tor,
	&format_ssh,
	&format_age,
	&format_app,
	&format_wireguard,
	&format_portal,
	&format_oidc,
};
const size_t nformats = sizeof formats / sizeof *formats;

const struct format *
format_find(struct span name)
{
	for (size_t i = 0; i < nformats; i++)
		if (span_is(name, formats[i]->name))
			return formats[i];
	return NULL;
}

const struct format_key *
format_key(const struct format *f, struct span purpose)
{
	for (size_t i = 0; i < f->nkey; i++)
		if (span_is(purpose, f->key[i].purpose))
			return &f->key[i];
	return NULL;
}

static bool
matches(const char *have_purpose, const char *have_name, struct span purpose, struct span name)
{
	return span_is(purpose, have_purpose) && (!name.len || span_is(name, have_name));
}

const struct format_public *
format_public(const struct format *f, struct span purpose, struct span name)
{
	for (size_t i = 0; i < f->npublic; i++)
		if (matches(f->public[i].purpose, f->public[i].name, purpose, name))
			return &f->public[i];
	return NULL;
}

const struct format_export *
format_export(const struct format *f, struct span purpose, struct span name)
{
	for (size_t i = 0; i < f->nexport; i++)
		if (matches(f->export[i].purpose, f->export[i].name, purpose, name))
			return &f->export[i];
	return NULL;
}

const struct format_import *
format_import(const struct format *f, struct span purpose, struct span alg)
{
	for (size_t i = 0; i < f->nimport; i++)
		if ((!purpose.len || span_is(purpose, f->import[i].purpose)) &&
		    span_is(alg, f->import[i].alg))
			return &f->import[i];
	return NULL;
}

const struct format_advice *
format_advice(const struct format *f, struct span purpose, enum format_event event)
{
	for (size_t i = 0; i < f->nadvice; i++)
		if (f->advice[i].events & event &&
		    (!f->advice[i].purpose || span_is(purpose, f->advice[i].purpose)))
			return &f->advice[i];
	return NULL;
}

enum err
format_encode(enum text_code code, struct span in, struct sec *out)
{
	enum err e = sec_init(out, text_encoded_len(code, in.len));

	return e ? e : text_encode_sec(code, in, out);
}
