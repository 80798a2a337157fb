// usage: node oidc_indie.mjs ME ISSUER SERVICE SECRET
// A client of IndieAuth by openid-client 6.  Writes where the person is to go, and reads where they
// came back to.
import assert from 'node:assert/strict'
import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import readline from 'node:readline'
import { pathToFileURL } from 'node:url'

const require = createRequire(`${realpathSync(process.env.NPM)}/x.js`)
const load = (name) => import(pathToFileURL(require.resolve(name)))
const oidc = await load('openid-client')
const [me, issuer, service, secret] = process.argv.slice(2)
const id = 'https://app.example/client'
const back = 'https://app.example/back'
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const visit = async (url) => {
	process.stdout.write(`${url.href}\n`)
	return new URL((await lines.next()).value)
}

// 4.1: the page, its metadata
const page = await fetch(me)
assert.equal(page.status, 200)
const relation = page.headers.get('link') ?? ''
const found = /<([^>]*)>; *rel="indieauth-metadata"/.exec(relation)?.[1] ??
	/<link rel="indieauth-metadata"\s+href="([^"]*)"/.exec(await page.text())[1]
const metadata = await (await fetch(new URL(found, me))).json()
assert.equal(metadata.issuer, issuer)
assert.ok(found.startsWith(metadata.issuer))
// RFC 8414: from the issuer alone
const again = await oidc.discovery(new URL(issuer), id, undefined, oidc.None(),
	{ algorithm: 'oauth2' })
assert.deepEqual(again.serverMetadata().token_endpoint, metadata.token_endpoint)
const config = new oidc.Configuration(metadata, id, undefined, oidc.None())

const begin = async (scope) => {
	const verifier = oidc.randomPKCECodeVerifier()
	const state = oidc.randomState()
	const url = oidc.buildAuthorizationUrl(config, {
		redirect_uri: back, state, me, ...(scope ? { scope } : {}),
		code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
		code_challenge_method: 'S256',
	})
	return { verifier, state, got: await visit(url) }
}

// 5.3.3: a token, and who it was
let { verifier, state, got } = await begin('profile email create')
const tokens = await oidc.authorizationCodeGrant(config, got,
	{ pkceCodeVerifier: verifier, expectedState: state })
assert.equal(tokens.me, me)
assert.equal(tokens.id_token, undefined)
assert.equal(tokens.scope, 'profile email create')
assert.ok(tokens.profile.name)
const info = await oidc.fetchProtectedResource(config, tokens.access_token,
	new URL(metadata.userinfo_endpoint), 'GET')
assert.deepEqual(await info.json(), tokens.profile)
// as the service that is given it
const server = new oidc.Configuration(metadata, service, undefined, oidc.ClientSecretBasic(secret))
const seen = await oidc.tokenIntrospection(server, tokens.access_token)
assert.equal(seen.active, true)
assert.equal(seen.me, me)
assert.equal(seen.client_id, id)
const fresh = await oidc.refreshTokenGrant(config, tokens.refresh_token)
assert.equal(fresh.me, me)
assert.equal(fresh.scope, 'profile email create')
await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token))
assert.equal((await oidc.tokenIntrospection(server, fresh.access_token)).active, false)

// revocation
;({ verifier, state, got } = await begin('create'))
const more = await oidc.authorizationCodeGrant(config, got,
	{ pkceCodeVerifier: verifier, expectedState: state })
await oidc.tokenRevocation(config, more.access_token)
assert.equal((await oidc.tokenIntrospection(server, more.access_token)).active, false)

// 5.3.2: who it was and nothing else, at the authorization endpoint
;({ verifier, state, got } = await begin())
assert.equal(got.searchParams.get('state'), state)
assert.equal(got.searchParams.get('iss'), issuer)
const who = await fetch(metadata.authorization_endpoint, { method: 'POST',
	body: new URLSearchParams({ grant_type: 'authorization_code', client_id: id,
		redirect_uri: back, code: got.searchParams.get('code'), code_verifier: verifier }) })
assert.equal(who.headers.get('access-control-allow-origin'), '*')
assert.deepEqual(await who.json(), { me })
;({ verifier, state, got } = await begin())
await assert.rejects(oidc.authorizationCodeGrant(config, got,
	{ pkceCodeVerifier: verifier, expectedState: state }), { error: 'invalid_grant' })
process.exit(0)
