// usage: matrix.mjs NODE_MODULES FOLDER USER: what give.py exported, given to the real libraries.
import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [modules, folder, user] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(`${modules}/${path}`));
const sdk = await load("@matrix-org/matrix-sdk-crypto-wasm/node.mjs");
const { decodeRecoveryKey } = await load("matrix-js-sdk/lib/crypto-api/recovery-key.js");
const read = (name) => readFileSync(`${folder}/${name}`, "utf8");
const base64 = (bytes) => Buffer.from(bytes).toString("base64").replace(/=+$/, "");

let tests = 0;
function is(what, want, got) {
	const same = JSON.stringify(want) === JSON.stringify(got);
	console.log(`${same ? "" : "not "}ok ${++tests} - ${what}`);
	if (!same) console.error(`want: ${JSON.stringify(want)}\ngot:  ${JSON.stringify(got)}`);
}

// --- what an account publishes, signed by the exported master key ---
const seed = (key) => read(`cross-signing.${key}.seed`);
const publicKey = (key) => read(`cross-signing.${key}.public`);

function ed25519(key) {
	const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"),
		Buffer.from(seed(key), "base64")]);
	return createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
}

// Matrix' canonical JSON: sorted members, no white space
function canonical(value) {
	if (value === null || typeof value !== "object") return JSON.stringify(value);
	if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
	return `{${Object.keys(value).sort().map((k) =>
		`${JSON.stringify(k)}:${canonical(value[k])}`).join(",")}}`;
}

function signingKey(key, usage, signer) {
	const object = { keys: { [`ed25519:${publicKey(key)}`]: publicKey(key) }, usage: [usage],
		user_id: user };
	const made = base64(sign(null, Buffer.from(canonical(object)), ed25519(signer)));
	return { ...object, signatures: { [user]: { [`ed25519:${publicKey(signer)}`]: made } } };
}

function published() {
	return JSON.stringify({
		device_keys: { [user]: {} }, failures: {},
		master_keys: { [user]: signingKey("master", "master", "master") },
		self_signing_keys: { [user]: signingKey("self", "self_signing", "master") },
		user_signing_keys: { [user]: signingKey("user", "user_signing", "master") },
	});
}

// --- matrix-sdk-crypto ---
const newMachine = (device) => sdk.OlmMachine.initialize(
	new sdk.UserId(user), new sdk.DeviceId(device));
const have = (status) => [status.hasMaster, status.hasSelfSigning, status.hasUserSigning];

async function queried(device) {
	const machine = await newMachine(device);
	const query = machine.queryKeysForUsers([new sdk.UserId(user)]);
	await machine.markRequestAsSent(query.id, sdk.RequestType.KeysQuery, published());
	return machine;
}

async function crossSigning() {
	for (const key of ["master", "self", "user"]) {
		const spki = createPublicKey(ed25519(key)).export({ format: "der", type: "spki" });
		is(`${key}: public key of the seed`, publicKey(key), base64(spki.subarray(-32)));
	}
	const machine = await queried("IMPORTS");
	is("importCrossSigningKeys", [true, true, true], have(await machine.importCrossSigningKeys(
		seed("master"), seed("self"), seed("user"))));
	const again = await machine.exportCrossSigningKeys();
	is("exported again", [seed("master"), seed("self"), seed("user")],
		[again.masterKey, again.self_signing_key, again.userSigningKey]);
	const refusal = await (await queried("SWAPPED")).importCrossSigningKeys(
		seed("self"), seed("master"), seed("user")).then(have, () => "refused");
	is("swapped seeds are not taken", true, refusal === "refused" || !refusal[0]);
}

async function backup() {
	const key = sdk.BackupDecryptionKey.fromBase64(read("backup.private"));
	is("public key of the backup", read("backup.public"), key.megolmV1PublicKey.publicKeyBase64);
	is("the backup key comes back", read("backup.private"), key.toBase64());
}

// What a QR code login hands over (MSC4108)
async function bundle() {
	const machine = await newMachine("BUNDLE");
	await machine.importSecretsBundle(sdk.SecretsBundle.from_json({
		cross_signing: { master_key: seed("master"), self_signing_key: seed("self"),
			user_signing_key: seed("user") },
		backup: { algorithm: "m.megolm_backup.v1.curve25519-aes-sha2",
			key: read("backup.private"), backup_version: "1" },
	}));
	is("importSecretsBundle", [true, true, true], have(await machine.crossSigningStatus()));
	const requests = await machine.bootstrapCrossSigning(false);
	const body = JSON.parse(requests.uploadSigningKeysRequest.body);
	for (const [key, member] of [["master", "master_key"], ["self", "self_signing_key"],
		["user", "user_signing_key"]])
		is(`it would publish our ${key} key`, [publicKey(key)], Object.values(body[member].keys));
}

await sdk.initAsync();
is("matrix-js-sdk reads the recovery key", read("recovery.base64"),
	base64(decodeRecoveryKey(read("recovery.recovery-key"))));
await crossSigning();
await backup();
await bundle();
console.log(`1..${tests}`);
