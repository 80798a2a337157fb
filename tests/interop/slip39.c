/*
 * usage: slip39 split THRESHOLD COUNT HEX PASSPHRASE      shares, one a line
 *        slip39 combine PASSPHRASE <SHARES                the secret in hex
 * Our SLIP-39 for 72-shares.sh, with secrets on the command line, as no program should.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/worker/slip39.h"
#include "lib/crypto.h"
#include "lib/text.h"

static void
must(enum err e)
{
	if (e == ERR_OK)
		return;
	fprintf(stderr, "slip39: %s\n", err_name(e));
	exit(1);
}

static void
split(char **argv)
{
	struct slip39_plan plan = { (unsigned)atoi(argv[0]), (unsigned)atoi(argv[1]) };
	struct sec words[SLIP39_MEMBERS] = { { 0 } };
	uint8_t secret[SLIP39_SECRET_MAX];
	uint16_t id;
	size_t n;

	must(text_decode(TEXT_HEX, span_str(argv[2]), secret, sizeof(secret), &n));
	must(slip39_split(SPAN(secret, n), span_str(argv[3]), &plan, words, &id));
	for (unsigned i = 0; i < plan.count; i++) {
		fwrite(words[i].p, 1, words[i].len, stdout);
		putchar('\n');
		sec_done(&words[i]);
	}
}

static void
combine(const char *passphrase)
{
	struct slip39_set set = { 0 };
	struct slip39_share share;
	struct sec out = { 0 };
	char line[1024];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		must(slip39_decode(span_str(line), &share, NULL));
		must(slip39_set_add(&set, &share));
	}
	must(slip39_set_combine(&set, span_str(passphrase), &out));
	for (size_t i = 0; i < out.len; i++)
		printf("%02x", out.p[i]);
	putchar('\n');
	sec_done(&out);
	slip39_set_done(&set);
}

int
main(int argc, char **argv)
{
	must(sec_arena_open(65536, true, true));
	must(crypto_init_light());
	if (argc == 6 && strcmp(argv[1], "split") == 0)
		split(argv + 2);
	else if (argc == 3 && strcmp(argv[1], "combine") == 0)
		combine(argv[2]);
	else
		return 64;
	return 0;
}
