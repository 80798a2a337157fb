/*
 * conf.h - oidc.conf: the options of the provider as one flat struct, from one table, from which
 * ownkey-oidc.conf(5) is made, too.
 */
#ifndef OIDC_CONF_H
#define OIDC_CONF_H

#include "lib/opt.h"

#define OIDC_CONF_PATH	  256
#define OIDC_CONF_ISSUER  512
#define OIDC_CONF_LISTEN  4
#define OIDC_CONF_PROXIES 8
#define OIDC_CONF_ADDRESS 64
#define OIDC_CONF_DEFAULT "/etc/ownkey/oidc.conf"

enum oidc_alg { OIDC_ES256 = 1, OIDC_EDDSA = 2, OIDC_RS256 = 4 }; /* bits of algorithms */
enum oidc_subject { OIDC_PAIRWISE, OIDC_PUBLIC };
enum oidc_registration { OIDC_CLOSED, OIDC_INVITED };
enum oidc_pkce { OIDC_PKCE_ALWAYS, OIDC_PKCE_PUBLIC };

struct oidc_conf {
	char issuer[OIDC_CONF_ISSUER];
	uint32_t nlisten;
	char listen[OIDC_CONF_LISTEN][OIDC_CONF_PATH];
	char metrics[OIDC_CONF_PATH]; /* "" = not served */
	char store[OIDC_CONF_PATH];   /* folder */
	char agent[OIDC_CONF_PATH];   /* folder of the agent's sockets */
	uint32_t algorithms;	      /* enum oidc_alg bits; the first of the set is the default */
	char proxy[OIDC_CONF_PATH];   /* for what goes out; "" = direct */
	char ca_file[OIDC_CONF_PATH]; /* whom what goes out trusts; "" = the system's */
	uint32_t ntrusted;
	char trusted[OIDC_CONF_PROXIES][OIDC_CONF_ADDRESS];
	uint32_t subject; /* enum oidc_subject, of clients that say nothing */
	uint32_t pkce;	  /* enum oidc_pkce */
	uint32_t code_lifetime, id_lifetime, access_lifetime, refresh_lifetime; /* seconds */
	uint32_t session_lifetime, session_idle;				/* seconds */
	uint32_t registration; /* enum oidc_registration */
	uint32_t indieauth;    /* bool */
	uint32_t old_clients;  /* bool: of IndieAuth, before PKCE */
	char name[128];	       /* on pages */
	char language[16];
	char policy_uri[OIDC_CONF_ISSUER], tos_uri[OIDC_CONF_ISSUER], contact[128];
	uint32_t connections, address_connections;
	uint32_t log_level, log_addresses;
};

extern const struct opt oidc_conf_options[];
extern const size_t oidc_conf_noptions;

/* Where what is wrong stands, for people: "line 3: ...". */
struct oidc_conf_wrong {
	size_t line; /* 0: none in particular */
	char text[200];
};

/* Defaults, the file, and what holds between options.  A missing file is ERR_NOTFOUND. */
MUST enum err oidc_conf_load(const char *path, struct oidc_conf *c, struct oidc_conf_wrong *w);
/* The same from text. */
MUST enum err oidc_conf_parse(struct span text, struct oidc_conf *c, struct oidc_conf_wrong *w);
/* Path of the issuer: "" or "/path", no slash at its end; points into it. */
const char *oidc_conf_path(const char *issuer);
/* https, or http on loopback; a host; no query, fragment, user; no slash at its end. */
bool oidc_conf_is_issuer(const char *issuer);
/* Only on this machine, by http: cookies cannot be Secure there (tests, demo). */
bool oidc_conf_is_local(const char *issuer);

#endif
