/* jwt_rows.c - public keys of issuers, for front. */
#include "lib/jwt_rows.h"

static const struct wire_field jwt_row_fields[] = {
	WIRE_F(jwt_row, 1, TEXT, 0, issuer, 1, JWT_ISSUER_MAX, "whose"),
	WIRE_S(jwt_row, 2, MAP, 0, key, &ops_jwt_key_map, 0, "key"),
};
const struct wire_map jwt_row_map = { "jwt-row", sizeof(struct jwt_row), jwt_row_fields,
	sizeof jwt_row_fields / sizeof *jwt_row_fields, false, 0 };

static enum err
put_state(struct span rows, const struct jwt_row *want, uint64_t now, struct buf *out, size_t *n)
{
	struct cbor c = cbor_from(rows);
	struct jwt_row row;
	enum err e;

	while (!cbor_at_end(&c)) {
		if ((e = wire_decode_at(&jwt_row_map, &c, &row)))
			return e;
		if (row.key.state != want->key.state || !span_eq(row.issuer, want->issuer) ||
		    (row.key.until && row.key.until < now) || *n == JWT_KEYS)
			continue;
		if ((e = wire_encode(&ops_jwt_key_map, &row.key, out)))
			return e;
		++*n;
	}
	return buf_err(out);
}

enum err
jwt_rows_of(struct span rows, struct span issuer, uint64_t now, struct buf *out, size_t *n)
{
	static const enum jwt_state order[] = { JWT_CURRENT, JWT_NEXT, JWT_OLD };
	struct jwt_row want = { .issuer = issuer };
	enum err e = ERR_OK;

	*n = 0;
	for (size_t i = 0; i < sizeof order / sizeof *order && !e; i++) {
		want.key.state = order[i];
		e = put_state(rows, &want, now, out, n);
	}
	return e ? e : *n ? ERR_OK : ERR_NOTFOUND;
}
