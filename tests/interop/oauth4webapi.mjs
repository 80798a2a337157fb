// usage: node oauth4webapi.mjs ISSUER CLIENT SECRET HOW ALG REDIRECT COOKIE API API_SECRET
// oauth4webapi by itself: each of its functions that has to do with what the provider serves.
import assert from 'node:assert/strict'
import { browse, load, refused } from './peer.mjs'

const oauth = await load('oauth4webapi')
const [issuer, id, secret, how, alg, back, cookie, api, apiSecret] = process.argv.slice(2)
const plain = { [oauth.allowInsecureRequests]: true }
const at = new URL(issuer)

// --- discovery, both ways ---
const discover = async (algorithm) => oauth.processDiscoveryResponse(at,
	await oauth.discoveryRequest(at, { algorithm, ...plain }))
const as = await discover('oidc')
assert.deepEqual(await discover('oauth2'), as)
await refused(oauth.discoveryRequest(new URL(`${issuer}/elsewhere`), { ...plain }).then((r) =>
	oauth.processDiscoveryResponse(new URL(`${issuer}/elsewhere`), r)),
{ name: 'OperationProcessingError' })

// EdDSA is the name that relying parties of today know; oauth4webapi takes Ed25519 (RFC 9864), too
assert.deepEqual(as.id_token_signing_alg_values_supported.toSorted(), ['ES256', 'EdDSA', 'RS256'])
assert.equal(as.authorization_response_iss_parameter_supported, true)

const client = { client_id: id, id_token_signed_response_alg: alg }
const auth = { basic: () => oauth.ClientSecretBasic(secret), post: () =>
	oauth.ClientSecretPost(secret), none: () => oauth.None() }[how]()

// --- authorization code with PKCE ---
const verifier = oauth.generateRandomCodeVerifier()
const nonce = oauth.generateRandomNonce()
const challenge = await oauth.calculatePKCECodeChallenge(verifier)
const ask = async (more = {}) => {
	const state = oauth.generateRandomState()
	const to = new URL(as.authorization_endpoint)
	to.search = new URLSearchParams({ client_id: id, redirect_uri: back, response_type: 'code',
		scope: 'openid profile email offline_access', prompt: 'none', max_age: '3600', nonce,
		state, code_challenge: challenge, code_challenge_method: 'S256', ...more })
	const answer = await browse(to, cookie)
	assert.equal(answer.statusCode, 303, answer.text)
	return { url: new URL(answer.headers.location), state }
}
const redeem = (params, options = {}) => oauth.authorizationCodeGrantRequest(as, client, auth,
	params, back, verifier, { ...plain, ...options })
const process_ = (response, more = {}) => oauth.processAuthorizationCodeResponse(as, client,
	response, { expectedNonce: nonce, maxAge: 3600, requireIdToken: true, ...more })

const { url, state } = await ask()
for (const [change, wrong] of [[(u) => u.searchParams.set('iss', 'https://evil.example'), state],
	[(u) => u.searchParams.delete('iss'), state], [() => {}, 'x'],
	[() => {}, oauth.expectNoState]]) {
	const changed = new URL(url)
	change(changed)
	assert.throws(() => oauth.validateAuthResponse(as, client, changed, wrong),
		oauth.OperationProcessingError)
}
const params = oauth.validateAuthResponse(as, client, url, state)
const response = await redeem(params)
const got = await process_(response)
await oauth.validateApplicationLevelSignature(as, response, plain)
const claims = oauth.getValidatedIdTokenClaims(got)
assert.equal(JSON.parse(Buffer.from(got.id_token.split('.')[0], 'base64url')).alg, alg)
assert.deepEqual([claims.iss, claims.aud, claims.nonce], [issuer, id, nonce])

// a code twice: refused, and what came of it ends
await refused(redeem(params).then((r) => process_(r)),
	{ name: 'ResponseBodyError', error: 'invalid_grant', status: 400 })
await refused(oauth.userInfoRequest(as, client, got.access_token, plain).then((r) =>
	oauth.processUserInfoResponse(as, client, claims.sub, r)),
{ name: 'WWWAuthenticateChallengeError', status: 401 })

// what is said about a request that is wrong
const wrongly = await ask({ response_type: 'token' })
assert.throws(() => oauth.validateAuthResponse(as, client, wrongly.url, wrongly.state),
	{ name: 'AuthorizationResponseError', error: 'unsupported_response_type' })
const early = await ask()
await refused(oauth.authorizationCodeGrantRequest(as, client, auth, oauth.validateAuthResponse(as,
	client, early.url, early.state), back, oauth.generateRandomCodeVerifier(), plain).then((r) =>
	process_(r)), { error: 'invalid_grant' })

// --- tokens of an algorithm, nonce or audience that was not asked for are refused by it ---
const login = async (more = {}, options = {}) => {
	const a = await ask(more)
	return redeem(oauth.validateAuthResponse(as, client, a.url, a.state), options)
}
await refused(login().then((r) => process_(r, { expectedNonce: 'x' })),
	{ name: 'OperationProcessingError', code: oauth.JWT_CLAIM_COMPARISON })
for (const other of ['RS256', 'ES256', 'EdDSA', 'Ed25519'].filter((n) => n !== alg))
	await refused(login().then((r) => oauth.processAuthorizationCodeResponse(as,
		{ ...client, id_token_signed_response_alg: other }, r, { expectedNonce: nonce })),
	{ name: 'OperationProcessingError', code: oauth.INVALID_RESPONSE })

// --- userinfo, refresh, introspection, revocation ---
const tokens = await login().then((r) => process_(r))
const { sub } = oauth.getValidatedIdTokenClaims(tokens)
assert.equal(sub, claims.sub)
const info = () => oauth.userInfoRequest(as, client, tokens.access_token, plain)
assert.equal((await oauth.processUserInfoResponse(as, client, sub, await info())).email,
	'ann@example.org')
await refused(info().then((r) => oauth.processUserInfoResponse(as, client, 'another', r)),
	{ code: oauth.JSON_ATTRIBUTE_COMPARISON })
const refresh = async (token, additionalParameters = {}) => {
	const r = await oauth.refreshTokenGrantRequest(as, client, auth, token,
		{ ...plain, additionalParameters })
	const out = await oauth.processRefreshTokenResponse(as, client, r)
	await oauth.validateApplicationLevelSignature(as, r, plain)
	return out
}
const fresh = await refresh(tokens.refresh_token)
assert.equal(oauth.getValidatedIdTokenClaims(fresh).sub, sub)
assert.notEqual(fresh.refresh_token, tokens.refresh_token)
const inspect = async (c, a, token) => oauth.processIntrospectionResponse(as, c,
	await oauth.introspectionRequest(as, c, a, token, plain))
if (secret) {
	const seen = await inspect(client, auth, fresh.access_token)
	assert.deepEqual([seen.active, seen.sub, seen.client_id], [true, sub, id])
}
await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth,
	fresh.refresh_token, plain))
await refused(refresh(fresh.refresh_token), { error: 'invalid_grant' })
if (secret)
	assert.equal((await inspect(client, auth, fresh.access_token)).active, false)
await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, 'unknown',
	plain))

// --- RFC 8707: a token for one service ---
const there = { client_id: api }
const atApi = oauth.ClientSecretBasic(apiSecret)
const meant = await login({ resource: api }, { additionalParameters: { resource: api } })
	.then((r) => process_(r))
assert.equal((await inspect(there, atApi, meant.access_token)).aud, api)
assert.equal((await inspect(there, atApi, tokens.access_token)).active, false)
await refused(oauth.userInfoRequest(as, client, meant.access_token, plain).then((r) =>
	oauth.processUserInfoResponse(as, client, sub, r)), { status: 401 })
await refused(refresh(meant.refresh_token, { resource: 'https://other.example/' }),
	{ error: 'invalid_target' })
const again = await refresh(meant.refresh_token, { resource: api })
assert.equal((await inspect(there, atApi, again.access_token)).aud, api)
const nowhere = await ask({ resource: 'https://other.example/' })
assert.throws(() => oauth.validateAuthResponse(as, client, nowhere.url, nowhere.state),
	{ error: 'invalid_target' })

// --- who does not prove who it is ---
if (how === 'basic')
	await refused(oauth.refreshTokenGrantRequest(as, client, oauth.ClientSecretBasic('wrong'),
		again.refresh_token, plain).then((r) => oauth.processRefreshTokenResponse(as, client, r)),
	{ name: 'WWWAuthenticateChallengeError', status: 401 })
if (how === 'post')
	await refused(oauth.refreshTokenGrantRequest(as, client, oauth.ClientSecretPost('wrong'),
		again.refresh_token, plain).then((r) => oauth.processRefreshTokenResponse(as, client, r)),
	{ error: 'invalid_client', status: 401 })

// --- what is not served: said so in the metadata, or by the standard's error ---
await refused(oauth.clientCredentialsGrantRequest(as, client, secret ? auth : oauth.None(), {},
	plain).then((r) => oauth.processClientCredentialsResponse(as, client, r)),
{ error: 'unsupported_grant_type' })
await refused(oauth.pushedAuthorizationRequest(as, client, auth, {}, plain),
	{ code: oauth.MISSING_SERVER_METADATA })
await refused(oauth.deviceAuthorizationRequest(as, client, auth, {}, plain),
	{ code: oauth.MISSING_SERVER_METADATA })
await refused(oauth.dynamicClientRegistrationRequest(as, {}, plain),
	{ code: oauth.MISSING_SERVER_METADATA })

// --- logout at the relying party's wish ---
const bye = new URL(as.end_session_endpoint)
bye.search = new URLSearchParams({ id_token_hint: again.id_token, client_id: id, state: 'x',
	post_logout_redirect_uri: `${back}/bye` })
const left = await browse(bye, cookie)
assert.equal(left.headers.location, `${back}/bye?state=x`)
const after = await ask()
assert.throws(() => oauth.validateAuthResponse(as, client, after.url, after.state),
	{ error: 'login_required' })
