// usage: slip39.mjs NODE_MODULES split THRESHOLD COUNT HEX PASSPHRASE EXTENDABLE    shares, a line each
//        slip39.mjs NODE_MODULES combine PASSPHRASE <SHARES                         HEX
//        slip39.mjs NODE_MODULES groups HEX      2 of 3 groups: enough shares of two of them
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, verb, ...args] = process.argv.slice(2);
const Slip39 = createRequire(`${modules}/`)("slip39");
const bytes = (hex) => Array.from(Buffer.from(hex, "hex"));

function split(threshold, count, hex, passphrase, extendable) {
	const slip = Slip39.fromArray(bytes(hex), { passphrase, threshold: 1,
		groups: [[Number(threshold), Number(count), ""]], iterationExponent: 0,
		extendableBackupFlag: Number(extendable) });
	return slip.fromPath("r/0").mnemonics;
}

function groups(hex) {
	const slip = Slip39.fromArray(bytes(hex), { threshold: 2,
		groups: [[1, 1, ""], [3, 4, ""], [2, 5, ""]], iterationExponent: 0 });
	const of = (path, n) => slip.fromPath(path).mnemonics.slice(-n);
	return [...of("r/1", 3), ...of("r/2", 2)];
}

function combine(passphrase) {
	const shares = readFileSync(0, "utf8").trim().split("\n");
	return [Buffer.from(Slip39.recoverSecret(shares, passphrase)).toString("hex")];
}

console.log({ split, groups, combine }[verb](...args).join("\n"));
