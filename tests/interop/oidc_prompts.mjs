// usage: node oidc_prompts.mjs ISSUER CLIENT SECRET REDIRECT COOKIE OTHER_COOKIE
// openid-client 6: what it may ask about the login itself.  COOKIE is of a login 1000 s ago.
import assert from 'node:assert/strict'
import { browse, fields, load, refused } from './peer.mjs'

const oidc = await load('openid-client')
const [issuer, id, secret, back, cookie, other] = process.argv.slice(2)
const config = await oidc.discovery(new URL(issuer), id, secret, oidc.ClientSecretBasic(secret),
	{ execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] })
const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
const code_challenge = await oidc.calculatePKCECodeChallenge(pkceCodeVerifier)

const ask = async (more, who = cookie) => {
	const state = oidc.randomState()
	const to = oidc.buildAuthorizationUrl(config, { redirect_uri: back, state, code_challenge,
		scope: 'openid email', code_challenge_method: 'S256', ...more })
	return { state, answer: await browse(to, who) }
}
const checks = (a, more) => ({ pkceCodeVerifier, expectedState: a.state, idTokenExpected: true,
	...more })
const login = async (more, who, check) => {
	const a = await ask(more, who)
	assert.equal(a.answer.statusCode, 303, a.answer.text)
	return oidc.authorizationCodeGrant(config, new URL(a.answer.headers.location),
		checks(a, check))
}
const asksAgain = async (more, who) => {
	const { answer } = await ask(more, who)
	assert.equal(answer.statusCode, 303)
	assert.match(answer.headers.location, /\/login\?go=/)
}

// no word to the person: an answer, or an error that says what is missing
const quiet = await login({ prompt: 'none' })
assert.equal((await oidc.fetchUserInfo(config, quiet.access_token, quiet.claims().sub)).email,
	'ann@example.org')
await refused(login({ prompt: 'none' }, ''), { error: 'login_required' })
await refused(login({ prompt: 'none', max_age: '100' }), { error: 'login_required' })
await refused(login({ prompt: 'none login' }), { error: 'invalid_request' })

// how long ago
const old = await login({ max_age: '2000' }, cookie, { maxAge: 2000 })
assert(Date.now() / 1000 - old.claims().auth_time >= 1000)
await asksAgain({ max_age: '100' })
await asksAgain({ max_age: '0' })
await asksAgain({ prompt: 'login' })
// that it was asked for is not enough for openid-client: auth_time is looked at
await refused(login({}, cookie, { maxAge: 100 }), { code: 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED' })

// who it was
const hint = { id_token_hint: quiet.id_token }
assert.equal((await login({ ...hint, prompt: 'none' })).claims().sub, quiet.claims().sub)
await refused(login({ ...hint, prompt: 'none' }, other), { error: 'login_required' })
await asksAgain({ ...hint }, other)
assert.notEqual((await login({}, other)).claims().sub, quiet.claims().sub)

// by a form
const a = await ask({ response_mode: 'form_post' })
assert.equal(a.answer.statusCode, 200)
assert(a.answer.text.includes(`action="${back}"`), a.answer.text)
const posted = (body) => new Request(back, { method: 'POST', body })
const form = fields(a.answer.text)
const got = await oidc.authorizationCodeGrant(config, posted(form), checks(a))
assert.equal(got.claims().sub, quiet.claims().sub)
const no = await ask({ response_mode: 'form_post', prompt: 'none' }, '')
await refused(oidc.authorizationCodeGrant(config, posted(fields(no.answer.text)), checks(no)),
	{ error: 'login_required' })
