/* pam/map: whose tokens, from files that are trusted to say so; memory ends at each allocation. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "pam/handoff.h"
#include "pam/map.h"
#include "tests/unit/nomem.h"

/* 64, 32 and 32 bytes; 4 and 16 bytes of credential */
#define KEY64 \
	"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQQ=="
#define KEY32 "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI="
#define SALT  "U1NTU1NTU1NTU1NTU1NTU1NTU1NTU1NTU1NTU1NTU1M="
#define CRED  "Q1JFRA=="
#define OURS  "alice ownkey:vault es256 up,uv " CRED " " KEY64 " " SALT " blue"
#define HEX64                                                              \
	"4141414141414141414141414141414141414141414141414141414141414141" \
	"4141414141414141414141414141414141414141414141414141414141414141"

static const struct map_who alice = { .user = "alice", .rpid = "pam://here", .most = 24 };

static enum err
parse(const char *text, struct map *m)
{
	return map_parse(span_str(text), &alice, m);
}

/* a key of 32 bytes; of one on a token */
#define SSH_KEY "AAAAC3NzaC1lZDI1NTE5AAAAIEJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJC"
#define SK_KEY                                                             \
	"AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIEJCQkJCQkJCQkJCQkJC" \
	"QkJCQkJCQkJCQkJCQkJCQkJCAAAABHNzaDo="
#define SSH "alice ssh-agent - ssh-ed25519 " SSH_KEY
#define SK  "alice ssh-agent up,uv sk-ssh-ed25519@openssh.com " SK_KEY " blue"

/* Rows of agents and rows of tokens are never taken for each other. */
static void
of_agents(void **state)
{
	static const char *const bad[] = { "alice ssh-agent", "alice ssh-agent - ssh-ed25519",
		"alice ssh-agent up ssh-ed25519 " SSH_KEY, "alice ssh-agent  ssh-ed25519 " SSH_KEY,
		"alice ssh-agent uv sk-ssh-ed25519@openssh.com " SK_KEY,
		"alice ssh-agent up,pin sk-ssh-ed25519@openssh.com " SK_KEY,
		"alice ssh-agent - sk-ssh-ed25519@openssh.com " SSH_KEY,
		"alice ssh-agent - ssh-dss " SSH_KEY, "alice ssh-agent - ssh-rsa " SSH_KEY,
		"alice ssh-agent - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5",
		"alice ssh-agent - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEJC",
		"alice ssh-agent - ssh-ed25519-cert-v01@openssh.com " SSH_KEY, SSH " a\tb" };
	struct map_who who = alice;
	struct map m;

	(void)state;
	who.ssh = true;
	assert_int_equal(map_parse(span_str(OURS "\n" SSH "\n" SK), &who, &m), ERR_OK);
	assert_int_equal(m.n, 2);
	assert_true(m.row[0].ssh && m.row[1].ssh);
	assert_int_equal(m.row[0].flags, 0);
	assert_int_equal(m.row[1].flags, MAP_UP | MAP_UV);
	assert_int_equal(m.row[0].pubkey.len, 51);
	assert_true(span_is(m.row[1].label, "blue"));
	map_done(&m);
	assert_int_equal(map_parse(span_str(OURS), &who, &m), ERR_PAM_NOT_ENROLLED);
	map_done(&m);
	assert_int_equal(parse(SSH, &m), ERR_PAM_NOT_ENROLLED);
	map_done(&m);
	assert_int_equal(parse(SSH "\n" OURS, &m), ERR_OK);
	assert_true(m.n == 1 && !m.row[0].ssh);
	map_done(&m);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		for (int ssh = 0; ssh < 2; ssh++) {
			who.ssh = ssh;
			assert_int_equal(map_parse(span_str(bad[i]), &who, &m), ERR_PAM_MAP_LINE);
			map_done(&m);
		}
}

static void
ours(void **state)
{
	struct map m;

	(void)state;
	assert_int_equal(parse("# all\n\nbob x\n" OURS "\n", &m), ERR_OK);
	assert_int_equal(m.n, 1);
	assert_true(span_is(m.row[0].rp_id, "ownkey:vault"));
	assert_int_equal(m.row[0].alg, -7);
	assert_int_equal(m.row[0].flags, MAP_UP | MAP_UV);
	assert_true(span_is(m.row[0].cred_id, "CRED"));
	assert_int_equal(m.row[0].pubkey.len, 64);
	assert_int_equal(m.row[0].salt.len, 32);
	assert_true(span_is(m.row[0].label, "blue"));
	assert_false(m.row[0].foreign);
	map_done(&m);
	assert_int_equal(parse("alice r eddsa pin,up " CRED " " KEY32 "\n" OURS, &m), ERR_OK);
	assert_int_equal(m.n, 2);
	assert_int_equal(m.row[0].flags, MAP_UP | MAP_UV | MAP_PIN);
	assert_null(m.row[0].salt.p);
	assert_int_equal(m.row[0].label.len, 0);
	map_done(&m);
	assert_int_equal(
	    parse("alice r eddsa up " CRED " " KEY32 " - Schl\xc3\xbcssel 2", &m), ERR_OK);
	assert_true(span_is(m.row[0].label, "Schl\xc3\xbcssel 2"));
	assert_null(m.row[0].salt.p);
	map_done(&m);
}

static void
pam_u2f(void **state)
{
	struct map m;

	(void)state;
	assert_int_equal(parse("alice:" CRED "," KEY64 ",es256,+presence:" CRED "," KEY32
			       ",eddsa,+presence+verification+pin\nbob:*",
			     &m),
	    ERR_OK);
	assert_int_equal(m.n, 2);
	assert_true(m.row[0].foreign && m.row[1].foreign);
	assert_true(span_is(m.row[0].rp_id, "pam://here"));
	assert_int_equal(m.row[0].flags, MAP_UP);
	assert_int_equal(m.row[1].flags, MAP_UP | MAP_UV | MAP_PIN);
	assert_int_equal(m.row[1].alg, -8);
	map_done(&m);
	/* the last line counts; it replaces none of ours */
	assert_int_equal(
	    parse("alice:" CRED "," KEY64 ",es256,+presence:" CRED "," KEY32
		  ",eddsa,+presence\n" OURS "\nalice:" CRED "," KEY32 ",eddsa,+presence+pin",
		&m),
	    ERR_OK);
	assert_int_equal(m.n, 2);
	assert_false(m.row[0].foreign);
	assert_int_equal(m.row[1].flags, MAP_UP | MAP_UV | MAP_PIN);
	map_done(&m);
	/* before it knew FIDO2 */
	assert_int_equal(parse("alice:Q1JFRA,04" HEX64, &m), ERR_OK);
	assert_int_equal(m.row[0].pubkey.len, 64);
	assert_int_equal(m.row[0].pubkey.p[0], 'A');
	map_done(&m);
}

/* one more than a label may have */
#define LABEL13 "a label of 13"
#define LABEL65 LABEL13 LABEL13 LABEL13 LABEL13 LABEL13

static const char *const malformed[] = {
	"alice",
	"alice ",
	"alice ownkey:vault",
	"alice ownkey:vault es256 up",
	"alice  es256 up " CRED " " KEY64,
	"alice r rs256 up " CRED " " KEY64,
	"alice r rs256 up " CRED " " KEY32,
	"alice r\001 es256 up " CRED " " KEY64,
	"alice r es256 up " CRED " " KEY64 " - " LABEL65,
	"alice r es256 uv " CRED " " KEY64,
	"alice r es256 - " CRED " " KEY64,
	"alice r es256 up,none " CRED " " KEY64,
	"alice r es256 up,,uv " CRED " " KEY64,
	"alice r es256 up " CRED " " KEY32,
	"alice r eddsa up " CRED " " KEY64,
	"alice r es256 up  " KEY64,
	"alice r es256 up Q1JFRA " KEY64,
	"alice r es256 up " CRED " " KEY64 " " CRED,
	"alice r es256 up " CRED " " KEY64 " - two\twords",
	"alice r es256 up " CRED " " KEY64 " - two words\r",
	"alice r es256 up " CRED " " KEY64 " - \033[2J",
	"alice r es256 up " CRED " " KEY64 "\r",
	"alice\tr es256 up " CRED " " KEY64,
	"alice\tx r es256 up " CRED " " KEY64,
	"alice:",
	"alice::",
	"alice:*," KEY64 ",es256,+presence",
	"alice:" CRED "," KEY64 ",es256,",
	"alice:" CRED "," KEY64 ",es256,+verification",
	"alice:" CRED "," KEY64 ",es256,presence",
	"alice:" CRED "," KEY64 ",es256,+presence+",
	"alice:" CRED "," KEY64 ",es256,+presence+x",
	"alice:" CRED "," KEY64 ",es256",
	"alice:" CRED "," KEY64 ",rs256,+presence",
	"alice:" CRED "," KEY64 ",es256,+presence:",
	"alice:Q1JFRA,05" HEX64,
	"alice:Q1JFRA,04" HEX64 "41",
	/* a good line does not make up for a bad one */
	OURS "\nalice r es256 up",
	"alice r es256 up\n" OURS,
};

static void
refusals(void **state)
{
	struct map m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		if (parse(malformed[i], &m) != ERR_PAM_MAP_LINE)
			fail_msg("accepted: %s", malformed[i]);
		assert_int_equal(m.n, 0);
		assert_null(m.bytes.p);
		assert_non_null(strstr(m.why, "line"));
	}
}

static void
nobody(void **state)
{
	static const char *const others[] = { "", "\n", "#alice", "bob " KEY64, "alicia x",
		"alic x", " " OURS, "Alice x" };
	struct map m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(parse(others[i], &m), ERR_PAM_NOT_ENROLLED);
	/* a NUL ends nothing */
	assert_int_equal(map_parse(SPAN("alice\0 x", 8), &alice, &m), ERR_PAM_NOT_ENROLLED);
	assert_int_equal(map_parse(SPAN("alice r es256 up\0 x", 19), &alice, &m), ERR_PAM_MAP_LINE);
}

static void
limits(void **state)
{
	struct map_who two = alice;
	struct map m;
	char *line = calloc(1, MAP_FILE_MAX + 2);
	size_t i;

	(void)state;
	two.most = 2;
	assert_int_equal(map_parse(span_str(OURS "\n" OURS), &two, &m), ERR_OK);
	map_done(&m);
	assert_int_equal(map_parse(span_str(OURS "\n" OURS "\n" OURS), &two, &m), ERR_PAM_MAP_MANY);
	/* a long line is an error only to whom it belongs */
	memset(line, 'x', MAP_LINE_MAX + 10);
	memcpy(line, "alice ", 6);
	assert_int_equal(parse(line, &m), ERR_PAM_MAP_LINE);
	memcpy(line, "bob:x ", 6);
	assert_int_equal(parse(line, &m), ERR_PAM_NOT_ENROLLED);
	/* also when all of it is right */
	memset(line, 0, MAP_FILE_MAX);
	strcpy(line, "alice");
	for (i = 0; i < 12; i++) {
		strcat(line, ":");
		memset(line + strlen(line), 'A', 1364);
		strcat(line, "," KEY32 ",eddsa,+presence");
	}
	assert_true(strlen(line) > MAP_LINE_MAX);
	assert_int_equal(parse(line, &m), ERR_PAM_MAP_LINE);
	memset(line, '\n', MAP_FILE_MAX + 1);
	assert_int_equal(parse(line, &m), ERR_PAM_MAP_READ);
	free(line);
}

/* ---- files ---- */

static char folder[] = "/tmp/ownkey-map-XXXXXX";
static char path[64];
static struct options o;
static struct person p = {
	.name = "alice", .home = "/nonexistent/alice", .uid = 4242, .gid = 4242
};

static void
put(const char *text, mode_t mode)
{
	int fd;

	/* never through a link that a test which failed has left */
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(chmod(path, mode), 0);
}

static int
set_up(void **state)
{
	const char *argv[1];
	static char arg[80];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/alice", folder);
	snprintf(arg, sizeof(arg), "map=%s/%%u", folder);
	argv[0] = arg;
	return options_parse(1, argv, &o) ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static enum err
read_it(void)
{
	struct map m;
	enum err e = map_read(&o, &p, 0, &m);

	if (e != ERR_OK) {
		assert_int_equal(m.n, 0);
		assert_true(m.why[0] != '\0' || e == ERR_NOMEM);
	}
	map_done(&m);
	return e;
}

static void
files(void **state)
{
	(void)state;
	assert_int_equal(read_it(), ERR_PAM_NOT_ENROLLED);
	put(OURS, 0644);
	assert_int_equal(read_it(), ERR_OK);
	put(OURS, 0664);
	assert_int_equal(read_it(), ERR_PAM_MAP_OWNER);
	put(OURS, 0646);
	assert_int_equal(read_it(), ERR_PAM_MAP_OWNER);
	put("alice x", 0600);
	assert_int_equal(read_it(), ERR_PAM_MAP_LINE);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 4242, 0), 0);
		assert_int_equal(read_it(), ERR_PAM_MAP_OWNER);
	} else {
		put(OURS, 0);
		assert_int_equal(read_it(), ERR_PAM_MAP_READ);
	}
	unlink(path);
	assert_int_equal(symlink("nothing", path), 0);
	assert_int_equal(read_it(), ERR_PAM_MAP_OWNER);
	unlink(path);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(read_it(), ERR_PAM_MAP_OWNER);
	rmdir(path);
	assert_int_equal(mkfifo(path, 0644), 0);
	assert_int_equal(read_it(), ERR_PAM_MAP_OWNER);
	unlink(path);
	/* the folder: of a stranger, or writable by others */
	put(OURS, 0644);
	assert_int_equal(chmod(folder, 0775), 0);
	assert_int_equal(read_it(), ERR_PAM_MAP_OWNER);
	assert_int_equal(chmod(folder, 01777), 0);
	assert_int_equal(read_it(), ERR_OK);
	assert_int_equal(chmod(folder, 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(folder, 4242, 0), 0);
		assert_int_equal(read_it(), ERR_PAM_MAP_OWNER);
		assert_int_equal(chown(folder, 0, 0), 0);
	}
	unlink(path);
	/* a folder that is a file is not "no such file" */
	snprintf(o.map, sizeof(o.map), "/dev/null/%%u");
	assert_int_equal(read_it(), ERR_PAM_MAP_READ);
	snprintf(o.map, sizeof(o.map), "%s/%%u", folder);
}

/* ---- the person's own ---- */

static enum err answer;
static char asked[256];

enum err
handoff_read(
    const struct person *who, const char *file, size_t most, struct buf *out, int64_t until)
{
	(void)most, (void)until;
	assert_ptr_equal(who, &p);
	snprintf(asked, sizeof(asked), "%s", file);
	if (answer == ERR_OK)
		buf_put_str(out, OURS);
	return answer;
}

static void
persons(void **state)
{
	static const struct {
		enum err read, map;
	} table[] = { { ERR_OK, ERR_OK }, { ERR_NOTFOUND, ERR_PAM_NOT_ENROLLED },
		{ ERR_PERMISSION, ERR_PAM_MAP_OWNER }, { ERR_IO, ERR_PAM_MAP_READ },
		{ ERR_NOPROGRAM, ERR_PAM_MAP_READ }, { ERR_HANGUP, ERR_PAM_MAP_READ },
		{ ERR_TOOBIG, ERR_PAM_MAP_READ }, { ERR_NOMEM, ERR_NOMEM } };
	struct options before = o;
	size_t i;

	(void)state;
	snprintf(o.map, sizeof(o.map), "~/.config/%%u");
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		answer = table[i].read;
		assert_int_equal(read_it(), table[i].map);
		assert_string_equal(asked, "/nonexistent/alice/.config/alice");
	}
	o = before;
}

#ifndef OWNKEY_SAN
/* "Out of memory" is never "not enrolled", which nouserok would let pass. */
static void
no_memory(void **state)
{
	size_t k = 0;
	enum err e;

	(void)state;
	put(OURS "\n" OURS, 0644);
	do {
		nomem_hit = false;
		nomem_countdown = ++k;
		e = read_it();
		nomem_countdown = 0;
		assert_int_equal(e, nomem_hit ? ERR_NOMEM : ERR_OK);
	} while (nomem_hit);
	assert_true(k > 2);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ours),
		cmocka_unit_test(of_agents),
		cmocka_unit_test(pam_u2f),
		cmocka_unit_test(refusals),
		cmocka_unit_test(nobody),
		cmocka_unit_test(limits),
		cmocka_unit_test(files),
		cmocka_unit_test(persons),
#ifndef OWNKEY_SAN
		cmocka_unit_test(no_memory),
#endif
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
