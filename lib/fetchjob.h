/*
 * fetchjob.h - what ownkey-oidc-fetch is asked for and answers, as frames of chan.h on its
 * descriptor 0.
 *
 * A request is a struct fetch_ask; an answer is its number again (u64be), then a struct
 * fetch_answer, which a child made that has read what strangers sent: not even the number is
 * its own.  Answers come in any order.
 *
 * The program may reach public addresses by https, and nothing else; started with "person" it may
 * reach any, as a person's own program does (http on the loopback only), and answers FETCH_TALK.
 */
#ifndef LIB_FETCHJOB_H
#define LIB_FETCHJOB_H

#include "lib/weburl.h"
#include "lib/wire.h"

#define FETCH_PROGRAM	"ownkey-oidc-fetch"
#define FETCH_AT_ONCE	8	    /* children; more requests wait in the program */
#define FETCH_QUEUE	32	    /* as many; beyond: FETCH_WHY_BUSY */
#define FETCH_MS	10000	    /* a whole request, from its child's first instruction */
#define FETCH_JSON_MAX	5120	    /* CIMD 6.6 */
#define FETCH_HTML_MAX	(64 * 1024) /* of a client's page; and of an answer to FETCH_TALK */
#define FETCH_IMAGE_MAX (64 * 1024)
#define FETCH_FRAME_MAX (160 * 1024)
#define FETCH_NAME_MAX	120 /* bytes of a client's name */
#define FETCH_REDIRECTS 32
#define FETCH_AGE_MAX	86400 /* seconds that anything is kept */

enum fetch_kind {
	FETCH_CLIENT, /* what a client says about itself at its client id: typed fields */
	FETCH_IMAGE,  /* its logo: PNG, JPEG, GIF or WebP by its first bytes */
	FETCH_TALK    /* POST body, answer whatever comes ("person" only) */
};

enum fetch_why {
	FETCH_WHY_OK,
	FETCH_WHY_URL,	   /* not https, or an address that is none */
	FETCH_WHY_HOST,	   /* an IP address, localhost, .onion without a proxy */
	FETCH_WHY_PORT,	   /* neither 443 nor one from 1024 on */
	FETCH_WHY_KIND,	   /* not in this mode */
	FETCH_WHY_SPECIAL, /* the name leads to a special-use address (RFC 6890) */
	FETCH_WHY_NAME,	   /* not found */
	FETCH_WHY_PROXY,
	FETCH_WHY_CONNECT,
	FETCH_WHY_TLS, /* no certificate for this name by anybody we trust */
	FETCH_WHY_SLOW,
	FETCH_WHY_ENDED, /* the connection broke, or what came was no HTTP */
	FETCH_WHY_REDIRECT,
	FETCH_WHY_STATUS, /* other than 200 */
	FETCH_WHY_TYPE,
	FETCH_WHY_PACKED, /* Content-Encoding */
	FETCH_WHY_LARGE,
	FETCH_WHY_JSON, /* not JSON, twice the same member, too deep, a byte order mark */
	FETCH_WHY_SELF, /* client_id in it is another one */
	FETCH_WHY_SECRET,
	FETCH_WHY_MEMBER, /* a member of the wrong type, or too long, or too many redirect URIs */
	FETCH_WHY_HOME,	  /* client_uri is no beginning of client_id */
	FETCH_WHY_IMAGE,  /* no picture that we know */
	FETCH_WHY_BUSY,
	FETCH_WHY_BROKEN /* the child or the program ended */
};
/* One row each: the error, and what went wrong in one sentence for people. */
enum err fetch_why_err(uint64_t why);
const char *fetch_why_text(uint64_t why);

enum fetch_source { FETCH_JSON, FETCH_HTML };

struct fetch_ask {
	uint64_t has;
	uint64_t id;
	uint64_t kind;	  /* enum fetch_kind */
	struct span url;  /* of FETCH_CLIENT: the client id in canonical form */
	struct span body; /* FETCH_TALK */
	struct span type; /* its Content-Type */
};
extern const struct wire_map fetch_ask_map;

struct fetch_answer {
	uint64_t has;
	uint64_t why;	  /* enum fetch_why */
	uint64_t status;  /* HTTP, when it came so far */
	uint64_t age;	  /* seconds that it may be kept; 0: not at all */
	struct span type; /* image, talk: Content-Type */
	struct span body; /* image, talk */
	uint64_t source;  /* enum fetch_source */
	struct span name; /* printable, one line; text from strangers all the same */
	struct span home; /* client_uri */
	struct span logo; /* these are https addresses of hosts with names */
	struct span policy;
	struct span terms;
	struct wire_list redirects; /* texts: printable ASCII without space, with a scheme */
};
extern const struct wire_map fetch_answer_map;

/* FETCH_TALK by a program of a person that waits for it: starts the helper, sends, waits.  ca: file
 * of certificates, NULL = the system's; proxy: NULL = none.  *a points into frame, which is the
 * caller's.  ERR_NOPROGRAM, ERR_TIMEOUT, ERR_HANGUP; what the other side did is in a->why. */
struct fetch_talk {
	const char *url, *type, *ca, *proxy;
	struct span body;
};
MUST enum err fetch_talk(const struct fetch_talk *t, struct buf *frame, struct fetch_answer *a);

#endif
