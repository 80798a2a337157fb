/* sshagent.c - asking for a signature. */
#include "pam/handoff/sshagent.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/chan.h"
#include "lib/handoff.h"
#include "lib/ssh_wire.h"
#include "lib/sshlogin.h"

/* RFC 9987 6.1 */
#define FAILURE		   5
#define REQUEST_IDENTITIES 11
#define IDENTITIES_ANSWER  12
#define SIGN_REQUEST	   13
#define SIGN_RESPONSE	   14
#define EXTENSION	   27
#define RSA_SHA2_512	   4

#define LIST_MOST 4096 /* keys of an agent */

enum err
sshagent_parse(struct span bytes, struct sshagent_ask *out)
{
	struct ssh_reader r = ssh_reader(bytes);

	out->message = ssh_read_string(&r, SSHLOGIN_MAX);
	out->tbs = ssh_read_string(&r, SSHLOGIN_TBS_MAX);
	out->keys = r.left;
	return ssh_reader_err(&r) ? ERR_FORMAT : ERR_OK;
}

/* ---- its answers ---- */
static void
mark(struct span keys, struct span one, uint64_t *has)
{
	struct ssh_reader r = ssh_reader(keys);

	for (unsigned i = 0; r.left.len && i < 64; i++)
		if (span_eq(ssh_read_string(&r, keys.len), one) && !ssh_reader_err(&r))
			*has |= UINT64_C(1) << i;
}

enum err
sshagent_take_list(struct span reply, struct span keys, uint64_t *has)
{
	struct ssh_reader r = ssh_reader(reply);
	uint8_t type = ssh_read_u8(&r);
	uint32_t n = ssh_read_u32(&r);
	uint64_t found = 0;

	if (ssh_reader_err(&r) || type != IDENTITIES_ANSWER || n > LIST_MOST)
		return ERR_AGENT_NONE;
	for (uint32_t i = 0; i < n && !ssh_reader_err(&r); i++) {
		struct span blob = ssh_read_string(&r, SSHAGENT_REPLY_MAX);

		ssh_read_string(&r, SSHAGENT_REPLY_MAX); /* comment */
		mark(keys, blob, &found);
	}
	if (ssh_reader_end(&r))
		return ERR_AGENT_NONE;
	*has = found;
	return ERR_OK;
}

enum err
sshagent_take_signature(struct span reply, struct span *sig)
{
	struct ssh_reader r = ssh_reader(reply);
	uint8_t type = ssh_read_u8(&r);

	if (type == FAILURE && !ssh_reader_end(&r))
		return ERR_AGENT_KEY;
	*sig = ssh_read_string(&r, HANDOFF_SIG_MAX);
	if (type != SIGN_RESPONSE || ssh_reader_end(&r) || !sig->len)
		return ERR_AGENT_NONE;
	return ERR_OK;
}

/* ---- speaking to it ---- */
/* A link is not followed, and what was looked at is what is connected to. */
static enum err
find(const char *path, int *out)
{
	struct stat st;
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return ERR_AGENT_NONE;
	if (fstat(fd, &st) || !S_ISSOCK(st.st_mode) || st.st_uid != getuid()) {
		close(fd);
		return ERR_AGENT_NONE;
	}
	*out = fd;
	return ERR_OK;
}

static bool
is_ours(int fd)
{
	struct ucred u;
	socklen_t n = sizeof u;

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &u, &n) && n == sizeof u &&
	    u.uid == getuid();
}

static enum err
reach(const char *path, int *out)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int at, fd;
	enum err e = find(path, &at);

	if (e)
		return e;
	snprintf(a.sun_path, sizeof a.sun_path, "/proc/self/fd/%d", at);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		e = ERR_LIMIT;
	else if (connect(fd, (struct sockaddr *)&a, sizeof a) || !is_ours(fd))
		e = ERR_AGENT_NONE;
	close(at);
	if (e && fd >= 0)
		close(fd);
	if (!e)
		*out = fd;
	return e;
}

/* One request, its answer. */
static enum err
talk(int fd, const struct buf *request, int ms, struct buf *reply)
{
	enum err e = buf_err(request);

	if (e)
		return e;
	buf_reset(reply);
	if (!(e = chan_send(fd, buf_span(request))))
		e = chan_recv(fd, SSHAGENT_REPLY_MAX, ms, reply);
	return e && e != ERR_TIMEOUT && e != ERR_NOMEM ? ERR_AGENT_NONE : e;
}

/* What it is about, for an agent that shows it; one that does not know this says "failure". */
static enum err
tell(int fd, struct span message, int ms, struct buf *reply)
{
	struct buf b = BUF_INIT;
	enum err e;

	buf_put_u8(&b, EXTENSION);
	ssh_put_text(&b, SSHLOGIN_EXTENSION);
	ssh_put_string(&b, message);
	e = talk(fd, &b, ms, reply);
	buf_done(&b);
	return e;
}

static enum err
list(int fd, struct span keys, int ms, struct buf *reply, uint64_t *has)
{
	struct buf b = BUF_INIT;
	enum err e;

	buf_put_u8(&b, REQUEST_IDENTITIES);
	e = talk(fd, &b, ms, reply);
	buf_done(&b);
	return e ? e : sshagent_take_list(buf_span(reply), keys, has);
}

static bool
is_rsa(struct span key)
{
	struct ssh_reader r = ssh_reader(key);

	return span_is(ssh_read_string(&r, 64), "ssh-rsa");
}

static enum err
sign(int fd, struct span key, struct span tbs, int ms, struct buf *reply)
{
	struct buf b = BUF_INIT;
	enum err e;

	buf_put_u8(&b, SIGN_REQUEST);
	ssh_put_string(&b, key);
	ssh_put_string(&b, tbs);
	buf_put_u32(&b, is_rsa(key) ? RSA_SHA2_512 : 0);
	e = talk(fd, &b, ms, reply);
	buf_done(&b);
	return e;
}

/* The keys that it has, one after the other, until it signs: a token that is not there signs
 * nothing, and the next may be. */
static enum err
try_keys(int fd, const struct sshagent_ask *ask, int ms, struct buf *reply, struct buf *out)
{
	struct ssh_reader r = ssh_reader(ask->keys);
	unsigned tries = 0;
	uint64_t has;
	enum err e;

	if ((e = list(fd, ask->keys, ms, reply, &has)))
		return e;
	for (uint32_t i = 0; r.left.len && i < 64 && tries < SSHAGENT_TRIES; i++) {
		struct span key = ssh_read_string(&r, ask->keys.len), sig;

		if (!(has >> i & 1))
			continue;
		tries++;
		if ((e = sign(fd, key, ask->tbs, ms, reply)))
			return e;
		if ((e = sshagent_take_signature(buf_span(reply), &sig)) == ERR_AGENT_KEY)
			continue;
		if (!e) {
			buf_put_u32(out, i);
			buf_put_span(out, sig);
			e = buf_err(out);
		}
		return e;
	}
	return ERR_AGENT_KEY;
}

enum err
sshagent_sign(const char *path, const struct sshagent_ask *ask, int ms, struct buf *out)
{
	struct buf reply = BUF_INIT;
	int fd;
	enum err e = reach(path, &fd);

	if (e)
		return e;
	if (!(e = tell(fd, ask->message, ms, &reply)))
		e = try_keys(fd, ask, ms, &reply, out);
	buf_done(&reply);
	close(fd);
	return e;
}
