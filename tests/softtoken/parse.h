/*
 * parse.h - requests: CBOR maps whose bytes cbor_check has accepted, by table.
 */
#ifndef SOFTTOKEN_PARSE_H
#define SOFTTOKEN_PARSE_H

#include "lib/cbor.h"
#include "tests/softtoken/ctap.h"

/* A parameter; p NULL: absent.  Bytes and text: their content; maps and arrays: the whole item. */
struct soft_uint {
	bool has;
	uint64_t v;
};

struct soft_field {
	int key;
	enum cbor_type type; /* CBOR_UINT fills a struct soft_uint, all others a struct span */
	size_t offset;
	bool must;
};

/* Fill *st (zeroed by the caller); unknown keys are passed over (CTAP 8). */
enum ctap soft_parse(const struct soft_field *f, size_t n, struct span map, void *st);
#define SOFT_PARSE(fields, map, st) \
	soft_parse((fields), sizeof(fields) / sizeof((fields)[0]), (map), (st))

/* The value under a text key; false: absent. */
bool soft_map_find(struct span map, const char *key, struct span *item);
/* The same, as its type.  Absent: *v stays and CTAP_OK; another type: CTAP_UNEXPECTED_TYPE. */
enum ctap soft_map_bytes(struct span map, const char *key, struct span *v);
enum ctap soft_map_text(struct span map, const char *key, struct span *v);
enum ctap soft_map_bool(struct span map, const char *key, bool *has, bool *v);
enum ctap soft_map_uint(struct span map, const char *key, struct soft_uint *v);
/* PublicKeyCredentialDescriptor: its id; empty when the type is not "public-key". */
enum ctap soft_parse_descriptor(struct span item, struct span *id);
/* Public half of a COSE P-256 key (RFC 9053 7.1.1), x || y. */
enum ctap soft_parse_p256(struct span item, uint8_t pub[64]);

/* A map being written whose size is not known before. */
struct soft_map {
	struct buf pairs;
	size_t n;
};

/* The key is put; the caller puts the value into the returned buf. */
struct buf *soft_map_key(struct soft_map *m, int64_t key);
struct buf *soft_map_str(struct soft_map *m, const char *key);
void soft_map_end(struct soft_map *m, struct buf *out); /* and wipe */
void soft_put_descriptor(struct buf *b, struct span id);
void soft_put_p256(struct buf *b, const uint8_t pub[64], int64_t alg);

#endif
