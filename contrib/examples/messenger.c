/*
 * messenger.c - where an author of a messenger could start: keys that stay in ownkey.
 *
 *	ownkey id add app messenger
 *	cc messenger.c $(pkg-config --cflags --libs ownkey) -o messenger
 *	./messenger
 *
 * It waits until the vault is open, finds its identity, signs a message, agrees on a key with a
 * peer, gets the key of its database, and forgets that when the vault is locked.  C99; C++ too.
 */
#include <stdio.h>
#include <string.h>

#include <ownkey.h>

#define ACCOUNT "messenger"

struct messenger {
	struct ownkey *ownkey;
	char sign[256], agree[256], secret[256]; /* paths of our keys */
	unsigned char database_key[32];
	int have_key;
	int locked; /* the vault was locked since we looked */
};

static int
failed(struct messenger *m, const char *what, int error)
{
	fprintf(stderr, "%s: %s %s\n", what, ownkey_error_text(error), ownkey_detail(m->ownkey));
	if (*ownkey_error_hint(error))
		fprintf(stderr, "hint: %s\n", ownkey_error_hint(error));
	return error;
}

/* May come during any call; only notes what happened. */
static void
on_event(void *arg, enum ownkey_event event, const char *text)
{
	struct messenger *m = (struct messenger *)arg;

	if (event == OWNKEY_EVENT_LOCKED)
		m->locked = 1;
	else if (event == OWNKEY_EVENT_TOUCH)
		fprintf(stderr, "touch your token %s\n", text);
}

static void
print_hex(const char *name, const unsigned char *p, size_t n)
{
	size_t i;

	printf("%s ", name);
	for (i = 0; i < n; i++)
		printf("%02x", p[i]);
	printf("\n");
}

static void
keep_path(char path[256], const struct ownkey_row *row, const char *purpose)
{
	unsigned char key[32];

	if (strcmp(ownkey_row_purpose(row), purpose) != 0)
		return;
	snprintf(path, 256, "%s", ownkey_row_label(row));
	if (ownkey_row_public_key(row, key))
		print_hex(purpose, key, sizeof key);
}

/* Our identity among all: the public keys are what others must know. */
static int
find_identity(struct messenger *m)
{
	const struct ownkey_row *row;
	struct ownkey_list *list;
	int error;

	if ((error = ownkey_list(m->ownkey, OWNKEY_IDENTITIES, "app", NULL, &list)))
		return failed(m, "listing", error);
	while ((row = ownkey_list_next(list))) {
		if (strcmp(ownkey_row_account(row), ACCOUNT) != 0)
			continue;
		keep_path(m->sign, row, "sign");
		keep_path(m->agree, row, "agree");
		keep_path(m->secret, row, "secret");
	}
	ownkey_list_free(list);
	if (*m->sign && *m->agree && *m->secret)
		return 0;
	fprintf(stderr, "make an identity first: ownkey id add app/%s\n", ACCOUNT);
	return OWNKEY_NOTFOUND;
}

static int
sign_message(struct messenger *m, const char *message)
{
	struct ownkey_bytes data;
	unsigned char signature[64];
	int error;

	data.p = message;
	data.len = strlen(message);
	if ((error = ownkey_sign(m->ownkey, m->sign, "messenger: message", data, signature)))
		return failed(m, "signing", error);
	print_hex("signature", signature, sizeof signature);
	return 0;
}

/* The base point stands for what a peer would send. */
static int
agree_on_key(struct messenger *m)
{
	static const unsigned char peer[32] = { 9 };
	struct ownkey_agreement a;
	unsigned char key[32];
	int error;

	memset(&a, 0, sizeof a);
	a.path = m->agree;
	a.peer = peer;
	a.info.p = "messenger: session";
	a.info.len = strlen("messenger: session");
	if ((error = ownkey_agree(m->ownkey, &a, key, sizeof key)))
		return failed(m, "agreeing", error);
	print_hex("session", key, sizeof key);
	ownkey_wipe(key, sizeof key);
	return 0;
}

static int
open_database(struct messenger *m)
{
	size_t len;
	int error;

	error = ownkey_get(m->ownkey, m->secret, m->database_key, sizeof m->database_key, &len);
	if (error)
		return failed(m, "database key", error);
	m->have_key = 1;
	printf("database open\n");
	return 0;
}

static void
close_database(struct messenger *m)
{
	ownkey_wipe(m->database_key, sizeof m->database_key);
	m->have_key = 0;
	printf("database closed\n");
}

static int
start(struct messenger *m)
{
	int error;

	if ((error = ownkey_connect(&m->ownkey, "messenger 1.0")))
		return failed(m, "connecting", error);
	if ((error = ownkey_subscribe(m->ownkey, on_event, m)))
		return failed(m, "events", error);
	if ((error = ownkey_wait_unlocked(m->ownkey, 60000, 1)))
		return failed(m, "unlocking", error);
	if ((error = find_identity(m)) || (error = sign_message(m, "hello")) ||
	    (error = agree_on_key(m)))
		return error;
	return open_database(m);
}

int
main(void)
{
	struct messenger m;
	int error;

	memset(&m, 0, sizeof m);
	error = start(&m);
	/* a real one would poll ownkey_fd among its other descriptors */
	while (!error && !m.locked) {
		fflush(stdout);
		error = ownkey_pump(m.ownkey, 60000);
	}
	if (m.have_key)
		close_database(&m);
	ownkey_close(m.ownkey);
	return error ? 1 : 0;
}
