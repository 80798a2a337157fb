/* jwt_claims.c - the table. */
#include "lib/jwt_claims.h"

#include "lib/span.h"

#define ID     (1u << JWT_ID_TOKEN)
#define AT     (1u << JWT_ACCESS_TOKEN)
#define LOGOUT (1u << JWT_LOGOUT_TOKEN)

const struct jwt_claim jwt_claims[] = {
	{ "nonce", JWT_TEXT, ID, "of the request" },
	{ "auth_time", JWT_NUMBER, ID | AT, "when the person logged in" },
	{ "acr", JWT_TEXT, ID | AT, "class of that login" },
	{ "amr", JWT_TEXT_LIST, ID | AT, "how (RFC 8176)" },
	{ "azp", JWT_TEXT, ID, "client that it is for" },
	{ "at_hash", JWT_TEXT, ID, "half a hash of the access token" },
	{ "c_hash", JWT_TEXT, ID, "half a hash of the code" },
	{ "sid", JWT_TEXT, ID | LOGOUT, "session" },
	{ "scope", JWT_TEXT, AT, "what it allows (RFC 8693)" },
	{ "client_id", JWT_TEXT, AT, "client that it was given to" },
	{ "jti", JWT_TEXT, ID | AT | LOGOUT, "name of this token" },
	{ "events", JWT_EVENTS, LOGOUT, "that it is a logout" },
	{ "name", JWT_TEXT, ID | AT, "whole name" },
	{ "preferred_username", JWT_TEXT, ID | AT, "name of the account" },
	{ "given_name", JWT_TEXT, ID, "given name" },
	{ "family_name", JWT_TEXT, ID, "family name" },
	{ "nickname", JWT_TEXT, ID, "nickname" },
	{ "profile", JWT_TEXT, ID, "address of a page about them" },
	{ "picture", JWT_TEXT, ID, "address of a picture" },
	{ "website", JWT_TEXT, ID, "address of their own pages" },
	{ "gender", JWT_TEXT, ID, "gender" },
	{ "birthdate", JWT_TEXT, ID, "birth date" },
	{ "zoneinfo", JWT_TEXT, ID, "time zone" },
	{ "locale", JWT_TEXT, ID, "language" },
	{ "updated_at", JWT_NUMBER, ID, "when these were changed" },
	{ "email", JWT_TEXT, ID | AT, "mail address" },
	{ "email_verified", JWT_TRUTH, ID | AT, "was it proven" },
	{ "phone_number", JWT_TEXT, ID, "phone number" },
	{ "phone_number_verified", JWT_TRUTH, ID, "was it proven" },
	{ "groups", JWT_TEXT_LIST, ID | AT, "groups" },
	{ "jid", JWT_TEXT, ID | AT, "XMPP address" },
};
const size_t njwt_claims = sizeof jwt_claims / sizeof *jwt_claims;

const struct jwt_claim *
jwt_claim_find(struct span name)
{
	for (size_t i = 0; i < njwt_claims; i++)
		if (span_is(name, jwt_claims[i].name))
			return &jwt_claims[i];
	return NULL;
}
