// usage: node oidc_indie_old.mjs ME
// A client of IndieAuth as they were before 2020, by indieauth-helper 1.0.2.
import assert from 'node:assert/strict'
import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import readline from 'node:readline'

const require = createRequire(`${realpathSync(process.env.NPM)}/x.js`)
const IndieAuth = require('indieauth-helper')
const [me] = process.argv.slice(2)
const settings = { me, clientId: 'https://app.example/client',
	redirectUri: 'https://app.example/back', secret: 'x' }
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const visit = async (url) => {
	process.stdout.write(`${url}\n`)
	return new URL((await lines.next()).value).searchParams
}

const who = new IndieAuth(settings)
let back = await visit(await who.getAuthUrl())
assert.equal(who.validateState(back.get('state')).me, me)
assert.equal(await who.verifyCode(back.get('code')), me)
await assert.rejects(who.verifyCode(back.get('code')))

const app = new IndieAuth(settings)
back = await visit(await app.getAuthUrl('code', ['create', 'update']))
assert.match(await app.getToken(back.get('code')), /^okat_/)
await assert.rejects(app.getToken(back.get('code')))
process.exit(0)
