/*
 * Every call of libc that the module makes fails once: memory, mappings, locked memory,
 * descriptors, processes, sockets, files, the conversation and Linux-PAM itself.  What holds
 * whatever fails: PAM_SUCCESS only behind a signature that the verifier called good, never
 * PAM_IGNORE, and no memory, mapping, descriptor or child is left.
 */
#include "tests/unit/pam_host.h"

#include "lib/text.h"
#include "pam/code.h"
#include "pam/work.h"
#include "tests/unit/pam_handoff_fake.h"

static char map[96], maparg[128], source[128];

/* ---- what is done ---- */

static int
authenticate(void)
{
	const char *argv[] = { maparg, source, "timeout=10", "wait=0" };

	return pam_sm_authenticate(NULL, 0, 4, argv);
}

static int
touch(void)
{
	host.service = "login";
	return authenticate();
}

static int
touch_for_sshd(void)
{
	host.service = "sshd";
	return authenticate();
}

static int
with_pin(void)
{
	static const char *const types[] = { "", "1234", NULL };
	const char *argv[] = { maparg, source, "timeout=10", "wait=0", "uv=always",
		"prompt=Enter" };

	host.service = "login";
	host.types = types;
	return pam_sm_authenticate(NULL, 0, 6, argv);
}

static int
of_their_own_map(void)
{
	const char *argv[] = { "map=~/map", source, "nouserok" };

	host.service = "login";
	/* what is read there is "a file": no line of theirs */
	return pam_sm_acct_mgmt(NULL, 0, 3, argv);
}

static int
account(void)
{
	const char *argv[] = { maparg, source };

	return pam_sm_acct_mgmt(NULL, 0, 2, argv);
}

static int
password(void)
{
	static const char *const types[] = { "1234", "1234", "1234", NULL };
	const char *argv[] = { maparg, source };
	int r;

	host.service = "passwd";
	r = pam_sm_chauthtok(NULL, PAM_PRELIM_CHECK, 2, argv);

	host.types = types;
	return r ? r : pam_sm_chauthtok(NULL, PAM_UPDATE_AUTHTOK, 2, argv);
}

static int
session(void)
{
	const char *argv[] = { maparg, "lock-at-end" };
	int r;

	host.service = "login";
	r = pam_sm_open_session(NULL, 0, 2, argv);
	return r ? r : pam_sm_close_session(NULL, 0, 2, argv);
}

/* A screen that is unlocked opens no session. */
static int
renew(void)
{
	const char *argv[] = { maparg };

	host.service = "screen";
	return pam_sm_setcred(NULL, PAM_REINITIALIZE_CRED, 1, argv);
}

/* ---- before it ---- */

static void
nothing(void)
{
}

/* The factor of an authentication that went well. */
static void
with_factor(void)
{
	struct work w = { 0 };
	struct kept *k = kept_new();

	assert_non_null(k);
	k->factor = (struct factor){ .cred_id = "mine", .cred_len = 4, .there = true };
	assert_int_equal(work_keep(&w, k), ERR_OK);
}

static void
with_held(void)
{
	snprintf(host.env, sizeof host.env, "OWNKEY_HANDOFF=%s", fake_held(getpid()));
}

static void
with_both(void)
{
	with_factor();
	with_held();
}

/* ---- each of its calls fails once ---- */

struct sequence {
	const char *name;
	int (*run)(void);
	void (*before)(void);
	bool logs_in;	  /* PAM_SUCCESS needs a proof */
	int good;	  /* what it returns when nothing fails */
	const char *skip; /* calls that another sequence makes in the same way */
};

static long
children(void)
{
	char path[64], text[4096];
	size_t n, words = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "re");
	assert_non_null(f);
	n = fread(text, 1, sizeof text, f);
	fclose(f);
	for (size_t i = 0; i < n; i++)
		words += text[i] == ' ';
	return (long)words;
}

static int
run_once(const struct sequence *s)
{
	size_t fds = descriptors();
	long kin = children();
	int r;

	memset(&host, 0, sizeof host);
	live = mapped = 0;
	s->before();
	proven = false;
	fault.seen = 0;
	fault.hit = NULL;
	fault.armed = true;
	r = s->run();
	fault.armed = false;
	end_handle();
	if (live || mapped || descriptors() != fds || children() != kin)
		fail_msg("%s, call %u (%s): %ld allocations, %ld bytes mapped, %zd descriptors, "
			 "%ld children are left\n%s",
		    s->name, fault.at, fault.hit ? fault.hit : "-", live, mapped,
		    descriptors() - fds, children() - kin, host.said);
	return r;
}

static void
check_code(const struct sequence *s, int r)
{
	bool memory = fault.hit && strstr("malloc calloc realloc strdup", fault.hit);
	bool process = fault.hit && strcmp(fault.hit, "clone") == 0;

	if (r == PAM_SUCCESS && s->logs_in && !proven)
		fail_msg(
		    "%s logs in, and nobody proved anything: %s, %u", s->name, fault.hit, fault.at);
	if (r == PAM_IGNORE && s->good != PAM_IGNORE)
		fail_msg("%s: PAM_IGNORE by %s, %u", s->name, fault.hit, fault.at);
	if (memory && r != PAM_BUF_ERR && r != s->good)
		fail_msg("%s: %d by %s, %u\n%s", s->name, r, fault.hit, fault.at, host.said);
	if (process && r != PAM_SYSTEM_ERR && r != PAM_AUTHINFO_UNAVAIL && r != s->good)
		fail_msg("%s: %d without a process, %u\n%s", s->name, r, fault.at, host.said);
}

static void
each_fails(void **state)
{
	const struct sequence *s = *state;
	unsigned refused = 0;
	int r;

	fault.skip = s->skip;
	fault.at = 0;
	r = run_once(s);
	if (r != s->good)
		fail_msg("%s: %d\n%s", s->name, r, host.said);
	do {
		fault.at++;
		r = run_once(s);
		check_code(s, r);
		refused += r != s->good;
	} while (fault.hit);
	print_message("%s: each of %u calls failed, %u times it was refused\n", s->name,
	    fault.at - 1, refused);
}

#define TALK "poll recv send madvise"

static struct sequence sequences[] = {
	{ "account", account, nothing, false, PAM_SUCCESS, "" },
	{ "their own map", of_their_own_map, nothing, false, PAM_IGNORE, "" },
	{ "touch", touch, nothing, true, PAM_SUCCESS, "" },
	{ "touch, sshd", touch_for_sshd, nothing, true, PAM_SUCCESS, TALK },
	{ "PIN", with_pin, nothing, true, PAM_SUCCESS, TALK },
	{ "password", password, nothing, false, PAM_SUCCESS, TALK },
	{ "setcred", renew, with_factor, false, PAM_SUCCESS, TALK },
	{ "session, nothing kept", session, nothing, false, PAM_SUCCESS, "" },
	{ "session, kept", session, with_factor, false, PAM_SUCCESS, TALK },
	{ "session, held", session, with_held, false, PAM_SUCCESS, "" },
	{ "session, both", session, with_both, false, PAM_SUCCESS, TALK },
};
#define NSEQUENCES (sizeof sequences / sizeof *sequences)

/* The one table from errors to PAM: success is ERR_OK, and nobody is overlooked. */
static void
test_codes(void **state)
{
	(void)state;
	assert_int_equal(code_of(ERR_OK), PAM_SUCCESS);
	for (unsigned n = 1; n < 4096; n++) {
		if (!err_is_known(n))
			continue;
		assert_int_not_equal(code_of((enum err)n), PAM_SUCCESS);
		assert_int_not_equal(code_of((enum err)n), PAM_IGNORE);
		if (strcmp(err_pam((enum err)n), "PAM_SYSTEM_ERR") != 0 &&
		    code_of((enum err)n) == PAM_SYSTEM_ERR)
			fail_msg("%s is not in pam/code.c", err_pam((enum err)n));
	}
}

/* ---- the rig ---- */

/* Who holds a factor for us: it says yes each time. */
static pid_t holder;

static void
hold(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), c;
	socklen_t n;
	struct handoff_held m;
	/* who hung up in the middle ends nothing: others come after them */
	struct handoff_reply r = { .magic = HANDOFF_MAGIC, .err = ERR_OK };
	uint8_t yes[4 + sizeof r];

	put_be32(yes, sizeof r);
	memcpy(yes + 4, &r, sizeof r);
	n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
	    (size_t)sprintf(a.sun_path + 1, "%s", fake_held(getpid())));
	assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
	assert_int_equal(listen(fd, 4), 0);
	if ((holder = fork())) {
		close(fd);
		return;
	}
	while ((c = accept(fd, NULL, NULL)) >= 0) {
		if (read(c, &m, sizeof m) == sizeof m && m.what != HANDOFF_HELD_DROP)
			(void)!send(c, yes, sizeof yes, MSG_NOSIGNAL);
		close(c);
	}
	_exit(0);
}

static void
put_map(void)
{
	uint8_t zero[32] = { 0 };
	struct buf b = BUF_INIT;
	FILE *f;

	snprintf(map, sizeof map, "%s/map", dir);
	f = fopen(map, "wex");
	assert_non_null(f);
	buf_put_str(&b, made[0].alg == -7 ? "alice " RP " es256 up " : "alice " RP " eddsa up ");
	text_encode(TEXT_BASE64, SPAN(made[0].id, made[0].id_len), &b);
	buf_put_u8(&b, ' ');
	text_encode(TEXT_BASE64, SPAN(made[0].pub, made[0].pub_len), &b);
	buf_put_u8(&b, ' ');
	text_encode(TEXT_BASE64, SPAN(zero, 32), &b);
	buf_put_u8(&b, '\n');
	assert_int_equal(fwrite(b.p, 1, b.len, f), b.len);
	buf_done(&b);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(map, 0644), 0);
}

static void
link_helper(const char *name, const char *to)
{
	char path[200];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_int_equal(symlink(to, path), 0);
}

static int
begin(void **state)
{
	static const char *const names[] = { "ownkey-token", "ownkey-list", "ownkey-verify",
		"ownkey-softtoken" };
	char to[4200], self[4096];

	assert_int_equal(setup(state), 0);
	assert_int_equal(log_in(1), 1);
	pull_out(0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(to, sizeof to, "%s/%s", libexec, names[i]);
		link_helper(names[i], to);
	}
	assert_non_null(realpath("/proc/self/exe", self));
	link_helper("ownkey-handoff", self);
	snprintf(libexec, sizeof libexec, "%s", dir);
	snprintf(home, sizeof home, "%s", dir);
	plug_in(0, "auto", "1234");
	put_map();
	snprintf(maparg, sizeof maparg, "map=%s", map);
	snprintf(source, sizeof source, "token=%s", paths[0]);
	hold();
	return 0;
}

static int
end(void **state)
{
	if (holder > 0) {
		kill(holder, SIGKILL);
		waitpid(holder, NULL, 0);
	}
	return teardown(state) || has_children();
}

int
main(int argc, char **argv)
{
	struct CMUnitTest tests[NSEQUENCES + 1] = { cmocka_unit_test(test_codes) };

	for (size_t i = 0; i < NSEQUENCES; i++)
		tests[i + 1] =
		    (struct CMUnitTest){ sequences[i].name, each_fails, NULL, NULL, &sequences[i] };
	if (argc && fake_is_wanted(argv[0]))
		fake_handoff("/dev/null");
	return cmocka_run_group_tests(tests, begin, end);
}
