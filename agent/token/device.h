/*
 * device.h - one token and one job: opening, the library's errors as ours, what is reported.
 *
 * Order: device_init, device_connect (the device is open, nothing said yet; the sandbox comes
 * here), device_run, device_done.  device_run sends the RESULT itself; an error is returned, for
 * device_fail to send.
 */
#ifndef AGENT_TOKEN_DEVICE_H
#define AGENT_TOKEN_DEVICE_H

#include <fido.h>

#include "agent/token/channel.h"
#include "agent/token/port.h"
#include "lib/job.h"
#include "lib/sec.h"

#define DEVICE_CREDS_MAX  64
#define DEVICE_TIMEOUT_MS 30000 /* when the job names none */
#define DEVICE_PATH_MAX	  256
#define DEVICE_RP_MAX	  256

struct device {
	const struct token_job *job; /* borrowed */
	const struct verb *verb;     /* what the job asks for, device.c */
	int out;		     /* events go there; -1 = nowhere */
	struct port port;
	struct channel channel;
	fido_dev_t *dev;
	fido_cbor_info_t *info; /* NULL: speaks U2F only */
	char rp_id[DEVICE_RP_MAX];
	struct sec pin, newpin; /* NUL-terminated; empty when the job has none */
	uint64_t retries;	/* PIN tries left, when known */
	bool has_retries;
};

/* The credential ids of a job. */
struct device_creds {
	struct span v[DEVICE_CREDS_MAX];
	size_t n;
};

/* Checks the job; copies PINs and names where the library can use them.  ERR_USAGE when a field is
 * missing, ERR_RANGE, ERR_TOOBIG, ERR_PIN_POLICY. */
MUST enum err device_init(struct device *d, const struct token_job *job, int out);
/* Open the device; ctl is watched for the vault's cancel (-1: nothing to watch). */
MUST enum err device_connect(struct device *d, int ctl);
/* Is it a token, and ours for now?  Before the sandbox, after root is given away. */
MUST enum err device_ready(struct device *d);
/* Instead of device_connect, for tests: these reports. */
void device_attach(struct device *d, const struct port *port);
/* INIT, getInfo, the operation.  ERR_CANCELLED when the vault hung up. */
MUST enum err device_run(struct device *d);
void device_done(struct device *d);

/* An event, a failure (with the tries left, when known); what cannot be sent is lost. */
void device_send(const struct device *d, struct token_event *ev);
void device_fail(const struct device *d, enum err e);

/* --- for the operations --- */

/* The library's code as ours; what the channel knows comes first. */
enum err device_error(const struct device *d, int fido);
/* Forget the channel and take a fresh one: after a failed read it may hold a stale answer. */
MUST enum err device_reopen(struct device *d);
/* Read how many PIN tries are left into d->retries. */
MUST enum err device_read_retries(struct device *d);
/* May the job's PIN be sent?  ERR_PIN_UNSET, ERR_PIN_BLOCKED, ERR_PIN_LOW, ERR_PIN_CHANGE. */
MUST enum err device_check_pin(struct device *d);
/* The verification that the job asks for is there?  *pin: what to give to the library. */
MUST enum err device_check_uv(struct device *d, const char **pin);
/* After an error that concerns the PIN: find out how many tries are left, on a fresh channel. */
enum err device_after_pin(struct device *d, enum err e);
bool device_has_option(const struct device *d, const char *name, bool *value);
bool device_has_extension(const struct device *d, const char *name);
bool device_has_alg(const struct device *d, int alg);
MUST enum err device_get_creds(const struct device *d, struct device_creds *c);

/* The operations: info.c, assert.c, make.c, pin.c. */
MUST enum err device_info(struct device *d);
MUST enum err device_assert(struct device *d);
MUST enum err device_make(struct device *d);
MUST enum err device_pin_set(struct device *d);
MUST enum err device_pin_change(struct device *d);
MUST enum err device_select(struct device *d);

#endif
