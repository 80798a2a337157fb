#include <sys/mman.h>

#include "lib/sec.h"
#include "pam/kept.h"

struct kept *
kept_new(void)
{
	struct kept *k =
	    mmap(NULL, sizeof(*k), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (k == MAP_FAILED)
		return NULL;
	if (mlock(k, sizeof(*k)) < 0 || madvise(k, sizeof(*k), MADV_DONTDUMP) < 0 ||
	    madvise(k, sizeof(*k), MADV_WIPEONFORK) < 0) {
		munmap(k, sizeof(*k));
		return NULL;
	}
	return k;
}

void
kept_free(struct kept *k)
{
	if (!k)
		return;
	sec_zero(k, sizeof(*k));
	munmap(k, sizeof(*k)); /* and with it the lock */
}
