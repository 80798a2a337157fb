// npm oidc-provider as a peer: usage: node oidc.mjs NPM PORT REDIRECT SECRET
// One client for each algorithm, everybody is "ann" and agrees; its own store in memory.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";

const [npm, port, redirect, secret] = process.argv.slice(2);
const { default: Provider } = await import(npm + "/node_modules/oidc-provider/lib/index.js");

const key = (kind, options, alg) => ({
	...generateKeyPairSync(kind, options).privateKey.export({ format: "jwk" }), alg, use: "sig",
});
const algs = ["RS256", "ES256", "EdDSA"];
const provider = new Provider("http://127.0.0.1:" + port, {
	clients: algs.map((alg) => ({
		client_id: alg.toLowerCase(), client_secret: secret, redirect_uris: [redirect],
		id_token_signed_response_alg: alg,
	})),
	jwks: { keys: [
		key("rsa", { modulusLength: 2048 }, "RS256"),
		key("ec", { namedCurve: "P-256" }, "ES256"),
		key("ed25519", {}, "EdDSA"),
	] },
	enabledJWA: { idTokenSigningAlgValues: algs },
	features: { devInteractions: { enabled: false }, introspection: { enabled: true } },
	interactions: { url: (ctx, i) => "/interaction/" + i.uid },
	findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
});

const consent = async ({ params, session }) => {
	const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });

	grant.addOIDCScope("openid");
	return { consent: { grantId: await grant.save() } };
};

const handle = provider.callback();
createServer(async (req, res) => {
	if (!req.url.startsWith("/interaction/"))
		return handle(req, res);
	const details = await provider.interactionDetails(req, res);
	const done = details.prompt.name === "login"
		? { login: { accountId: "ann" } } : await consent(details);

	return provider.interactionFinished(req, res, done, { mergeWithLastSubmission: true });
}).listen(Number(port), "127.0.0.1");
