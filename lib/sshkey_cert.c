/* Certificates of OpenSSH (PROTOCOL.certkeys). */
#include "lib/sshkey_parts.h"

bool
sshkey_next(struct span *list, struct span *one)
{
	struct ssh_reader r = ssh_reader(*list);

	*one = ssh_read_string(&r, SSHKEY_BLOB_MAX);
	*list = r.left;
	return !r.failed;
}

bool
sshkey_next_option(struct span *list, struct span *name, struct span *data)
{
	return sshkey_next(list, name) && sshkey_next(list, data);
}

/* Strings one after the other, all whole, none empty. */
static bool
principals_ok(struct sshkey_cert *c)
{
	struct ssh_reader r = ssh_reader(c->principals);

	for (c->nprincipals = 0; r.left.len > 0; c->nprincipals++)
		if (c->nprincipals == SSHKEY_PRINCIPALS_MAX ||
		    ssh_read_string(&r, SSHKEY_BLOB_MAX).len == 0)
			return false;
	return !r.failed;
}

/* a < b as bytes */
static bool
is_before(struct span a, struct span b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int d = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return d < 0 || (d == 0 && a.len < b.len);
}

/* "lexically ordered by name", and so none twice */
static bool
options_ok(struct span list)
{
	struct ssh_reader r = ssh_reader(list);
	struct span last = SPAN_NONE, name;

	while (r.left.len > 0) {
		name = ssh_read_string(&r, 256);
		ssh_read_string(&r, SSHKEY_BLOB_MAX);
		if (r.failed || !is_before(last, name))
			return false;
		last = name;
	}
	return true;
}

static bool
ca_ok(struct span blob)
{
	struct ssh_reader r = ssh_reader(blob);
	struct sshkey_public ca = { 0 };
	struct span name = ssh_read_string(&r, 64);
	bool cert;

	/* a certificate is looked for first: no chains, and no recursion without end */
	return !sshkey_type_of(name, &ca.type, &cert) && !cert && !sshkey_read_numbers(&r, &ca) &&
	    !ssh_reader_end(&r);
}

enum err
sshkey_read_cert(struct ssh_reader *r, struct sshkey_public *k)
{
	struct sshkey_cert *c = &k->cert;

	c->serial = ssh_read_u64(r);
	c->type = ssh_read_u32(r);
	c->key_id = ssh_read_string(r, SSHKEY_BLOB_MAX);
	c->principals = ssh_read_string(r, SSHKEY_BLOB_MAX);
	c->valid_after = ssh_read_u64(r);
	c->valid_before = ssh_read_u64(r);
	c->critical = ssh_read_string(r, SSHKEY_BLOB_MAX);
	c->extensions = ssh_read_string(r, SSHKEY_BLOB_MAX);
	ssh_read_string(r, SSHKEY_BLOB_MAX); /* reserved */
	c->ca = ssh_read_string(r, SSHKEY_BLOB_MAX);
	if (r->failed)
		return ERR_SSHKEY_FORMAT;
	c->signed_part = SPAN(k->blob.p, k->blob.len - r->left.len);
	c->signature = ssh_read_string(r, SSHKEY_BLOB_MAX);
	if (r->failed || (c->type != SSHKEY_CERT_USER && c->type != SSHKEY_CERT_HOST) ||
	    !principals_ok(c) || !options_ok(c->critical) || !options_ok(c->extensions) ||
	    !ca_ok(c->ca))
		return ERR_SSHKEY_FORMAT;
	return ERR_OK;
}

static bool
has_principal(struct span list, struct span want)
{
	struct span one;

	while (sshkey_next(&list, &one))
		if (span_eq(one, want))
			return true;
	return false;
}

static bool
options_known(const struct sshkey_cert *c)
{
	struct span list = c->critical, name, data;

	if (c->type == SSHKEY_CERT_HOST)
		return list.len == 0;
	while (sshkey_next_option(&list, &name, &data))
		if (!span_is(name, "force-command") && !span_is(name, "source-address") &&
		    !span_is(name, "verify-required"))
			return false;
	return true;
}

enum err
sshkey_cert_check(const struct sshkey_public *k, const struct sshkey_cert_want *want)
{
	const struct sshkey_cert *c = &k->cert;

	if (!k->is_cert || c->type != (uint32_t)want->type || want->now < c->valid_after ||
	    want->now >= c->valid_before || !options_known(c) ||
	    (want->principal.len > 0 && !has_principal(c->principals, want->principal)))
		return ERR_SSHKEY_CERT;
	return sshkey_verify(c->ca, c->signature, c->signed_part);
}
