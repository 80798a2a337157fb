/* ownkey-kat FILE.json: are this build's keys those of the specification? */
#include "lib/crypto.h"
#include "tests/kat/kat.h"

int
main(int argc, char **argv)
{
	struct kat k = { .out = stderr };
	enum err r;
	bool ok;

	if (argc != 2) {
		fprintf(stderr, "usage: ownkey-kat FILE.json\n");
		return err_exit(ERR_USAGE);
	}
	if ((r = crypto_init()) || (r = sec_arena_open(65536, true, true))) {
		fprintf(stderr, "ownkey-kat: %s\n", err_text(r));
		return 1;
	}
	ok = kat_file(&k, argv[1]);
	fflush(stderr);
	printf("%zu passed, %zu failed\n", k.passed, k.failed);
	sec_arena_close();
	return ok && k.failed == 0 ? 0 : 1;
}
