// The browser's side of logging in with a token, and of registering one (WebAuthn).  What the
// token is to do stands at the form; what it answered goes into its fields, and off.
'use strict';

(function () {
	const form = document.getElementById('ceremony');
	const say = document.getElementById('say');
	const again = document.getElementById('again');
	let busy = false;

	function bytes(text) {
		const s = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
		return Uint8Array.from(s, function (c) { return c.charCodeAt(0); });
	}

	function text(buffer) {
		let s = '';
		new Uint8Array(buffer).forEach(function (b) { s += String.fromCharCode(b); });
		return btoa(s).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
	}

	function credentials(list) {
		return (list || '').split(' ').filter(Boolean).map(function (id) {
			return { type: 'public-key', id: bytes(id) };
		});
	}

	function fill(name, value) {
		form.elements[name].value = value;
	}

	async function create(d) {
		const made = await navigator.credentials.create({ publicKey: {
			rp: { id: d.rp, name: d.rpName },
			user: { id: bytes(d.user), name: d.userName, displayName: d.userName },
			challenge: bytes(d.challenge),
			pubKeyCredParams: [-7, -8, -257].map(function (alg) {
				return { type: 'public-key', alg: alg };
			}),
			excludeCredentials: credentials(d.list),
			authenticatorSelection: {
				residentKey: 'preferred', userVerification: 'required'
			},
			attestation: 'none',
			extensions: { credProps: true },
			timeout: 240000
		} });
		const r = made.response, props = made.getClientExtensionResults().credProps;

		fill('client_data', text(r.clientDataJSON));
		fill('object', text(r.attestationObject));
		fill('transports', r.getTransports ? r.getTransports().join(' ') : '');
		fill('found', props && props.rk ? '1' : '');
	}

	async function get(d) {
		const got = await navigator.credentials.get({ publicKey: {
			rpId: d.rp,
			challenge: bytes(d.challenge),
			allowCredentials: credentials(d.list),
			userVerification: 'required',
			timeout: 240000
		} });
		const r = got.response;

		fill('id', text(got.rawId));
		fill('client_data', text(r.clientDataJSON));
		fill('authdata', text(r.authenticatorData));
		fill('signature', text(r.signature));
		fill('user_handle', r.userHandle ? text(r.userHandle) : '');
	}

	function why(e) {
		if (e.name === 'InvalidStateError')
			return form.dataset.sayExists;
		if (e.name === 'SecurityError')
			return form.dataset.sayAddress;
		if (e.name === 'NotAllowedError')
			return form.dataset.sayNothing;
		return form.dataset.sayOther + ' ' + e.message;
	}

	async function run() {
		if (busy)
			return;
		busy = true;
		say.textContent = form.dataset.sayNow;
		try {
			await (form.dataset.act === 'create' ? create : get)(form.dataset);
			say.textContent = form.dataset.sayMoment;
			form.submit();
		} catch (e) {
			busy = false;
			say.textContent = why(e);
			again.hidden = false;
			again.focus();
		}
	}

	again.addEventListener('click', run);
	if (!window.PublicKeyCredential) {
		say.textContent = form.dataset.sayNone;
		return;
	}
	run();
})();
