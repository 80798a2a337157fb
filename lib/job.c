/* job.c - the field tables of job.h. */
#include "lib/job.h"

#include "lib/root.h"
#include "lib/sshkey.h"

#define KEY_SECRET (WF_OPT | WF_SECRET)

static const struct wire_field token_job_fields[] = {
	WIRE_E(token_job, 1, 0, op, TOKEN_SERVE,
	    "list|watch|info|assert|make|pin-set|pin-change|select|serve", "what to do"),
	WIRE_F(token_job, 2, TEXT, WF_OPT, path, 1, 255, "device"),
	WIRE_F(token_job, 3, TEXT, WF_OPT, rp_id, 1, 255, "relying party id"),
	WIRE_F(token_job, 4, BYTES, WF_OPT, cdh, 32, 32, "client data hash"),
	WIRE_F(token_job, 5, BLOBS, WF_OPT, creds, 0, 1024, "credential ids"),
	WIRE_F(token_job, 6, BYTES, WF_OPT, salt, 32, 64, "hmac-secret salt"),
	WIRE_F(token_job, 7, BYTES, KEY_SECRET, pin, 4, 63, "PIN"),
	WIRE_F(token_job, 8, BYTES, KEY_SECRET, newpin, 4, 63, "new PIN"),
	WIRE_F(token_job, 9, BOOL, WF_OPT, up, 0, 1, "ask for a touch"),
	WIRE_E(
	    token_job, 10, WF_OPT, uv, TOKEN_UV_BUILTIN, "none|pin|builtin", "user verification"),
	WIRE_F(token_job, 11, UINT, WF_OPT, timeout_ms, 0, 3600000, "whole operation"),
	WIRE_F(token_job, 12, TEXT, WF_OPT, user, 1, 64, "user name of a new credential"),
	WIRE_F(token_job, 13, BYTES, WF_OPT, user_id, 1, 64, "user id of a new credential"),
	WIRE_F(token_job, 14, BLOBS, WF_OPT, sources, 1, 255, "where to look for tokens"),
	WIRE_F(token_job, 15, TEXT, WF_OPT, sysfs, 1, 255, "root of sysfs"),
	WIRE_F(token_job, 16, TEXT, WF_OPT, dev, 1, 255, "root of dev"),
	WIRE_F(token_job, 17, BOOL, WF_OPT, force, 0, 1, "use the PIN with few tries left"),
	WIRE_F(token_job, 18, UINTS, WF_OPT, algs, 6, 7, "algorithms, -1 - COSE number"),
	WIRE_F(token_job, 19, BOOL, WF_OPT, plain, 0, 1, "without hmac-secret"),
	WIRE_F(token_job, 20, BOOL, WF_OPT, resident, 0, 1, "a passkey slot of the token"),
	WIRE_F(token_job, 21, UINT, WF_OPT, protect, 0, 3, "credProtect"),
	WIRE_F(token_job, 22, BLOBS, WF_OPT, refuse, 32, 32, "of third machines, SHA-256"),
	WIRE_F(token_job, 23, BLOBS, WF_OPT, known, 32, 32, "asked for before, SHA-256"),
	WIRE_F(token_job, 24, UINT, WF_OPT, uid, 1, UINT32_MAX - 1, "who it becomes"),
	WIRE_F(token_job, 25, UINT, WF_OPT, gid, 1, UINT32_MAX - 1, "who it becomes, group"),
};
const struct wire_map token_job_map = { "token-job", sizeof(struct token_job), token_job_fields,
	sizeof token_job_fields / sizeof *token_job_fields, false, 0 };

static const struct wire_field token_event_fields[] = {
	WIRE_E(token_event, 1, 0, kind, TOKEN_EV_RELEASED,
	    "device|end|working|touch|result|error|need-pin|refused|released", "what this is"),
	WIRE_F(token_event, 2, UINT, WF_OPT, err, 0, 65535, "error number"),
	WIRE_F(token_event, 3, UINT, WF_OPT, retries, 0, 255, "PIN tries left"),
	WIRE_F(token_event, 4, TEXT, WF_OPT, path, 1, 255, "device"),
	WIRE_F(token_event, 5, TEXT, WF_OPT, name, 0, 127, "product name"),
	WIRE_F(token_event, 6, UINT, WF_OPT, vendor, 0, 65535, "USB vendor id"),
	WIRE_F(token_event, 7, UINT, WF_OPT, product, 0, 65535, "USB product id"),
	WIRE_F(token_event, 8, BOOL, WF_OPT, access, 0, 1, "may be opened"),
	WIRE_F(token_event, 9, BYTES, WF_OPT | WF_HEX, aaguid, 16, 16, "model"),
	WIRE_F(token_event, 10, UINT, WF_OPT, options, 0, 65535, "bits of enum token_option"),
	WIRE_F(token_event, 11, UINT, WF_OPT, max_creds, 0, 65535, "credentials in one list"),
	WIRE_F(token_event, 12, UINT, WF_OPT, max_cred_id, 0, 65535, "length of a credential id"),
	WIRE_F(token_event, 13, UINT, WF_OPT, min_pin, 0, 63, "shortest PIN"),
	WIRE_F(token_event, 14, TEXT, WF_OPT, versions, 0, 255, "CTAP versions"),
	WIRE_F(token_event, 15, TEXT, WF_OPT, extensions, 0, 255, "extensions"),
	WIRE_F(token_event, 16, UINT, WF_OPT, firmware, 0, UINT64_MAX, "firmware version"),
	WIRE_F(token_event, 17, BYTES, WF_OPT, cred_id, 1, 1024, "credential id"),
	WIRE_F(token_event, 18, BYTES, WF_OPT, authdata, 37, 4096, "authenticator data"),
	WIRE_F(token_event, 19, BYTES, WF_OPT, sig, 1, 1024, "signature"),
	WIRE_F(token_event, 20, BYTES, KEY_SECRET, secret, 0, 64, "hmac-secret output"),
	WIRE_F(token_event, 21, BYTES, WF_OPT, pubkey, 32, 128, "credential public key, raw"),
	WIRE_F(token_event, 22, INT, WF_OPT, alg, 0, 0, "COSE algorithm"),
	WIRE_F(token_event, 23, TEXT, WF_OPT, fmt, 1, 32, "attestation statement format"),
	WIRE_F(token_event, 24, BYTES, WF_OPT, cert, 1, 4096, "attestation certificate"),
	WIRE_F(token_event, 25, BOOL, WF_OPT, fresh, 0, 1, "never asked for before"),
};
const struct wire_map token_event_map = { "token-event", sizeof(struct token_event),
	token_event_fields, sizeof token_event_fields / sizeof *token_event_fields, false, 0 };

static const struct wire_field worker_succession_fields[] = {
	WIRE_F(worker_succession, 1, BYTES, 0, entry, 1, SUCCESSION_ENTRY_MAX, "entry of a log"),
	WIRE_F(worker_succession, 2, UINT, 0, generation, 0, UINT32_MAX, "generation of its key"),
	WIRE_F(worker_succession, 3, UINT, 0, j, 0, ROOT_SUCCESSION - 1, "number of its key"),
	WIRE_F(worker_succession, 4, UINT, WF_OPT, next_generation, 0, UINT32_MAX,
	    "generation of the key it announces"),
	WIRE_F(worker_succession, 5, UINT, WF_OPT, next_j, 0, ROOT_SUCCESSION - 1,
	    "number of the key it announces"),
};
const struct wire_map worker_succession_map = { "worker-succession",
	sizeof(struct worker_succession), worker_succession_fields,
	sizeof worker_succession_fields / sizeof *worker_succession_fields, false, 0 };

static const struct wire_field worker_job_fields[] = {
	WIRE_E(worker_job, 1, 0, op, WORKER_SIGN,
	    "argon2|phrase-make|phrase-open|rsa|share-make|card|succession-sign|scrypt|backup-open|"
	    "sign",
	    "what to do"),
	WIRE_F(worker_job, 2, BYTES, KEY_SECRET, pass, 1, 1024, "passphrase"),
	WIRE_F(worker_job, 3, BYTES, WF_OPT, salt, 16, 16, "Argon2 or scrypt salt"),
	WIRE_F(worker_job, 4, UINT, WF_OPT, m, 8, 2 * 1024 * 1024, "Argon2 memory, KiB"),
	WIRE_F(worker_job, 5, UINT, WF_OPT, t, 1, 64, "Argon2 passes"),
	WIRE_F(worker_job, 6, BLOBS, WF_OPT, slot_ids, 16, 16, "slots of the phrase"),
	WIRE_F(worker_job, 7, UINT, WF_OPT, generation, 0, UINT32_MAX, "generation of the seed"),
	WIRE_F(worker_job, 8, BOOL, WF_OPT, want_seed, 0, 1, "return the seed too"),
	WIRE_F(worker_job, 9, BYTES, WF_OPT, fpr, 4, 4, "fingerprint the words must have"),
	WIRE_F(worker_job, 10, UINT, WF_OPT, bits, 2048, 4096, "RSA size"),
	WIRE_F(worker_job, 11, UINT, WF_OPT, tries, 0, 20, "how often words may be typed"),
	WIRE_F(worker_job, 12, UINT, WF_OPT, wait_ms, 0, 4 * 3600000, "patience with the person"),
	WIRE_F(worker_job, 13, BOOL, WF_OPT, no_confirm, 0, 1, "words are not typed back"),
	WIRE_F(worker_job, 20, UINT, WF_OPT, threshold, 0, 255, "so many shares open"),
	WIRE_F(worker_job, 21, UINT, WF_OPT, count, 0, 255, "shares there will be"),
	WIRE_F(worker_job, 22, BOOL, WF_OPT, card, 0, 1, "show a card besides the words"),
	WIRE_S(worker_job, 30, LIST, WF_OPT, successions, &worker_succession_map,
	    WORKER_SUCCESSIONS, "entries of succession logs"),
	WIRE_F(worker_job, 40, UINT, WF_OPT, log_n, 1, 20, "scrypt work factor"),
	WIRE_F(worker_job, 41, UINT, WF_OPT, generations, 0, 16, "seeds of the first so many"),
};
const struct wire_map worker_job_map = { "worker-job", sizeof(struct worker_job), worker_job_fields,
	sizeof worker_job_fields / sizeof *worker_job_fields, false, 0 };

static const struct wire_field worker_sign_fields[] = {
	WIRE_F(worker_sign, 1, UINT, 0, type, 0, SSHKEY_TYPES - 1, "kind of key"),
	WIRE_F(worker_sign, 2, UINT, 0, hash, 0, SSHKEY_SHA512, "hash of RSA"),
	WIRE_F(worker_sign, 3, BYTES, WF_SECRET, key, 1, SSHKEY_CANONICAL_MAX, "private key"),
	WIRE_F(worker_sign, 4, BYTES, 0, data, 1, 48 * 1024, "what is signed"),
};
const struct wire_map worker_sign_map = { "worker-sign", sizeof(struct worker_sign),
	worker_sign_fields, sizeof worker_sign_fields / sizeof *worker_sign_fields, false, 0 };

static const struct wire_field worker_event_fields[] = {
	WIRE_E(worker_event, 1, 0, kind, WORKER_EV_ITEM,
	    "working|result|error|generation|head|seed|value|item", "what this is"),
	WIRE_F(worker_event, 2, UINT, WF_OPT, err, 0, 65535, "error number"),
	WIRE_F(worker_event, 3, BYTES, KEY_SECRET, out, 0, 128 * 1024,
	    "derived key, RSA key, secret of an item"),
	WIRE_F(worker_event, 4, BYTES, KEY_SECRET, seed, 32, 32, "seed of the generation"),
	WIRE_F(worker_event, 5, BLOBS, KEY_SECRET, recs, 32, 32, "factors, one a slot id"),
	WIRE_F(worker_event, 6, BYTES, WF_OPT, hashes, 8192, 8192, "succession hashes, 256 x 32"),
	WIRE_F(worker_event, 7, TEXT, KEY_SECRET, backup, 1, 128, "passphrase of backups"),
	WIRE_F(worker_event, 8, BYTES, WF_OPT | WF_HEX, fpr, 4, 4, "fingerprint of the words"),
	WIRE_F(worker_event, 20, BLOBS, WF_OPT, shares, 32, 32, "SHA-256 of each share's words"),
	WIRE_F(worker_event, 21, UINT, WF_OPT, threshold, 0, 16, "so many shares open"),
	WIRE_F(worker_event, 22, UINT, WF_OPT, set, 0, 32767, "identifier of the shares"),
	WIRE_S(worker_event, 30, LIST, WF_OPT, proofs, &succession_signature_map,
	    WORKER_SUCCESSIONS, "signatures of the entries"),
	WIRE_F(worker_event, 41, UINT, WF_OPT, generation, 0, UINT64_MAX, "of the seed or vault"),
	WIRE_F(worker_event, 50, BYTES, KEY_SECRET, record, 1, 256 * 1024, "of the body, CBOR"),
	WIRE_F(worker_event, 51, UINT, WF_OPT, key, 0, UINT32_MAX, "key of the body"),
	WIRE_F(worker_event, 52, UINT, WF_OPT | WF_TIME, created, 0, UINT64_MAX, "made"),
	WIRE_F(worker_event, 53, UINT, WF_OPT | WF_TIME, exposed, 0, UINT64_MAX,
	    "since when others may know it"),
	WIRE_F(worker_event, 54, BYTES, WF_OPT | WF_HEX, vault_id, 16, 16, "vault"),
	WIRE_F(worker_event, 55, BYTES, WF_OPT | WF_HEX, hash, 32, 32, "SHA-256 of the file"),
	WIRE_F(worker_event, 56, UINT, WF_OPT, size, 0, UINT64_MAX, "of the file, bytes"),
};
const struct wire_map worker_event_map = { "worker-event", sizeof(struct worker_event),
	worker_event_fields, sizeof worker_event_fields / sizeof *worker_event_fields, false, 0 };

static const struct wire_field prompt_job_fields[] = {
	WIRE_E(prompt_job, 1, 0, kind, PROMPT_CONFIRM, "pin|passphrase|confirm", "what to ask"),
	WIRE_F(prompt_job, 2, TEXT, WF_OPT, title, 0, 127, "title"),
	WIRE_F(prompt_job, 3, TEXT, 0, text, 1, 2047, "the question"),
	WIRE_F(prompt_job, 4, TEXT, WF_OPT, label, 0, 63, "label of the entry"),
	WIRE_F(prompt_job, 5, TEXT, WF_OPT, error, 0, 255, "what went wrong before"),
	WIRE_F(prompt_job, 6, UINT, WF_OPT, timeout_s, 0, 3600, "seconds"),
	WIRE_F(prompt_job, 7, TEXT, WF_OPT, program, 0, 255, "pinentry"),
	WIRE_F(prompt_job, 8, TEXT, WF_OPT, tty, 0, 255, "terminal"),
	WIRE_F(prompt_job, 9, TEXT, WF_OPT, display, 0, 255, "DISPLAY"),
	WIRE_F(prompt_job, 10, TEXT, WF_OPT, wayland, 0, 255, "WAYLAND_DISPLAY"),
	WIRE_F(prompt_job, 11, TEXT, WF_OPT, xauthority, 0, 255, "XAUTHORITY"),
	WIRE_F(prompt_job, 12, TEXT, WF_OPT, lang, 0, 63, "LANG"),
	WIRE_F(prompt_job, 13, TEXT, WF_OPT, bus, 0, 255, "DBUS_SESSION_BUS_ADDRESS"),
};
const struct wire_map prompt_job_map = { "prompt-job", sizeof(struct prompt_job), prompt_job_fields,
	sizeof prompt_job_fields / sizeof *prompt_job_fields, false, 0 };

static const struct wire_field prompt_event_fields[] = {
	WIRE_F(prompt_event, 1, UINT, 0, err, 0, 65535, "error number, 0 = answered"),
	WIRE_F(prompt_event, 2, BYTES, KEY_SECRET, text, 0, 1024, "what was typed"),
};
const struct wire_map prompt_event_map = { "prompt-event", sizeof(struct prompt_event),
	prompt_event_fields, sizeof prompt_event_fields / sizeof *prompt_event_fields, false, 0 };

static const struct wire_field secret_msg_fields[] = {
	WIRE_E(secret_msg, 1, 0, kind, SECRET_FACTOR,
	    "text|show|ok|error|more|card|data|want|factor", "what this is"),
	WIRE_F(secret_msg, 2, BYTES, KEY_SECRET, text, 0, 4096, "what was typed, or is shown"),
	WIRE_F(secret_msg, 3, UINT, WF_OPT, err, 0, 65535, "error number"),
	WIRE_F(secret_msg, 4, UINT, WF_OPT, index, 0, 64, "which word, from 1"),
	WIRE_F(secret_msg, 5, BOOL, WF_OPT, more, 0, 1, "another try is possible; a card follows"),
	WIRE_F(secret_msg, 6, UINT, WF_OPT, have, 0, 255, "shares accepted so far"),
	WIRE_F(secret_msg, 7, UINT, WF_OPT, need, 0, 255, "shares still needed"),
	WIRE_F(secret_msg, 8, BYTES, WF_OPT, data, 0, SECRET_DATA_MAX, "piece of a file"),
	WIRE_F(secret_msg, 9, UINT, WF_OPT, kinds, 0, 255, "who can open the file, bits"),
	WIRE_F(secret_msg, 10, UINT, WF_OPT, log_n, 0, 64, "work factor of its passphrase"),
	WIRE_F(secret_msg, 11, BYTES, WF_OPT, cred_id, 1, 1023, "credential of a way in"),
	WIRE_F(secret_msg, 12, BYTES, KEY_SECRET, factor, 32, 32, "what its token gave"),
};
const struct wire_map secret_msg_map = { "secret-msg", sizeof(struct secret_msg), secret_msg_fields,
	sizeof secret_msg_fields / sizeof *secret_msg_fields, false, 0 };
