/* Destination constraints, case by case: what OpenSSH's agent permits, and what it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ssh_dest.h"

/* a constant, as span.h has none */
#define S(text)                                           \
	{                                                 \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}
#define CERT "\0\0\0\x20ssh-ed25519-cert-v01@openssh.com"

/* Texts stand for blobs: nothing here looks into a key but for its name. */
static const struct ssh_bind at_a = { .has = 7, .session = S("s1"), .hostkey = S("A") };
static const struct ssh_bind via_a = {
	.has = 7, .session = S("s1"), .hostkey = S("A"), .forwarded = true
};
static const struct ssh_bind at_b = { .has = 7, .session = S("s2"), .hostkey = S("B") };
static const struct ssh_bind via_b = {
	.has = 7, .session = S("s2"), .hostkey = S("B"), .forwarded = true
};
static const struct ssh_bind at_c = { .has = 7, .session = S("s3"), .hostkey = S("C") };

static const struct ssh_hop_key key_a = { .has = 1, .blob = S("A") };
static const struct ssh_hop_key key_b = { .has = 1, .blob = S("B") };
static const struct ssh_hop_key key_ca = { .has = 3, .blob = S("CA"), .ca = true };

#define KEYS(k)                   \
	{                         \
		.v = &(k), .n = 1 \
	}
static const struct ssh_destination to_a = {
	.has = 24, .to_host = S("host.a"), .to_keys = KEYS(key_a)
};
static const struct ssh_destination to_a_as = {
	.has = 28, .to_user = S("al*e"), .to_host = S("host.a"), .to_keys = KEYS(key_a)
};
static const struct ssh_destination a_to_b = { .has = 27,
	.from_host = S("host.a"),
	.from_keys = KEYS(key_a),
	.to_host = S("host.b"),
	.to_keys = KEYS(key_b) };
static const struct ssh_destination to_ca = {
	.has = 24, .to_host = S("host.c"), .to_keys = KEYS(key_ca)
};

struct world {
	struct buf mem[2];
	struct wire_list dest;
	struct ssh_dest_path path;
};

static int
setup(void **state)
{
	*state = calloc(1, sizeof(struct world));
	return *state ? 0 : -1;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	buf_done(&w->mem[0]);
	buf_done(&w->mem[1]);
	free(w);
	return 0;
}

static struct wire_list
list(struct buf *mem, const struct wire_map *map, const void *const *items)
{
	struct wire_list l = { .n = 0 };

	buf_reset(mem);
	for (; items[l.n]; l.n++)
		assert_int_equal(wire_encode(map, items[l.n], mem), ERR_OK);
	l.raw = buf_span(mem);
	return l;
}

#define DEST(w, ...)       \
	((w)->dest = list( \
	     &(w)->mem[0], &ssh_destination_map, (const void *const[]){ __VA_ARGS__, NULL }))
#define BINDS(w, ...)      \
	((w)->path.binds = \
		list(&(w)->mem[1], &ssh_bind_map, (const void *const[]){ __VA_ARGS__, NULL }))

static enum err
permit(struct world *w, const char *session, const char *user, const char *hostkey)
{
	struct ssh_dest_use use = { span_str(session), span_str(user), span_str(hostkey) };

	return ssh_dest_permit(&w->dest, &w->path, &use, NULL);
}

static bool
visible(struct world *w)
{
	return ssh_dest_visible(&w->dest, &w->path);
}

static void
test_patterns(void **state)
{
	static const struct {
		const char *text, *pattern;
		bool yes;
	} rows[] = { { "", "", true }, { "a", "", false }, { "", "*", true }, { "", "?", false },
		{ "a", "?", true }, { "ab", "?", false }, { "abc", "a*c", true },
		{ "abcbc", "a*bc", true }, { "abcb", "a*bc", false }, { "root", "root", true },
		{ "Root", "root", false }, { "xaby", "*a?*", true }, { "aaa", "***", true },
		{ "host.a", "*.a", true }, { "host.a.evil", "*.a", false } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(
		    ssh_dest_match(span_str(rows[i].text), span_str(rows[i].pattern)), rows[i].yes);
	/* no backtracking without end */
	assert_false(
	    ssh_dest_match(SPAN_LIT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
		SPAN_LIT("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b")));
}

static void
test_free_key(void **state)
{
	struct world *w = *state;

	assert_true(visible(w));
	assert_int_equal(permit(w, "s1", "alice", ""), ERR_OK);
	BINDS(w, &via_a, &at_c);
	w->path.failed = true;
	assert_true(visible(w));
	assert_int_equal(permit(w, "any", "alice", ""), ERR_OK);
}

/* Listed here, but of use over a bound connection only. */
static void
test_unbound(void **state)
{
	struct world *w = *state;

	DEST(w, &to_a);
	assert_true(visible(w));
	assert_int_equal(permit(w, "s1", "alice", "A"), ERR_SSH_PATH);
	w->path.failed = true;
	assert_false(visible(w));
}

static void
test_first_hop(void **state)
{
	struct world *w = *state;

	DEST(w, &to_a);
	BINDS(w, &at_a);
	assert_true(visible(w));
	assert_int_equal(permit(w, "s1", "alice", "A"), ERR_OK);
	/* an older client does not name the host, and this is its own connection */
	assert_int_equal(permit(w, "s1", "alice", ""), ERR_OK);
	assert_int_equal(permit(w, "s2", "alice", "A"), ERR_SSH_PATH);
	assert_int_equal(permit(w, "s1", "alice", "B"), ERR_SSH_PATH);
	assert_int_equal(permit(w, "s1", "", "A"), ERR_SSH_PATH);
	BINDS(w, &at_b);
	assert_false(visible(w));
	assert_int_equal(permit(w, "s2", "alice", "B"), ERR_SSH_DESTINATION);
}

static void
test_user(void **state)
{
	struct world *w = *state;

	DEST(w, &to_a_as);
	BINDS(w, &at_a);
	assert_true(visible(w));
	assert_int_equal(permit(w, "s1", "alice", "A"), ERR_OK);
	assert_int_equal(permit(w, "s1", "root", "A"), ERR_SSH_DESTINATION);
	DEST(w, &to_a_as, &to_a);
	assert_int_equal(permit(w, "s1", "root", "A"), ERR_OK);
}

static void
test_forwarded(void **state)
{
	struct world *w = *state;
	struct ssh_dest_use use = { SPAN_LIT("s2"), SPAN_LIT("bob"), SPAN_LIT("B") };
	struct ssh_dest_hosts hosts;

	DEST(w, &to_a, &a_to_b);
	BINDS(w, &via_a);
	assert_true(visible(w));
	/* nobody signs on the hop itself */
	assert_int_equal(permit(w, "s1", "bob", "A"), ERR_SSH_PATH);
	BINDS(w, &via_a, &at_b);
	assert_true(visible(w));
	assert_int_equal(ssh_dest_permit(&w->dest, &w->path, &use, &hosts), ERR_OK);
	assert_true(span_is(hosts.forward, "host.a") && span_is(hosts.last, "host.b"));
	/* forwarded: the host has to be named */
	assert_int_equal(permit(w, "s2", "bob", ""), ERR_SSH_PATH);
	BINDS(w, &via_a, &at_c);
	assert_false(visible(w));
	assert_int_equal(permit(w, "s3", "bob", "C"), ERR_SSH_DESTINATION);
	BINDS(w, &via_b, &at_a);
	assert_false(visible(w));
	/* a login cannot be gone on from */
	BINDS(w, &at_a, &at_b);
	assert_false(visible(w));
	assert_int_equal(permit(w, "s2", "bob", "B"), ERR_SSH_PATH);
}

/* Permitted to a host, but not from it: hidden once the agent is forwarded there. */
static void
test_not_beyond(void **state)
{
	struct world *w = *state;

	DEST(w, &to_a);
	BINDS(w, &via_a);
	assert_false(visible(w));
	DEST(w, &a_to_b);
	assert_false(visible(w));
	BINDS(w, &at_b);
	assert_false(visible(w));
}

static void
test_authorities(void **state)
{
	struct world *w = *state;
	struct span names[] = { SPAN_LIT("host.x"), SPAN_LIT("*.c") };
	struct ssh_bind cert = { .has = 31,
		.session = SPAN_LIT("s3"),
		.hostkey = SPAN_LIT(CERT),
		.ca = SPAN_LIT("CA"),
		.names = { .v = names, .n = 2 } };
	struct ssh_hop_key whole = { .has = 1, .blob = SPAN_LIT(CERT) };
	struct ssh_hop_key plain_ca = { .has = 1, .blob = SPAN_LIT("CA") };
	struct ssh_destination d = to_ca;

	DEST(w, &to_ca);
	BINDS(w, &cert);
	assert_int_equal(permit(w, "s3", "al", ""), ERR_OK);
	assert_true(visible(w));
	cert.names.n = 1;
	BINDS(w, &cert);
	assert_false(visible(w));
	/* one that front did not find valid has no CA, and is no plain key either */
	cert.has = 7;
	BINDS(w, &cert);
	assert_false(visible(w));
	d.to_keys = (struct wire_list)KEYS(whole);
	DEST(w, &d);
	assert_false(visible(w));
	/* the CA's key as a host's own, and as that of a host */
	cert.has = 31;
	cert.names.n = 2;
	BINDS(w, &cert);
	d.to_keys = (struct wire_list)KEYS(plain_ca);
	DEST(w, &d);
	assert_false(visible(w));
}

static void
test_broken_lists(void **state)
{
	struct world *w = *state;

	DEST(w, &to_a);
	BINDS(w, &at_a);
	w->path.binds.raw.len--;
	assert_false(visible(w));
	assert_int_equal(permit(w, "s1", "alice", "A"), ERR_SSH_PATH);
	BINDS(w, &at_a);
	w->dest.raw.len--;
	assert_false(visible(w));
	assert_int_equal(permit(w, "s1", "alice", "A"), ERR_SSH_DESTINATION);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = { T(test_patterns), T(test_free_key), T(test_unbound),
		T(test_first_hop), T(test_user), T(test_forwarded), T(test_not_beyond),
		T(test_authorities), T(test_broken_lists) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
