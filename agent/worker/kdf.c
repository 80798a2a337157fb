#include "agent/worker/kdf.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/age.h"
#include "lib/crypto.h"

#define KEY_LEN 32

/* malloc promises more than there is, and then the kernel kills somebody: look before.  Swap
 * counts: slow is better than shut out. */
enum err
kdf_check_memory(const char *meminfo, uint64_t kib)
{
	uint64_t available = 0, swap = 0;
	char line[128];
	FILE *f = fopen(meminfo, "re");

	if (f == NULL)
		return ERR_OK;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "MemAvailable: %" SCNu64, &available) != 1)
			(void)sscanf(line, "SwapFree: %" SCNu64, &swap);
	fclose(f);
	return available > 0 && available + swap < kib ? ERR_KDF_MEMORY : ERR_OK;
}

unsigned
kdf_log_n_max(const char *meminfo)
{
	unsigned n = AGE_LOGN_MAX;

	while (n > 1 && kdf_check_memory(meminfo, (uint64_t)1 << n) != ERR_OK)
		n--;
	return n;
}

enum err
kdf_argon2(struct worker *w)
{
	const struct worker_job *j = &w->job;
	struct crypto_argon cost = { j->salt.p, (uint32_t)j->m, (uint32_t)j->t };
	enum err e;

	if ((e = sec_init(&w->out, KEY_LEN)) != ERR_OK ||
	    (e = crypto_argon2id(j->pass, &cost, w->out.p, KEY_LEN)) != ERR_OK)
		return e;
	w->out.len = KEY_LEN;
	w->event.out = sec_span(&w->out);
	return ERR_OK;
}

enum err
kdf_scrypt(struct worker *w)
{
	const struct worker_job *j = &w->job;
	enum err e;

	if ((e = sec_init(&w->out, KEY_LEN)) != ERR_OK ||
	    (e = age_scrypt(j->pass, j->salt.p, (unsigned)j->log_n, w->out.p)) != ERR_OK)
		return e;
	w->out.len = KEY_LEN;
	w->event.out = sec_span(&w->out);
	return ERR_OK;
}

enum err
kdf_rsa(struct worker *w)
{
	enum err e = crypto_rsa_generate((unsigned)w->job.bits, &w->out);

	w->event.out = sec_span(&w->out);
	return e;
}
