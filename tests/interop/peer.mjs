// What scripts with npm's relying parties share: packages by name, and a browser that holds the
// cookie of a login.
import { realpathSync } from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

export const require = createRequire(`${realpathSync(process.env.NPM)}/x.js`)
// as the import condition has it, where there is one
export const load = (name) => import(pathToFileURL(require.resolve(name)))

// undici's fetch says Sec-Fetch-Mode: cors; a browser that goes to a page does not
export const browse = (url, cookie = '') => new Promise((resolve, reject) => {
	http.get(url, { headers: { cookie } }, (r) => {
		const parts = []
		r.on('data', (d) => parts.push(d))
		r.on('end', () => {
			r.text = Buffer.concat(parts).toString()
			resolve(r)
		})
	}).on('error', reject)
})

// fields of the form that a page has
export const fields = (page) => new URLSearchParams([...page.matchAll(
	/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map((m) => [m[1],
	m[2].replace(/&#(\d+);/g, (_, n) => String.fromCharCode(n)).replace(/&amp;/g, '&')]))

export const refused = async (promise, check) => {
	try {
		await promise
	} catch (e) {
		const wrong = Object.entries(check).filter(([k, v]) => e[k] !== v)
		if (!wrong.length)
			return e
		throw new Error(`not ${JSON.stringify(check)}`, { cause: e })
	}
	throw new Error(`was taken, not ${JSON.stringify(check)}`)
}
