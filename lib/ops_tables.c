/* ops_tables.c - the field tables of ops.h, in key order (wire.h). */
#include "lib/ops.h"
#include "lib/sshlogin.h"

#define N(a) (sizeof(a) / sizeof *(a))

const struct wire_map ops_empty_map = { "empty", sizeof(struct ops_empty), NULL, 0, false, 0 };

static const struct wire_field ops_hello_fields[] = {
	WIRE_F(ops_hello, 1, UINT, 0, protocol, 0, 65535, "version of the protocol"),
	WIRE_F(ops_hello, 2, TEXT, WF_OPT, client, 0, 127, "name of the program, a label"),
	WIRE_F(ops_hello, 3, TEXT, WF_OPT, tty, 1, 255, "terminal"),
	WIRE_F(ops_hello, 4, TEXT, WF_OPT, display, 0, 255, "DISPLAY"),
	WIRE_F(ops_hello, 5, TEXT, WF_OPT, wayland, 0, 255, "WAYLAND_DISPLAY"),
	WIRE_F(ops_hello, 6, TEXT, WF_OPT, xauthority, 0, 255, "XAUTHORITY"),
	WIRE_F(ops_hello, 7, TEXT, WF_OPT, lang, 0, 63, "LANG"),
	WIRE_F(ops_hello, 8, BOOL, WF_OPT, interactive, 0, 1, "can answer on secret.sock"),
	WIRE_F(ops_hello, 9, TEXT, WF_OPT, bus, 0, 255, "DBUS_SESSION_BUS_ADDRESS"),
};
const struct wire_map ops_hello_map = { "hello", sizeof(struct ops_hello), ops_hello_fields,
	N(ops_hello_fields), false, 0 };

static const struct wire_field ops_hello_rep_fields[] = {
	WIRE_F(ops_hello_rep, 1, UINT, 0, protocol, 0, 65535, "version of the protocol"),
	WIRE_F(ops_hello_rep, 2, TEXT, WF_OPT, version, 1, 63, "version of the agent"),
	WIRE_F(ops_hello_rep, 3, BOOL, WF_OPT, locked, 0, 1, "the vault is locked"),
	WIRE_F(ops_hello_rep, 4, BOOL, WF_OPT, vault, 0, 1,
	    "there is a vault; told only while it is open"),
	WIRE_F(ops_hello_rep, 5, BOOL, WF_OPT, notreal, 0, 1, "a try-out"),
};
const struct wire_map ops_hello_rep_map = { "hello-reply", sizeof(struct ops_hello_rep),
	ops_hello_rep_fields, N(ops_hello_rep_fields), false, 0 };

static const struct wire_field ops_status_rep_fields[] = {
	WIRE_F(ops_status_rep, 1, BOOL, WF_OPT, locked, 0, 1, "the vault is locked"),
	WIRE_F(ops_status_rep, 2, BOOL, WF_OPT, vault, 0, 1, "there is a vault"),
	WIRE_F(ops_status_rep, 3, BYTES, WF_OPT | WF_HEX, vault_id, 16, 16, "vault"),
	WIRE_F(ops_status_rep, 4, TEXT, WF_OPT, path, 0, 4095, "where the vault is"),
	WIRE_F(ops_status_rep, 5, UINT, WF_OPT, slots, 0, 16, "ways in"),
	WIRE_F(ops_status_rep, 6, UINT, WF_OPT, identities, 0, UINT32_MAX, "derived identities"),
	WIRE_F(ops_status_rep, 7, UINT, WF_OPT, secrets, 0, UINT32_MAX, "stored secrets"),
	WIRE_F(ops_status_rep, 8, UINT, WF_OPT, only_here, 0, UINT32_MAX,
	    "secrets that exist only on this disk"),
	WIRE_F(ops_status_rep, 9, UINT, WF_OPT, generation, 0, UINT64_MAX, "of the file"),
	WIRE_F(
	    ops_status_rep, 10, UINT, WF_OPT | WF_TIME, unlocked_at, 0, UINT64_MAX, "since when"),
	WIRE_F(ops_status_rep, 11, UINT, WF_OPT, idle_left, 0, UINT32_MAX,
	    "seconds until the idle lock"),
	WIRE_F(ops_status_rep, 12, UINT, WF_OPT, absolute_left, 0, UINT32_MAX,
	    "seconds until the absolute lock"),
	WIRE_F(ops_status_rep, 13, TEXT, WF_OPT, unlocked_by, 0, 255, "way in that was used"),
	WIRE_F(ops_status_rep, 14, UINT, WF_OPT, lacks, 0, 65535, "what this kernel cannot do"),
	WIRE_F(ops_status_rep, 15, UINT, WF_OPT, jobs, 0, 65535, "waiting for a person"),
	WIRE_F(ops_status_rep, 16, UINT, WF_OPT, warning, 0, 65535, "error number of a warning"),
	WIRE_F(ops_status_rep, 17, BOOL, WF_OPT, notreal, 0, 1,
	    "not hardware: software token or try-out"),
	WIRE_F(ops_status_rep, 18, TEXT, WF_OPT, version, 1, 63, "of the agent"),
	WIRE_F(ops_status_rep, 19, UINT, WF_OPT, pid, 0, UINT32_MAX, "of the agent"),
	WIRE_F(ops_status_rep, 20, UINT, WF_OPT, copies, 0, 16,
	    "folders that get copies; absent: not known yet"),
	WIRE_F(ops_status_rep, 21, UINT, WF_OPT | WF_TIME, copied_at, 0, UINT64_MAX,
	    "newest good copy in one of them"),
	WIRE_F(ops_status_rep, 22, UINT, WF_OPT, copy_generation, 0, UINT64_MAX, "of that copy"),
	WIRE_F(ops_status_rep, 23, UINT, WF_OPT | WF_TIME, owed, 0, UINT64_MAX,
	    "the phrase was printed, not typed back yet; only while unlocked"),
	WIRE_F(ops_status_rep, 24, UINT, WF_OPT, exposed, 0, UINT32_MAX,
	    "identities in use that others may know"),
	WIRE_F(ops_status_rep, 25, UINT, WF_OPT, exposed_secrets, 0, UINT32_MAX,
	    "secrets that others may know"),
	WIRE_F(ops_status_rep, 26, UINT, WF_OPT, older, 0, UINT32_MAX,
	    "identities in use that the newest phrase does not bring back"),
	WIRE_F(
	    ops_status_rep, 27, UINT, WF_OPT, seed, 0, UINT32_MAX, "generation of the newest seed"),
	WIRE_F(ops_status_rep, 28, UINT, WF_OPT | WF_TIME, seed_exposed, 0, UINT64_MAX,
	    "since when others may know that one"),
	WIRE_F(
	    ops_status_rep, 29, UINT, WF_OPT | WF_TIME, backup_at, 0, UINT64_MAX, "newest backup"),
	WIRE_F(ops_status_rep, 30, UINT, WF_OPT, backup_seed, 0, UINT32_MAX,
	    "generation of its passphrase"),
	WIRE_F(ops_status_rep, 31, UINT, WF_OPT, changed, 0, UINT32_MAX,
	    "identities, secrets and seeds that are newer"),
	WIRE_F(ops_status_rep, 40, UINT, WF_OPT, joined, 0, UINT64_MAX,
	    "things that came from other copies since it was unlocked"),
	WIRE_F(ops_status_rep, 41, UINT, WF_OPT, conflicts, 0, UINT64_MAX,
	    "changed in two copies, and kept twice"),
	WIRE_F(ops_status_rep, 42, BOOL, WF_OPT, backup_here, 0, 1,
	    "the newest backup is on the disk of the vault"),
	WIRE_F(ops_status_rep, 43, TEXT, WF_OPT, opened_with, 0, 127,
	    "device of the token that opened it, if that is one of this machine"),
};
const struct wire_map ops_status_rep_map = { "status-reply", sizeof(struct ops_status_rep),
	ops_status_rep_fields, N(ops_status_rep_fields), false, 0 };

static const struct wire_field ops_event_fields[] = {
	WIRE_E(ops_event, 1, 0, kind, OPS_EV_NEED_FACTOR,
	    "locked|unlocked|changed|wait-token|touch|need-pin|need-passphrase|need-words|"
	    "show-words|working|need-new-pin|note|need-file|forward|answered|need-factor",
	    "what happens"),
	WIRE_F(ops_event, 2, UINT, WF_OPT, request, 0, UINT64_MAX, "the request it belongs to"),
	WIRE_F(ops_event, 3, BYTES, WF_OPT | WF_HEX, job, 16, 16, "job id for secret.sock"),
	WIRE_F(ops_event, 4, TEXT, WF_OPT, text, 0, 2047, "for people"),
	WIRE_F(ops_event, 5, TEXT, WF_OPT, label, 0, 255, "which token or way in"),
	WIRE_F(ops_event, 6, UINT, WF_OPT, err, 0, 65535, "why it is asked again"),
	WIRE_F(ops_event, 7, UINT, WF_OPT, retries, 0, 255, "PIN tries left"),
	WIRE_F(ops_event, 8, BOOL, WF_OPT, again, 0, 1, "choose a new one"),
	WIRE_F(ops_event, 9, UINT, WF_OPT, change, 0, UINT64_MAX,
	    "changed: generation of the vault, foldings not counted"),
	WIRE_F(ops_event, 10, UINT, WF_OPT, which, 0, UINT64_MAX,
	    "tells what others ask for apart (subscribe, asks)"),
};
const struct wire_map ops_event_map = { "event", sizeof(struct ops_event), ops_event_fields,
	N(ops_event_fields), false, 0 };

static const struct wire_field ops_subscribe_fields[] = {
	WIRE_F(ops_subscribe, 1, BOOL, WF_OPT, on, 0, 1, "send events to this connection"),
	WIRE_F(ops_subscribe, 2, BOOL, WF_OPT, asks, 0, 1,
	    "and what requests of others ask of the person"),
};
const struct wire_map ops_subscribe_map = { "subscribe", sizeof(struct ops_subscribe),
	ops_subscribe_fields, N(ops_subscribe_fields), false, 0 };

static const struct wire_field ops_cancel_fields[] = {
	WIRE_F(ops_cancel, 1, UINT, 0, request, 0, UINT64_MAX, "request to cancel"),
};
const struct wire_map ops_cancel_map = { "cancel", sizeof(struct ops_cancel), ops_cancel_fields,
	N(ops_cancel_fields), false, 0 };

static const struct wire_field ops_unlock_fields[] = {
	WIRE_F(ops_unlock, 1, UINT, WF_OPT, way, 0, 7,
	    "bits: 1 token, 2 passphrase, 4 recovery phrase"),
	WIRE_F(ops_unlock, 2, TEXT, WF_OPT, label, 1, 255, "way in by name"),
	WIRE_F(ops_unlock, 3, BOOL, WF_OPT, accept_older, 0, 1, "take an older copy on purpose"),
	WIRE_F(ops_unlock, 4, BOOL, WF_OPT, force, 0, 1, "use the PIN with few tries left"),
	WIRE_F(ops_unlock, 5, TEXT, WF_OPT, token, 1, 255, "device"),
	WIRE_F(ops_unlock, 6, BOOL, WF_OPT, nowait, 0, 1, "fail at once without a token"),
	WIRE_F(ops_unlock, 7, BOOL, WF_OPT, given, 0, 1, "the factor comes over secret.sock"),
};
const struct wire_map ops_unlock_map = { "unlock", sizeof(struct ops_unlock), ops_unlock_fields,
	N(ops_unlock_fields), false, 0 };

static const struct wire_field ops_unlock_rep_fields[] = {
	WIRE_F(ops_unlock_rep, 1, TEXT, WF_OPT, label, 0, 255, "way in that was used"),
	WIRE_F(ops_unlock_rep, 2, BOOL, WF_OPT, was_open, 0, 1, "it was open already"),
	WIRE_F(ops_unlock_rep, 3, BOOL, WF_OPT, first_seen, 0, 1,
	    "this machine had no memory of the vault"),
	WIRE_F(ops_unlock_rep, 4, UINT, WF_OPT, warning, 0, 65535, "error number of a warning"),
	WIRE_F(ops_unlock_rep, 5, TEXT, WF_OPT, note, 0, 1023, "for people"),
	WIRE_S(ops_unlock_rep, 6, LIST, WF_OPT, notes, &ops_note_map, 66,
	    "what copies that were changed apart brought"),
};
const struct wire_map ops_unlock_rep_map = { "unlock-reply", sizeof(struct ops_unlock_rep),
	ops_unlock_rep_fields, N(ops_unlock_rep_fields), false, 0 };

static const struct wire_field ops_init_fields[] = {
	WIRE_F(ops_init, 1, UINT, WF_OPT, ways, 0, 3, "bits: 1 token, 2 passphrase"),
	WIRE_F(ops_init, 2, TEXT, WF_OPT, token, 1, 255, "device"),
	WIRE_F(ops_init, 3, TEXT, WF_OPT, token_label, 1, 255, "name of the token"),
	WIRE_F(ops_init, 4, BOOL, WF_OPT, no_pin, 0, 1, "touch only"),
	WIRE_F(ops_init, 5, BOOL, WF_OPT, and_pass, 0, 1, "token and passphrase together"),
	WIRE_F(ops_init, 6, BOOL, WF_OPT, one_way_in, 0, 1, "accept a single way in"),
	WIRE_F(ops_init, 7, UINT, WF_OPT, argon_m, 0, 2 * 1024 * 1024, "Argon2 memory, KiB"),
	WIRE_F(ops_init, 8, UINT, WF_OPT, argon_t, 0, 64, "Argon2 passes"),
	WIRE_F(ops_init, 9, BOOL, WF_OPT, try_out, 0, 1, "nothing is real"),
	WIRE_F(ops_init, 10, BOOL, WF_OPT, force, 0, 1, "use the PIN with few tries left"),
	WIRE_F(
	    ops_init, 11, BOOL, WF_OPT, card, 0, 1, "the phrase is printed, and typed back later"),
};
const struct wire_map ops_init_map = { "init", sizeof(struct ops_init), ops_init_fields,
	N(ops_init_fields), false, 0 };

static const struct wire_field ops_init_rep_fields[] = {
	WIRE_F(ops_init_rep, 1, BYTES, WF_HEX, vault_id, 16, 16, "vault"),
	WIRE_F(ops_init_rep, 2, BYTES, WF_HEX, fingerprint, 4, 4, "of the recovery phrase"),
	WIRE_F(ops_init_rep, 3, TEXT, WF_OPT, path, 0, 4095, "where the vault is"),
	WIRE_F(ops_init_rep, 4, TEXT, WF_OPT, note, 0, 1023, "for people"),
};
const struct wire_map ops_init_rep_map = { "init-reply", sizeof(struct ops_init_rep),
	ops_init_rep_fields, N(ops_init_rep_fields), false, 0 };

static const struct wire_field ops_token_fields[] = {
	WIRE_F(ops_token, 1, TEXT, 0, path, 1, 255, "device"),
	WIRE_F(ops_token, 2, TEXT, WF_OPT, name, 0, 127, "product"),
	WIRE_F(ops_token, 3, BOOL, WF_OPT, access, 0, 1, "may be opened"),
	WIRE_F(ops_token, 4, UINT, WF_OPT, vendor, 0, 65535, "USB vendor"),
	WIRE_F(ops_token, 5, UINT, WF_OPT, product, 0, 65535, "USB product"),
	WIRE_F(ops_token, 6, BOOL, WF_OPT, software, 0, 1, "software token: not hardware"),
	WIRE_F(ops_token, 7, BOOL, WF_OPT, enrolled, 0, 1, "opens this vault"),
	WIRE_F(ops_token, 8, UINT, WF_OPT, err, 0, 65535, "why nothing more is known"),
	WIRE_F(ops_token, 9, BYTES, WF_OPT | WF_HEX, aaguid, 16, 16, "model"),
	WIRE_F(ops_token, 10, TEXT, WF_OPT, versions, 0, 255, "CTAP versions"),
	WIRE_F(ops_token, 11, TEXT, WF_OPT, extensions, 0, 255, "extensions"),
	WIRE_F(ops_token, 12, UINT, WF_OPT, options, 0, 65535,
	    "bits: 1 PIN set, 2 PIN possible, 4 fingerprint set up, 8 always verifies, "
	    "16 hmac-secret, 32 credProtect, 64 PIN must change, 128 FIDO2, "
	    "256 fingerprint reader, 512 EdDSA"),
	WIRE_F(ops_token, 13, UINT, WF_OPT, retries, 0, 255, "PIN tries left"),
	WIRE_F(ops_token, 14, UINT, WF_OPT, min_pin, 0, 63, "shortest PIN"),
	WIRE_F(ops_token, 15, UINT, WF_OPT, max_creds, 0, 65535, "credentials in one list"),
	WIRE_F(ops_token, 16, UINT, WF_OPT, firmware, 0, UINT64_MAX, "firmware version"),
};
const struct wire_map ops_token_map = { "token", sizeof(struct ops_token), ops_token_fields,
	N(ops_token_fields), false, 0 };

static const struct wire_field ops_token_list_rep_fields[] = {
	WIRE_S(ops_token_list_rep, 1, LIST, 0, tokens, &ops_token_map, 64, "tokens plugged in"),
};
const struct wire_map ops_token_list_rep_map = { "token-list-reply",
	sizeof(struct ops_token_list_rep), ops_token_list_rep_fields, N(ops_token_list_rep_fields),
	false, 0 };

static const struct wire_field ops_token_sel_fields[] = {
	WIRE_F(ops_token_sel, 1, TEXT, WF_OPT, path, 1, 255, "device; absent = the only one"),
	WIRE_F(ops_token_sel, 2, BOOL, WF_OPT, force, 0, 1, "use the PIN with few tries left"),
};
const struct wire_map ops_token_sel_map = { "token-select", sizeof(struct ops_token_sel),
	ops_token_sel_fields, N(ops_token_sel_fields), false, 0 };

static const struct wire_field ops_slot_fields[] = {
	WIRE_F(ops_slot, 1, BYTES, WF_HEX, id, 16, 16, "slot"),
	WIRE_F(ops_slot, 2, UINT, 0, index, 0, 15, "place in the file"),
	WIRE_F(
	    ops_slot, 3, UINT, 0, factors, 0, 7, "bits: 1 token, 2 passphrase, 4 recovery phrase"),
	WIRE_F(ops_slot, 4, BOOL, WF_OPT, pin, 0, 1, "opened with PIN or fingerprint"),
	WIRE_F(ops_slot, 5, TEXT, WF_OPT, label, 0, 255, "name; only while unlocked"),
	WIRE_F(ops_slot, 6, TEXT, WF_OPT, hint, 0, 32, "readable while locked"),
	WIRE_F(ops_slot, 7, UINT, WF_OPT | WF_TIME, created, 0, UINT64_MAX, "day of enrolment"),
	WIRE_F(ops_slot, 8, UINT, WF_OPT | WF_TIME, last_used, 0, UINT64_MAX, "last unlock"),
	WIRE_F(ops_slot, 9, UINT, WF_OPT | WF_TIME, last_verified, 0, UINT64_MAX, "last proof"),
	WIRE_F(ops_slot, 10, BOOL, WF_OPT, deferred, 0, 1,
	    "rewrapped without it: renewed at its next use"),
	WIRE_F(ops_slot, 11, BOOL, WF_OPT, software, 0, 1, "software token: not hardware"),
	WIRE_F(ops_slot, 12, UINT, WF_OPT, err, 0, 65535, "what is wrong with it"),
	WIRE_F(ops_slot, 13, UINT, WF_OPT, argon_m, 0, 2 * 1024 * 1024, "Argon2 memory, KiB"),
	WIRE_F(ops_slot, 14, UINT, WF_OPT, argon_t, 0, 64, "Argon2 passes"),
};
const struct wire_map ops_slot_map = { "slot", sizeof(struct ops_slot), ops_slot_fields,
	N(ops_slot_fields), false, 0 };

static const struct wire_field ops_slot_list_rep_fields[] = {
	WIRE_S(ops_slot_list_rep, 1, LIST, 0, slots, &ops_slot_map, 16, "ways in"),
};
const struct wire_map ops_slot_list_rep_map = { "slot-list-reply", sizeof(struct ops_slot_list_rep),
	ops_slot_list_rep_fields, N(ops_slot_list_rep_fields), false, 0 };

static const struct wire_field ops_slot_add_fields[] = {
	WIRE_F(
	    ops_slot_add, 1, UINT, 0, way, 0, 7, "bits: 1 token, 2 passphrase, 4 recovery phrase"),
	WIRE_F(ops_slot_add, 2, TEXT, 0, label, 1, 255, "name"),
	WIRE_F(ops_slot_add, 3, TEXT, WF_OPT, hint, 0, 32, "readable while locked"),
	WIRE_F(ops_slot_add, 4, TEXT, WF_OPT, token, 1, 255, "device of the new token"),
	WIRE_F(ops_slot_add, 5, BOOL, WF_OPT, no_pin, 0, 1, "touch only"),
	WIRE_F(ops_slot_add, 6, UINT, WF_OPT, argon_m, 0, 2 * 1024 * 1024, "Argon2 memory, KiB"),
	WIRE_F(ops_slot_add, 7, UINT, WF_OPT, argon_t, 0, 64, "Argon2 passes"),
	WIRE_F(ops_slot_add, 8, UINT, WF_OPT, proof, 0, 7, "way in to prove with, bits"),
	WIRE_F(ops_slot_add, 9, TEXT, WF_OPT, proof_label, 1, 255, "way in to prove with, name"),
	WIRE_F(ops_slot_add, 10, BOOL, WF_OPT, force, 0, 1, "use the PIN with few tries left"),
};
const struct wire_map ops_slot_add_map = { "slot-add", sizeof(struct ops_slot_add),
	ops_slot_add_fields, N(ops_slot_add_fields), false, 0 };

static const struct wire_field ops_slot_sel_fields[] = {
	WIRE_F(ops_slot_sel, 1, TEXT, 0, label, 1, 255, "name or id"),
	WIRE_F(ops_slot_sel, 2, UINT, WF_OPT, proof, 0, 7, "way in to prove with, bits"),
	WIRE_F(ops_slot_sel, 3, TEXT, WF_OPT, proof_label, 1, 255, "way in to prove with, name"),
	WIRE_F(ops_slot_sel, 4, TEXT, WF_OPT, token, 1, 255, "device"),
	WIRE_F(ops_slot_sel, 5, TEXT, WF_OPT, text, 1, 255, "new name"),
	WIRE_F(ops_slot_sel, 6, TEXT, WF_OPT, hint, 0, 32, "new hint"),
	WIRE_F(ops_slot_sel, 7, BOOL, WF_OPT, one_way_in, 0, 1, "accept a single way in"),
	WIRE_F(ops_slot_sel, 8, BOOL, WF_OPT, force, 0, 1, "use the PIN with few tries left"),
	WIRE_F(ops_slot_sel, 9, BOOL, WF_OPT, exposed, 0, 1,
	    "remove: others may have opened the vault with it"),
};
const struct wire_map ops_slot_sel_map = { "slot-select", sizeof(struct ops_slot_sel),
	ops_slot_sel_fields, N(ops_slot_sel_fields), false, 0 };

static const struct wire_field ops_slot_rep_fields[] = {
	WIRE_F(ops_slot_rep, 1, BYTES, WF_OPT | WF_HEX, id, 16, 16, "slot"),
	WIRE_F(ops_slot_rep, 2, TEXT, WF_OPT, label, 0, 255, "name"),
	WIRE_F(ops_slot_rep, 3, TEXT, WF_OPT, note, 0, 1023, "for people"),
};
const struct wire_map ops_slot_rep_map = { "slot-reply", sizeof(struct ops_slot_rep),
	ops_slot_rep_fields, N(ops_slot_rep_fields), false, 0 };

static const struct wire_field ops_item_fields[] = {
	WIRE_F(ops_item, 1, BYTES, WF_HEX, id, 16, 16, "item"),
	WIRE_F(ops_item, 2, TEXT, 0, label, 1, 1023, "path or name"),
	WIRE_F(ops_item, 3, TEXT, WF_OPT, service, 0, 32, "service"),
	WIRE_F(ops_item, 4, TEXT, WF_OPT, account, 0, 255, "account"),
	WIRE_F(ops_item, 5, TEXT, WF_OPT, purpose, 0, 48, "purpose"),
	WIRE_F(ops_item, 6, TEXT, WF_OPT, alg, 0, 32, "algorithm"),
	WIRE_F(ops_item, 7, UINT, WF_OPT, epoch, 0, 2147483647, "epoch"),
	WIRE_E(ops_item, 8, WF_OPT, state, 2, "active|retired|revoked", "state of the epoch"),
	WIRE_F(ops_item, 9, TEXT, WF_OPT, shown, 0, 4095, "public part, one line"),
	WIRE_F(ops_item, 10, UINT, WF_OPT, use, 0, 2, "0 free, 1 ask once, 2 touch each time"),
	WIRE_F(ops_item, 11, BOOL, WF_OPT, may_export, 0, 1, "export is allowed"),
	WIRE_F(ops_item, 12, UINT, WF_OPT | WF_TIME, mtime, 0, UINT64_MAX, "last change"),
	WIRE_E(
	    ops_item, 13, WF_OPT, origin, 2, "derived|imported|generated", "where it comes from"),
	WIRE_F(ops_item, 14, BOOL, WF_OPT, recoverable, 0, 1,
	    "comes back from the recovery phrase alone"),
	WIRE_F(ops_item, 15, UINT, WF_OPT, generation, 0, UINT32_MAX, "of its seed"),
	WIRE_F(ops_item, 16, UINT, WF_OPT | WF_TIME, exposed, 0, UINT64_MAX,
	    "since when others may know it"),
	WIRE_F(ops_item, 17, UINT, WF_OPT, epochs, 0, UINT32_MAX, "how many epochs it has"),
};
const struct wire_map ops_item_map = { "item", sizeof(struct ops_item), ops_item_fields,
	N(ops_item_fields), false, 0 };

static const struct wire_field ops_page_fields[] = {
	WIRE_F(ops_page, 1, BYTES, WF_OPT | WF_HEX, cursor, 1, 64, "go on from here"),
	WIRE_F(ops_page, 2, TEXT, WF_OPT, match, 0, 255, "part of the name"),
	WIRE_F(ops_page, 3, TEXT, WF_OPT, service, 1, 32, "only this service"),
	WIRE_F(ops_page, 4, BOOL, WF_OPT, all, 0, 1, "retired ones too"),
	WIRE_S(ops_page, 5, LIST, WF_OPT, attributes, &ops_pair_map, 8, "it has all of these"),
};
const struct wire_map ops_page_map = { "page", sizeof(struct ops_page), ops_page_fields,
	N(ops_page_fields), false, 0 };

static const struct wire_field ops_item_list_rep_fields[] = {
	WIRE_S(ops_item_list_rep, 1, LIST, 0, items, &ops_item_map, 256, "items"),
	WIRE_F(
	    ops_item_list_rep, 2, BYTES, WF_OPT | WF_HEX, cursor, 1, 64, "more follows from here"),
};
const struct wire_map ops_item_list_rep_map = { "item-list-reply", sizeof(struct ops_item_list_rep),
	ops_item_list_rep_fields, N(ops_item_list_rep_fields), false, 0 };

static const struct wire_field ops_id_add_fields[] = {
	WIRE_F(ops_id_add, 1, TEXT, 0, service, 1, 32, "format"),
	WIRE_F(ops_id_add, 2, TEXT, 0, account, 1, 255, "account"),
	WIRE_F(ops_id_add, 3, TEXT, WF_OPT, purpose, 1, 48, "one key only"),
	WIRE_F(ops_id_add, 4, UINT, WF_OPT, epoch, 0, 2147483647, "epoch"),
	WIRE_F(ops_id_add, 5, TEXT, WF_OPT, alg, 1, 32, "algorithm"),
};
const struct wire_map ops_id_add_map = { "id-add", sizeof(struct ops_id_add), ops_id_add_fields,
	N(ops_id_add_fields), false, 0 };

static const struct wire_field ops_sel_fields[] = {
	WIRE_F(ops_sel, 1, TEXT, 0, label, 1, 1023, "path, name or id"),
	WIRE_F(ops_sel, 2, TEXT, WF_OPT, form, 1, 48, "form of the export"),
	WIRE_F(ops_sel, 3, UINT, WF_OPT, proof, 0, 7, "way in to prove with, bits"),
	WIRE_F(ops_sel, 4, TEXT, WF_OPT, proof_label, 1, 255, "way in to prove with, name"),
	WIRE_F(ops_sel, 5, BOOL, WF_OPT, force, 0, 1, "use the PIN with few tries left"),
};
const struct wire_map ops_sel_map = { "select", sizeof(struct ops_sel), ops_sel_fields,
	N(ops_sel_fields), false, 0 };

static const struct wire_field ops_pair_fields[] = {
	WIRE_F(ops_pair, 1, TEXT, 0, name, 1, 255, "name"),
	WIRE_F(ops_pair, 2, TEXT, 0, value, 0, 8191, "value"),
};
const struct wire_map ops_pair_map = { "pair", sizeof(struct ops_pair), ops_pair_fields,
	N(ops_pair_fields), false, 0 };

static const struct wire_field ops_id_show_rep_fields[] = {
	WIRE_S(ops_id_show_rep, 1, LIST, 0, item, &ops_item_map, 1, "the item"),
	WIRE_S(ops_id_show_rep, 2, LIST, WF_OPT, parts, &ops_pair_map, 32, "public forms"),
	WIRE_S(ops_id_show_rep, 3, LIST, WF_OPT, forms, &ops_pair_map, 32, "export forms"),
	WIRE_F(ops_id_show_rep, 4, TEXT, WF_OPT, advice, 0, 2047, "for people"),
};
const struct wire_map ops_id_show_rep_map = { "id-show-reply", sizeof(struct ops_id_show_rep),
	ops_id_show_rep_fields, N(ops_id_show_rep_fields), false, 0 };

static const struct wire_field ops_export_rep_fields[] = {
	WIRE_F(ops_export_rep, 1, BYTES, WF_SECRET, data, 0, 128 * 1024, "what was exported"),
	WIRE_F(ops_export_rep, 2, TEXT, WF_OPT, file, 0, 127, "usual file name"),
	WIRE_F(ops_export_rep, 3, BOOL, WF_OPT, text, 0, 1, "it is text"),
};
const struct wire_map ops_export_rep_map = { "export-reply", sizeof(struct ops_export_rep),
	ops_export_rep_fields, N(ops_export_rep_fields), false, 0 };

static const struct wire_field ops_policy_fields[] = {
	WIRE_F(ops_policy, 1, TEXT, 0, label, 1, 1023, "path, name or id"),
	WIRE_F(ops_policy, 2, UINT, WF_OPT, use, 0, 2, "0 free, 1 ask once, 2 touch each time"),
	WIRE_F(ops_policy, 3, BOOL, WF_OPT, may_export, 0, 1, "export is allowed"),
	WIRE_F(ops_policy, 4, UINT, WF_OPT, rate, 0, 100000, "uses a minute, 0 = no limit"),
	WIRE_F(ops_policy, 5, UINT, WF_OPT, proof, 0, 7, "way in to prove with, bits"),
	WIRE_F(ops_policy, 6, TEXT, WF_OPT, proof_label, 1, 255, "way in to prove with, name"),
	WIRE_F(ops_policy, 7, BOOL, WF_OPT, force, 0, 1, "use the PIN with few tries left"),
	WIRE_F(ops_policy, 8, BOOL, WF_OPT, raw, 0, 1, "signs and agrees on anything, unseen"),
};
const struct wire_map ops_policy_map = { "policy", sizeof(struct ops_policy), ops_policy_fields,
	N(ops_policy_fields), false, 0 };

static const struct wire_field ops_sign_fields[] = {
	WIRE_F(ops_sign, 1, TEXT, 0, label, 1, 1023, "path or id of the key"),
	WIRE_E(ops_sign, 2, 0, type, OPS_SIGN_APP, "sshsig|raw|ssh-userauth|app", "what is signed"),
	WIRE_F(ops_sign, 3, TEXT, WF_OPT, name_space, 1, 255, "sshsig: namespace; app: context"),
	WIRE_F(ops_sign, 4, TEXT, WF_OPT, hash_alg, 6, 6, "sshsig: sha256 or sha512"),
	WIRE_F(ops_sign, 5, BYTES, WF_OPT | WF_HEX, hash, 32, 64, "sshsig: hash of the message"),
	WIRE_F(ops_sign, 6, BYTES, WF_OPT, data, 1, 64 * 1024, "raw, app: the message"),
	WIRE_F(ops_sign, 7, TEXT, WF_OPT, alg, 1, 64, "ssh: signature algorithm"),
	WIRE_F(ops_sign, 8, BOOL, WF_OPT, bare, 0, 1, "ssh: the bare signature blob"),
	WIRE_F(ops_sign, 9, BYTES, WF_OPT, session, 1, SSH_SESSION_MAX, "ssh-userauth: session id"),
	WIRE_F(ops_sign, 10, BYTES, WF_OPT, user, 0, SSH_NAME_MAX, "ssh-userauth: user there"),
	WIRE_F(ops_sign, 11, BYTES, WF_OPT, auth_service, 1, 64, "ssh-userauth: service there"),
	WIRE_F(ops_sign, 12, BYTES, WF_OPT, hostkey, 1, SSH_HOSTKEY_MAX,
	    "ssh-userauth: key of the host"),
	WIRE_S(
	    ops_sign, 13, LIST, WF_OPT, binds, &ssh_bind_map, SSH_BINDS, "ssh: how it came here"),
	WIRE_F(ops_sign, 14, BOOL, WF_OPT, unproven, 0, 1, "ssh: nobody knows how it came here"),
	WIRE_F(ops_sign, 15, BYTES, WF_OPT, certificate, 1, SSH_BLOB_MAX,
	    "ssh-userauth: certificate of the key"),
	WIRE_F(ops_sign, 16, BYTES, WF_OPT, login, 1, SSHLOGIN_MAX, "sshsig: login that it is for"),
};
const struct wire_map ops_sign_map = { "sign", sizeof(struct ops_sign), ops_sign_fields,
	N(ops_sign_fields), false, 0 };

static const struct wire_field ops_sign_rep_fields[] = {
	WIRE_F(ops_sign_rep, 1, BYTES, 0, signature, 1, SSH_BLOB_MAX + 8192,
	    "signature, binary form of its type"),
	WIRE_F(ops_sign_rep, 2, BYTES, WF_OPT, public_key, 32, SSH_BLOB_MAX, "public key"),
};
const struct wire_map ops_sign_rep_map = { "sign-reply", sizeof(struct ops_sign_rep),
	ops_sign_rep_fields, N(ops_sign_rep_fields), false, 0 };

static const struct wire_field ops_secret_fields[] = {
	WIRE_F(ops_secret, 1, TEXT, 0, label, 1, 255, "name"),
	WIRE_F(ops_secret, 2, BYTES, WF_OPT | WF_SECRET, value, 0, 128 * 1024, "the secret"),
	WIRE_S(ops_secret, 3, LIST, WF_OPT, attributes, &ops_pair_map, 64, "attributes"),
	WIRE_F(ops_secret, 4, UINT, WF_OPT, use, 0, 2, "0 free, 1 ask once, 2 touch each time"),
	WIRE_F(ops_secret, 5, BOOL, WF_OPT, replace, 0, 1, "replace an older value"),
};
const struct wire_map ops_secret_map = { "secret", sizeof(struct ops_secret), ops_secret_fields,
	N(ops_secret_fields), false, 0 };

static const struct wire_field ops_secret_rep_fields[] = {
	WIRE_F(ops_secret_rep, 1, BYTES, WF_SECRET, value, 0, 128 * 1024, "the secret"),
};
const struct wire_map ops_secret_rep_map = { "secret-reply", sizeof(struct ops_secret_rep),
	ops_secret_rep_fields, N(ops_secret_rep_fields), false, 0 };

static const struct wire_field ops_audit_page_fields[] = {
	WIRE_F(ops_audit_page, 1, BYTES, WF_OPT | WF_HEX, cursor, 8, 8, "absent = from the newest"),
	WIRE_F(ops_audit_page, 2, UINT, WF_OPT | WF_TIME, since, 0, UINT64_MAX, "nothing older"),
};
const struct wire_map ops_audit_page_map = { "audit-page", sizeof(struct ops_audit_page),
	ops_audit_page_fields, N(ops_audit_page_fields), false, 0 };

static const struct wire_field ops_audit_entry_fields[] = {
	WIRE_F(ops_audit_entry, 1, UINT, 0, n, 0, UINT64_MAX, "number"),
	WIRE_E(ops_audit_entry, 2, 0, kind, 255, "begin|ask|touch|proof|operation|uses|repair",
	    "what it is about"),
	WIRE_F(ops_audit_entry, 3, TEXT, WF_OPT, op, 0, 64, "operation"),
	WIRE_F(ops_audit_entry, 4, UINT, WF_OPT | WF_TIME, time, 0, UINT64_MAX, "when"),
	WIRE_F(ops_audit_entry, 5, UINT, WF_OPT, boottime, 0, UINT64_MAX,
	    "milliseconds since the machine's start"),
	WIRE_F(ops_audit_entry, 6, BYTES, WF_OPT | WF_HEX, item, 16, 16,
	    "item or way in, as the log has it"),
	WIRE_F(ops_audit_entry, 7, TEXT, WF_OPT, name, 0, 1023, "its name, if it still exists"),
	WIRE_F(ops_audit_entry, 8, TEXT, WF_OPT, client, 0, 255, "program that asked"),
	WIRE_F(ops_audit_entry, 9, UINT, WF_OPT, err, 0, 65535, "how it ended; absent = done"),
	WIRE_F(ops_audit_entry, 10, UINT, WF_OPT, count, 0, UINT64_MAX, "how often, or how much"),
	WIRE_F(ops_audit_entry, 11, BOOL, WF_OPT, bad, 0, 1, "not as it was written"),
};
const struct wire_map ops_audit_entry_map = { "audit-row", sizeof(struct ops_audit_entry),
	ops_audit_entry_fields, N(ops_audit_entry_fields), false, 0 };

static const struct wire_field ops_audit_show_rep_fields[] = {
	WIRE_S(ops_audit_show_rep, 1, LIST, WF_OPT, entries, &ops_audit_entry_map, OPS_PAGE,
	    "newest first"),
	WIRE_F(
	    ops_audit_show_rep, 2, BYTES, WF_OPT | WF_HEX, cursor, 8, 8, "absent = that was all"),
};
const struct wire_map ops_audit_show_rep_map = { "audit-show-reply",
	sizeof(struct ops_audit_show_rep), ops_audit_show_rep_fields, N(ops_audit_show_rep_fields),
	false, 0 };

static const struct wire_field ops_audit_verify_rep_fields[] = {
	WIRE_F(ops_audit_verify_rep, 1, BOOL, WF_OPT, good, 0, 1, "nothing was found"),
	WIRE_F(ops_audit_verify_rep, 2, UINT, WF_OPT, first, 0, UINT64_MAX,
	    "number of the first entry that is there"),
	WIRE_F(ops_audit_verify_rep, 3, UINT, WF_OPT, entries, 0, UINT64_MAX, "how many are there"),
	WIRE_F(ops_audit_verify_rep, 4, UINT, WF_OPT, anchored, 0, UINT64_MAX,
	    "those with lower numbers are known to the vault"),
	WIRE_F(ops_audit_verify_rep, 5, UINT, WF_OPT, err, 0, 65535, "error number"),
	WIRE_F(ops_audit_verify_rep, 6, UINT, WF_OPT, at, 0, UINT64_MAX,
	    "number of the entry that is wrong or missing"),
	WIRE_F(ops_audit_verify_rep, 7, UINT, WF_OPT, offset, 0, UINT64_MAX, "where in its file"),
	WIRE_E(ops_audit_verify_rep, 8, WF_OPT, file, 2, "log|older|damaged", "in which file"),
	WIRE_F(ops_audit_verify_rep, 9, UINT, WF_OPT, begun, 0, 65535,
	    "error number: why this log was begun anew"),
	WIRE_F(ops_audit_verify_rep, 10, UINT, WF_OPT, logs, 0, UINT64_MAX,
	    "logs that the vault knows, one a machine"),
};
const struct wire_map ops_audit_verify_rep_map = { "audit-verify-reply",
	sizeof(struct ops_audit_verify_rep), ops_audit_verify_rep_fields,
	N(ops_audit_verify_rep_fields), false, 0 };

static const struct wire_field ops_finding_fields[] = {
	WIRE_F(ops_finding, 1, UINT, 0, err, 0, 65535, "error number"),
	WIRE_F(ops_finding, 2, UINT, WF_OPT, offset, 0, UINT64_MAX, "where in the file"),
	WIRE_F(ops_finding, 3, TEXT, WF_OPT, text, 0, 255, "for people"),
};
const struct wire_map ops_finding_map = { "finding", sizeof(struct ops_finding), ops_finding_fields,
	N(ops_finding_fields), false, 0 };

static const struct wire_field ops_check_rep_fields[] = {
	WIRE_F(ops_check_rep, 1, BOOL, WF_OPT, good, 0, 1, "nothing was found"),
	WIRE_S(ops_check_rep, 2, LIST, WF_OPT, findings, &ops_finding_map, 64, "what was found"),
	WIRE_F(ops_check_rep, 3, UINT, WF_OPT, generation, 0, UINT64_MAX, "of the file"),
	WIRE_F(ops_check_rep, 4, UINT, WF_OPT, slots, 0, 16, "ways in"),
	WIRE_F(ops_check_rep, 5, UINT, WF_OPT, size, 0, UINT64_MAX, "bytes"),
};
const struct wire_map ops_check_rep_map = { "check-reply", sizeof(struct ops_check_rep),
	ops_check_rep_fields, N(ops_check_rep_fields), false, 0 };
