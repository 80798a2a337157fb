// usage: node oidc_client.mjs ISSUER CLIENT SECRET ALG REDIRECT COOKIE
// A relying party by openid-client 6; the browser is one request with the cookie of a login.
import assert from 'node:assert/strict'
import { browse, load } from './peer.mjs'

const oidc = await load('openid-client')
const [issuer, id, secret, alg, back, cookie] = process.argv.slice(2)

const config = await oidc.discovery(new URL(issuer), id,
	{ client_secret: secret || undefined, id_token_signed_response_alg: alg },
	secret ? oidc.ClientSecretBasic(secret) : oidc.None(),
	{ execute: [oidc.allowInsecureRequests] })
const verifier = oidc.randomPKCECodeVerifier()
const state = oidc.randomState()
const nonce = oidc.randomNonce()
const to = oidc.buildAuthorizationUrl(config, {
	redirect_uri: back, scope: 'openid profile email offline_access', state, nonce,
	code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
})
const answer = await browse(to, cookie)
assert.equal(answer.statusCode, 303)
const got = await oidc.authorizationCodeGrant(config, new URL(answer.headers.location),
	{ pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce,
		idTokenExpected: true, maxAge: 3600 })
const { sub } = got.claims()
const info = await oidc.fetchUserInfo(config, got.access_token, sub)
assert.equal(info.email, 'ann@example.org')
const fresh = await oidc.refreshTokenGrant(config, got.refresh_token)
assert.equal(fresh.claims().sub, sub)
if (secret)
	assert.equal((await oidc.tokenIntrospection(config, fresh.access_token)).active, true)
await oidc.tokenRevocation(config, fresh.refresh_token)
await assert.rejects(oidc.refreshTokenGrant(config, fresh.refresh_token))
const bye = oidc.buildEndSessionUrl(config,
	{ id_token_hint: fresh.id_token, post_logout_redirect_uri: `${back}/bye`, state: 'x' })
const left = await browse(bye, cookie)
assert.equal(left.headers.location, `${back}/bye?state=x`)
