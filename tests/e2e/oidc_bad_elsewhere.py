"""Bad inputs of the field that other tests have: which, and that those are still there."""

import os

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# file: (name, where it comes from, what stands in the file)
ELSEWHERE = {
    "tests/e2e/oidc_flow.py": [
        ("code: used twice", "RFC 6749 4.1.2", "oidcc-codereuse"),
        ("csrf: prompt=none shows nothing and allows nothing new", "OIDC Core 3.1.2.1",
         "oidcc-prompt-none-logged-in"),
        ("csrf: max_age=0 is a login", "OIDC Core 3.1.2.1", "oidcc-max-age-1"),
        ("csrf: a client that may not have it registers a redirect", "RFC 9700 4.1",
         "oidcc-ensure-registered-redirect-uri"),
        ("tokens: in the query, twice, of another kind", "RFC 6750 5.3", "oidcc-userinfo-get"),
        ("tokens: refresh by another client, more scopes, used twice", "RFC 9700 4.14",
         "oidcc-refresh-token"),
        ("jwt: request object with alg none", "OIDC Core 6",
         "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported"),
    ] + [("logout: " + name, "oidcc-rp-initiated-logout", 'no_way_back("%s"' % name) for name in (
        "bad-post-logout-redirect-uri", "query-added-to-post-logout-redirect-uri",
        "modified-id-token-hint", "bad-id-token-hint", "no-id-token-hint", "no-params",
        "no-post-logout-redirect-uri", "only-state")],
    "tests/e2e/oidc_races.py": [
        ("code: 50 at once", "puzed/darkauth#78", "puzed/darkauth#78"),
        ("tokens: 20 refreshes at once", "RFC 9700 4.14.2", "def refresh_race"),
        ("code: after a restart", "RFC 6749 4.1.2", "def killed"),
        ("tokens: introspection by others", "RFC 7662 4", "def introspection"),
        ("tokens: revocation of others'", "RFC 7009 2.1", "def revocation"),
        ("tokens: at a service that they are not for", "RFC 8707", "def resource"),
        ("csrf: consent of another session, another form, another site", "CWE-352",
         "def consent"),
        ("tokens: of a person who is disabled", "RFC 9700", "def disabled"),
    ],
    "tests/e2e/oidc_web.py": [
        ("request: content length and chunked at once", "CWE-444", "def framing"),
        ("request: forged hosts", "CWE-644", "def hosts"),
        ("request: 10,000 parameters, large headers", "CWE-770", "def bounds"),
        ("request: slowloris", "CVE-2007-6750", "def slow"),
        ("request: other methods", "RFC 9110 15.5.6", "def methods"),
    ],
    "tests/e2e/oidc_login.py": [
        ("webauthn: login, all that may be wrong", "WebAuthn 7.2", "def wrong_logins"),
        ("webauthn: registration, all that may be wrong", "WebAuthn 7.1",
         "def bad_registrations"),
        ("oracle: names that nobody has", "WebAuthn 14.6.2", "def names"),
        ("csrf: another person's rows", "CWE-639", "def account(directory"),
        ("code: of a session that has ended", "RFC 9700", "def in_flight"),
    ],
    "tests/unit/oidc_forged.h": [
        ("webauthn: " + name, origin, '"%s"' % name) for name, origin in (
            ("challenge of another session", "WebAuthn 13.4.3"), ("topOrigin",
             "SimpleWebAuthn discussion 815, lbuchs/WebAuthn#124"),
            ("crossOrigin", "lbuchs/WebAuthn#124"), ("origin with a suffix", "WebAuthn 13.4.9"),
            ("origin with a port", "WebAuthn 13.4.9"), ("origin by http", "WebAuthn 13.4.9"),
            ("rpIdHash of another", "WebAuthn 7.2 15"), ("UP unset", "WebAuthn 7.2 16"),
            ("UV unset", "WebAuthn 7.2 17"), ("BS without BE", "WebAuthn 7.2 18"),
            ("BE came", "WebAuthn 7.2 19"), ("counter back", "WebAuthn 7.2 22"),
            ("userHandle of another", "WebAuthn 7.2 6"), ("another credential", "WebAuthn 7.2 5"),
            ("type of a login", "WebAuthn 7.1 7"), ("type of a registration", "WebAuthn 7.2 11"),
            ("credential id of 1024 bytes", "glewlwyd CVE-2021-40818"),
            ("bytes behind the object", "WebAuthn 7.1 12"),
            ("bytes behind authData", "glewlwyd CVE-2022-27240"),
            ("indefinite key", "CTAP2 8"), ("indefinite extensions", "CTAP2 8"),
            ("kty of another algorithm", "RFC 9053 7"), ("RSA with a tiny modulus", "CWE-326"),
            ("unknown format", "WebAuthn 7.1 22"), ("packed with an empty x5c", "WebAuthn 8.2"))
    ],
    "tests/unit/test_oidc_webauthn.c": [
        ("webauthn: attested data cut at each byte", "glewlwyd CVE-2023-49208",
         "test_cut_anywhere"),
        ("webauthn: a COSE key off its curve", "CVE-2022-21449", "test_off_curve")],
    "tests/e2e/fetch.py": [
        ("fetch: addresses of this machine and others", "CWE-918", "def where_it_goes"),
        ("fetch: other ways to write them", "CWE-918", "def notations"),
        ("fetch: rebinding", "hexclave#1828, vercel/ai#20578, adk-js#482", "def rebinding"),
        ("fetch: bombs, redirects, wrong types", "CWE-409", "def answers"),
        ("fetch: the wrong certificate", "CWE-295", "def certificates"),
        ("fetch: drips", "CWE-400", "def slow_ones")],
    "tests/e2e/jwt_issuer.py": [
        ("jwt: claims, lifetimes, audiences that the provider may not ask for", "DESIGN 13",
         "def refused"),
        ("jwt: a kid that signs something else", "DESIGN 13", "def no_other_use")],
}


def there(path, text):
    def fn(_):
        with open(os.path.join(TREE, path), encoding="utf-8") as f:
            assert text in f.read(), "%s has no '%s'" % (path, text)
    return fn


def rows():
    return [("%s (%s): %s" % (name, origin, path), there(path, text))
            for path, named in ELSEWHERE.items() for name, origin, text in named]
