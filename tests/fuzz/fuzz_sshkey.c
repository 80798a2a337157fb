/*
 * First byte: what the rest is.  0: a public key or certificate, 1: a private part, 2: three
 * strings (public blob, signature, data).  What is accepted is written as the same bytes again.
 */
#include <stdlib.h>

#include "lib/sshkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
public_key(struct span in)
{
	struct sshkey_cert_want want = { SSHKEY_CERT_USER, 1700000000, SPAN_LIT("alice") };
	struct buf plain = BUF_INIT;
	struct span list, name, data;
	struct sshkey_public k, again;
	unsigned n = 0;

	if (sshkey_parse_public(in, &k))
		return;
	must(!sshkey_put_plain(&k, &plain));
	must(k.is_cert || span_eq(buf_span(&plain), in));
	must(!sshkey_parse_public(buf_span(&plain), &again) && again.type == k.type);
	for (list = k.cert.principals; sshkey_next(&list, &name);)
		n++;
	must(n == k.cert.nprincipals);
	for (list = k.cert.critical; list.len > 0;)
		must(sshkey_next_option(&list, &name, &data));
	(void)!sshkey_cert_check(&k, &want);
	buf_done(&plain);
}

static void
private_key(struct span in)
{
	struct ssh_reader r = ssh_reader(in);
	struct sshkey_private k = { 0 };
	struct buf blob = BUF_INIT;
	struct sec out = { 0 };

	if (sshkey_parse_private(&r, &k))
		return;
	must(!sshkey_public_of(k.type, sec_span(&k.canonical), &blob));
	must(span_eq(buf_span(&blob), buf_span(&k.blob)));
	must(!sec_init(&out, SSHKEY_CANONICAL_MAX + SSHKEY_BLOB_MAX));
	must(!sshkey_put_private(k.type, sec_span(&k.canonical), buf_span(&k.cert), &out));
	must(span_eq(sec_span(&out), SPAN(in.p, in.len - r.left.len)));
	sec_done(&out);
	buf_done(&blob);
	sshkey_private_done(&k);
}

static void
signature(struct span in)
{
	struct ssh_reader r = ssh_reader(in);
	struct span blob = ssh_read_string(&r, in.len), sig = ssh_read_string(&r, in.len);

	(void)!sshkey_verify(blob, sig, ssh_read_string(&r, in.len));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (sec_arena_kind() == SEC_NONE)
		must(!sec_arena_open(512 * 1024, true, true) && !crypto_init_light());
	if (n < 1)
		return 0;
	if (p[0] == 0)
		public_key(SPAN(p + 1, n - 1));
	else if (p[0] == 1)
		private_key(SPAN(p + 1, n - 1));
	else
		signature(SPAN(p + 1, n - 1));
	must(sec_arena_used() == 0);
	return 0;
}
