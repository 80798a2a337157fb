/* verify.c - the field tables of verify.h. */
#include "lib/verify.h"

static const struct wire_field verify_cred_fields[] = {
	WIRE_F(verify_cred, 1, BYTES, 0, cred_id, 1, 1024, "credential id"),
	WIRE_F(verify_cred, 2, INT, 0, alg, 0, 0, "COSE algorithm"),
	WIRE_F(verify_cred, 3, BYTES, 0, pubkey, 32, 64, "credential public key, raw"),
	WIRE_F(verify_cred, 4, BOOL, WF_OPT, up, 0, 1, "a touch is wanted"),
	WIRE_F(verify_cred, 5, BOOL, WF_OPT, uv, 0, 1, "PIN or fingerprint is wanted"),
};
const struct wire_map verify_cred_map = { "verify-cred", sizeof(struct verify_cred),
	verify_cred_fields, sizeof verify_cred_fields / sizeof *verify_cred_fields, false, 0 };

static const struct wire_field verify_key_fields[] = {
	WIRE_F(verify_key, 1, BYTES, 0, blob, 1, 4096, "public key"),
	WIRE_F(verify_key, 2, BOOL, WF_OPT, up, 0, 1, "a touch is wanted"),
	WIRE_F(verify_key, 3, BOOL, WF_OPT, uv, 0, 1, "PIN or fingerprint is wanted"),
};
const struct wire_map verify_key_map = { "verify-key", sizeof(struct verify_key), verify_key_fields,
	sizeof verify_key_fields / sizeof *verify_key_fields, false, 0 };

static const struct wire_field verify_job_fields[] = {
	WIRE_E(verify_job, 1, 0, op, VERIFY_CHECK_SSH, "begin|begin-ssh|check|check-ssh",
	    "what to do"),
	WIRE_F(verify_job, 2, BOOL, WF_OPT, probe, 0, 1, "logs nobody in"),
	WIRE_F(verify_job, 3, TEXT, WF_OPT, rp_id, 1, 255, "relying party id"),
	WIRE_F(verify_job, 4, TEXT, WF_OPT, host, 0, VERIFY_TEXT_MAX, "where from"),
	WIRE_F(verify_job, 5, TEXT, WF_OPT, service, 1, VERIFY_TEXT_MAX, "PAM service"),
	WIRE_F(verify_job, 6, TEXT, WF_OPT, user, 1, VERIFY_TEXT_MAX, "who wants in"),
	WIRE_S(verify_job, 10, LIST, WF_OPT, creds, &verify_cred_map, VERIFY_CREDS,
	    "credentials that may log in"),
	WIRE_F(verify_job, 11, BYTES, WF_OPT, cred_id, 1, 1024, "credential that answered"),
	WIRE_F(verify_job, 12, BYTES, WF_OPT, authdata, 1, 4096, "authenticator data"),
	WIRE_F(verify_job, 13, BYTES, WF_OPT, sig, 1, 4096, "signature"),
	WIRE_S(verify_job, 14, LIST, WF_OPT, keys, &verify_key_map, VERIFY_CREDS,
	    "ssh keys that may log in"),
	WIRE_F(verify_job, 15, BYTES, WF_OPT, key, 1, 4096, "ssh key that signed"),
};
const struct wire_map verify_job_map = { "verify-job", sizeof(struct verify_job), verify_job_fields,
	sizeof verify_job_fields / sizeof *verify_job_fields, false, 0 };

static const struct wire_field verify_event_fields[] = {
	WIRE_E(verify_event, 1, 0, kind, VERIFY_EV_BAD, "begun|good|bad", "what this is"),
	WIRE_F(verify_event, 2, UINT, WF_OPT, err, 1, 65535, "error number"),
	WIRE_F(verify_event, 3, BYTES, 0, nonce, 32, 32, "of this login"),
	WIRE_F(verify_event, 4, BYTES, WF_OPT, cdh, 32, 32, "client data hash"),
	WIRE_F(verify_event, 5, BYTES, WF_OPT, tbs, 1, SSHLOGIN_TBS_MAX,
	    "what an ssh agent is to sign"),
	WIRE_F(verify_event, 6, UINT, WF_OPT, index, 0, VERIFY_CREDS - 1, "which credential"),
	WIRE_F(verify_event, 7, UINT, WF_OPT, counter, 0, UINT32_MAX, "signature counter"),
	WIRE_F(verify_event, 8, BOOL, WF_OPT, up, 0, 1, "touched"),
	WIRE_F(verify_event, 9, BOOL, WF_OPT, uv, 0, 1, "PIN or fingerprint was given"),
	WIRE_F(verify_event, 10, BYTES, WF_OPT, message, 1, SSHLOGIN_MAX, "what is signed"),
};
const struct wire_map verify_event_map = { "verify-event", sizeof(struct verify_event),
	verify_event_fields, sizeof verify_event_fields / sizeof *verify_event_fields, false, 0 };
