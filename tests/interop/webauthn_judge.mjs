// usage: node webauthn_judge.mjs <CEREMONIES
// What @simplewebauthn/server says about ceremonies, one a line (98-oidc-webauthn.py).  A credential
// is the one that the line brings along, or was registered before.
import { createInterface } from 'node:readline'
import { load } from './peer.mjs'

const webauthn = await load('@simplewebauthn/server')
const bytes = (text) => new Uint8Array(Buffer.from(text, 'base64url'))
const known = new Map()

const common = (c, response) => ({
	expectedChallenge: c.challenge, expectedOrigin: c.origin, expectedRPID: c.rp,
	requireUserVerification: true, response: { id: c.id, rawId: c.id, type: 'public-key',
		response: { clientDataJSON: c.client_data, ...response }, clientExtensionResults: {} },
})
const backup = (info) => ({ uv: info.userVerified, bs: info.credentialBackedUp,
	be: info.credentialDeviceType === 'multiDevice' })

const create = async (c) => {
	const got = await webauthn.verifyRegistrationResponse(common(c, {
		attestationObject: c.object }))
	if (!got.verified)
		return { ok: false, why: 'signature' }
	const { credential } = got.registrationInfo
	if (!c.why)
		known.set(credential.id, { ...credential })
	return { ok: true, id: credential.id, count: credential.counter,
		key: Buffer.from(credential.publicKey).toString('base64url'),
		...backup(got.registrationInfo) }
}

const get = async (c) => {
	const credential = c.key ? { id: c.row_id, publicKey: bytes(c.key), counter: c.count } :
		known.get(c.id)
	if (!credential)
		return { ok: false, why: 'not registered' }
	const got = await webauthn.verifyAuthenticationResponse({ credential, ...common(c, {
		authenticatorData: c.authdata, signature: c.signature,
		userHandle: c.user_handle || undefined }) })
	if (!got.verified)
		return { ok: false, why: 'signature' }
	if (!c.why)
		credential.counter = got.authenticationInfo.newCounter
	return { ok: true, count: got.authenticationInfo.newCounter,
		...backup(got.authenticationInfo) }
}

for await (const line of createInterface({ input: process.stdin })) {
	const c = JSON.parse(line)
	const said = await (c.kind === 'create' ? create : get)(c).catch((e) => ({
		ok: false, why: e.message }))
	console.log(JSON.stringify(said))
}
