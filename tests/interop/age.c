/*
 * age.c - usage: age encrypt [-a] RECIPIENT...		from stdin to stdout, streaming
 *                age encrypt [-a] -p LOGN		passphrase: a line on descriptor 3
 *                age decrypt IDENTITIES		file of age-keygen
 *                age decrypt -p			passphrase: a line on descriptor 3
 *                age check				kinds of recipients, bytes of plaintext
 * What lib/age.h reads and writes, as a program, for other programs to meet and to be measured by.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/age.h"
#include "lib/crypto.h"

static uint8_t block[1 << 16];

static void
must(enum err e)
{
	if (!e)
		return;
	fprintf(stderr, "%s\n", err_name(e));
	exit(1);
}

static void
write_all(struct span s)
{
	ssize_t n;

	for (; s.len > 0; s = SPAN(s.p + n, s.len - (size_t)n))
		if ((n = write(1, s.p, s.len)) <= 0)
			must(ERR_IO);
}

static struct span
read_block(void)
{
	ssize_t n = read(0, block, sizeof(block));

	if (n < 0)
		must(ERR_IO);
	return SPAN(block, (size_t)n);
}

/* A test's passphrase: no secret. */
static void
wrap_key(const uint8_t *salt, unsigned log_n, uint8_t wrap[32])
{
	uint8_t pass[256];
	ssize_t n = read(3, pass, sizeof(pass));

	while (n > 0 && pass[n - 1] == '\n')
		n--;
	if (n < 0)
		must(ERR_IO);
	must(age_scrypt(SPAN(pass, (size_t)n), salt, log_n, wrap));
}

/* ---- encrypt ---- */

static void
add_passphrase(struct age_writer *w, const char *log_n)
{
	uint8_t salt[AGE_SALT], wrap[32];

	crypto_random(salt, sizeof(salt));
	wrap_key(salt, (unsigned)atoi(log_n), wrap);
	must(age_writer_scrypt(w, salt, (unsigned)atoi(log_n), wrap));
}

static void
add_recipient(struct age_writer *w, const char *text)
{
	uint8_t pub[32];

	must(age_recipient_parse(span_str(text), pub));
	must(age_writer_recipient(w, pub));
}

static void
encrypt(char **args)
{
	bool armored = *args && strcmp(*args, "-a") == 0;
	struct age_writer w;
	struct span in, out;

	must(age_writer_init(&w, armored));
	args += armored;
	if (*args && strcmp(*args, "-p") == 0)
		add_passphrase(&w, args[1]);
	else
		while (*args)
			add_recipient(&w, *args++);
	must(age_writer_start(&w, &out));
	write_all(out);
	while ((in = read_block()).len > 0)
		while (in.len > 0) {
			must(age_writer_push(&w, &in, &out));
			write_all(out);
		}
	must(age_writer_end(&w, &out));
	write_all(out);
	age_writer_done(&w);
}

/* ---- decrypt ---- */

static void
give_identities(struct age_reader *r, const char *path)
{
	FILE *f = fopen(path, "rb");
	struct sec privs = { 0 };
	char text[65536];

	if (!f)
		must(ERR_NOTFOUND);
	must(sec_init(&privs, 32 * 64));
	must(age_identity_file(SPAN(text, fread(text, 1, sizeof(text), f)), &privs));
	fclose(f);
	must(age_reader_identities(r, sec_span(&privs)));
	sec_done(&privs);
}

static void
give_key(struct age_reader *r, const char *how)
{
	uint8_t wrap[32];

	if (!how) {
		age_reader_check(r);
	} else if (strcmp(how, "-p") == 0) {
		if (!(r->header.kinds & AGE_SCRYPT))
			must(ERR_AGE_MATCH);
		wrap_key(r->header.salt, r->header.log_n, wrap);
		must(age_reader_scrypt(r, wrap));
	} else {
		give_identities(r, how);
	}
}

static void
decrypt(const char *how)
{
	struct age_reader r;
	struct span in, out;

	age_reader_init(&r, AGE_LOGN_MAX);
	while ((in = read_block()).len > 0)
		do {
			must(age_reader_push(&r, &in, &out));
			write_all(out);
			if (r.wants_key)
				give_key(&r, how);
		} while (in.len > 0 || out.len > 0);
	must(age_reader_end(&r, &out));
	write_all(out);
	if (!how)
		printf("kinds %u stanzas %zu size %llu\n", r.header.kinds, r.header.stanzas,
		    (unsigned long long)r.size);
	age_reader_done(&r);
}

int
main(int argc, char **argv)
{
	must(crypto_init());
	must(sec_arena_open(2 * AGE_ARENA, false, true));
	if (argc > 2 && strcmp(argv[1], "encrypt") == 0)
		encrypt(argv + 2);
	else if (argc == 3 && strcmp(argv[1], "decrypt") == 0)
		decrypt(argv[2]);
	else if (argc == 2 && strcmp(argv[1], "check") == 0)
		decrypt(NULL);
	else
		must(ERR_USAGE);
	return 0;
}
