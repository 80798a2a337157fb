/*
 * kdf.h - the jobs that only compute: Argon2id and RSA.
 */
#ifndef WORKER_KDF_H
#define WORKER_KDF_H

#include "agent/worker/worker.h"

/* Is the machine able to give the job m KiB?  ERR_KDF_MEMORY.  meminfo: "/proc/meminfo"; if it
 * cannot be read, the answer is yes. */
MUST enum err kdf_check_memory(const char *meminfo, uint64_t kib);
/* The largest work factor of scrypt that it is able to, at most AGE_LOGN_MAX. */
unsigned kdf_log_n_max(const char *meminfo);
MUST enum err kdf_argon2(struct worker *w);
MUST enum err kdf_rsa(struct worker *w);
/* scrypt as age wants it (age.h): the 32 bytes that wrap a file key. */
MUST enum err kdf_scrypt(struct worker *w);

#endif
