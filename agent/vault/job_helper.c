/* job_helper.c - helpers of a job: started by the supervisor, heard here. */
#include <unistd.h>

#include "agent/vault/job.h"
#include "agent/vault/turn.h"
#include "lib/crypto.h"
#include "lib/log.h"
#include "lib/sock.h"

static struct helper *
find_helper(struct vault *v, uint32_t handle)
{
	for (struct job *j = v->jobs; j && handle; j = j->next)
		for (size_t i = 0; i < JOB_HELPERS; i++)
			if (j->helper[i].handle == handle)
				return &j->helper[i];
	return NULL;
}

static void
control_put(struct vault *v, const struct control *m)
{
	if (sock_send_fd(v->control, SPAN(m, sizeof *m), -1)) {
		log_error("the supervisor is gone");
		vault_lock(v);
	}
}

static void
tell(struct vault *v, enum control_type type, uint32_t handle, const uint8_t *id)
{
	struct control m = { .magic = CONTROL_MAGIC, .type = type, .handle = handle };

	if (id)
		memcpy(m.id, id, JOB_ID_LEN);
	control_put(v, &m);
}

static void
readable(void *arg, short revents)
{
	struct helper *h = arg;

	(void)revents;
	if (chan_fill(&h->chan)) {
		h->ended = true;
		loop_fd_remove(h->fd);
		h->fd = NULL;
	}
	job_wake(h->job, ERR_OK);
}

static void
connected(struct helper *h, const struct control *m, int fd)
{
	struct vault *v = h->job->v;

	h->connected = true;
	if (m->err || fd < 0) {
		h->err = m->err ? (enum err)m->err : ERR_NOPROGRAM;
		h->ended = true;
		if (fd >= 0)
			close(fd);
	} else {
		chan_init(&h->chan, fd, JOB_FRAME_MAX);
		h->fd = loop_fd_add(v->loop, fd, POLLIN, readable, h);
		h->ended = h->fd == NULL;
	}
	job_wake(h->job, ERR_OK);
}

/* A person's connection for a job id: it goes to the job that drew it. */
static void
secret_arrived(struct vault *v, const uint8_t *id, int fd)
{
	for (struct job *j = v->jobs; j && fd >= 0; j = j->next)
		if (!crypto_is_zero(SPAN(j->id, JOB_ID_LEN)) && j->secret < 0 &&
		    crypto_eq(SPAN(j->id, JOB_ID_LEN), SPAN(id, JOB_ID_LEN))) {
			j->secret = fd;
			job_wake(j, ERR_OK);
			return;
		}
	if (fd >= 0)
		close(fd);
}

void
job_control(struct vault *v, const struct control *m, int fd)
{
	struct helper *h = find_helper(v, m->handle);

	if (m->type == CONTROL_SECRET) {
		secret_arrived(v, m->id, fd);
	} else if (m->type == CONTROL_HELPER && h) {
		connected(h, m, fd);
	} else if (m->type == CONTROL_HELPER) {
		if (fd >= 0)
			close(fd);
		tell(v, CONTROL_KILL, m->handle, NULL);
	}
}

static struct helper *
free_helper(struct job *j)
{
	for (size_t i = 0; i < JOB_HELPERS; i++)
		if (!j->helper[i].handle)
			return &j->helper[i];
	return NULL;
}

enum err
job_spawn(struct job *j, enum helper_kind kind, const uint8_t *id, struct helper **out)
{
	struct control m = { .magic = CONTROL_MAGIC, .type = CONTROL_SPAWN, .kind = kind };
	struct helper *h = free_helper(j);
	enum err e = ERR_OK;

	if (!h)
		return ERR_LIMIT;
	*h =
	    (struct helper){ .job = j, .handle = ++j->v->next_handle, .kind = kind, .chan.fd = -1 };
	m.handle = h->handle;
	if (id)
		memcpy(m.id, id, JOB_ID_LEN);
	control_put(j->v, &m);
	while (!e && !h->connected)
		e = job_wait(j, 10000);
	if (!e)
		e = h->err;
	if (e)
		job_end(j, h);
	else
		*out = h;
	return e;
}

enum err
job_send(struct job *j, struct helper *h, const struct wire_map *m, const void *msg)
{
	struct buf b = BUF_INIT;
	enum err e;

	(void)j;
	if (!(e = wire_encode(m, msg, &b)) && !(e = buf_err(&b)) &&
	    !(e = chan_put(&h->chan, buf_span(&b))))
		e = chan_flush(&h->chan);
	buf_done(&b);
	return e;
}

/* A frame that is there already, or the end. */
static enum err
poll_helper(struct helper *h, struct span *frame)
{
	enum err e = chan_next(&h->chan, frame);

	return e == ERR_TRUNCATED && h->ended ? ERR_HANGUP : e;
}

enum err
job_recv(struct job *j, struct helper *h, uint64_t ms, struct span *frame)
{
	uint64_t until = loop_now() + ms;
	enum err e;

	while ((e = poll_helper(h, frame)) == ERR_TRUNCATED) {
		uint64_t now = loop_now();

		if (ms && now >= until)
			return ERR_TIMEOUT;
		if ((e = job_wait(j, ms ? until - now : 0)))
			return e;
	}
	return e;
}

static enum err
poll_any(struct job *j, struct helper **out, struct span *frame)
{
	enum err e = ERR_NOTFOUND;

	for (size_t i = 0; i < JOB_HELPERS; i++) {
		struct helper *h = &j->helper[i];

		if (!h->handle)
			continue;
		e = poll_helper(h, frame);
		if (e == ERR_TRUNCATED)
			continue;
		*out = h;
		return e;
	}
	return e == ERR_NOTFOUND ? e : ERR_TRUNCATED;
}

enum err
job_recv_any(struct job *j, uint64_t ms, struct helper **h, struct span *frame)
{
	uint64_t until = loop_now() + ms;
	enum err e;

	*h = NULL;
	while ((e = poll_any(j, h, frame)) == ERR_TRUNCATED) {
		uint64_t now = loop_now();

		if (ms && now >= until)
			return ERR_TIMEOUT;
		if ((e = job_wait(j, ms ? until - now : 0)))
			return e;
	}
	return e;
}

static bool
runs_token(const struct job *j)
{
	for (size_t i = 0; i < JOB_HELPERS; i++)
		if (j->helper[i].handle && j->helper[i].kind == HELPER_TOKEN)
			return true;
	return false;
}

/* With its last token helper a job gives the tokens to the next one. */
void
job_end(struct job *j, struct helper *h)
{
	if (!h || !h->handle)
		return;
	loop_fd_remove(h->fd);
	if (h->chan.fd >= 0)
		chan_done(&h->chan);
	tell(j->v, CONTROL_KILL, h->handle, NULL);
	*h = (struct helper){ 0 };
	if (runs_token(j))
		return;
	turn_release(j, &j->v->tokens);
	job_answered(j);
}

void
job_end_all(struct job *j)
{
	for (size_t i = 0; i < JOB_HELPERS; i++)
		job_end(j, &j->helper[i]);
	job_forget_id(j);
	job_answered(j);
}

enum err
job_new_id(struct job *j, bool to_vault)
{
	job_forget_id(j);
	crypto_random(j->id, JOB_ID_LEN);
	if (to_vault)
		tell(j->v, CONTROL_EXPECT, 0, j->id);
	return ERR_OK;
}

void
job_forget_id(struct job *j)
{
	if (!crypto_is_zero(SPAN(j->id, JOB_ID_LEN)))
		tell(j->v, CONTROL_FORGET, 0, j->id);
	memset(j->id, 0, JOB_ID_LEN);
	if (j->secret >= 0)
		close(j->secret);
	j->secret = -1;
}

void
vault_remember(struct vault *v)
{
	struct control m = { .magic = CONTROL_MAGIC, .type = CONTROL_MEMORY, .mem = v->mem };

	control_put(v, &m);
}

uint32_t
vault_copy(struct vault *v, enum copy_what what, const struct control_memory *mem)
{
	struct control m = { .magic = CONTROL_MAGIC, .type = CONTROL_COPY, .kind = what };

	m.handle = ++v->next_handle;
	m.mem = *mem;
	control_put(v, &m);
	return m.handle;
}
