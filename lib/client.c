/* client.c - a blocking connection to the agent. */
#include "lib/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/chan.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "lib/sock.h"
#include "lib/spawn.h"
#include "lib/text.h"

#define START_MS 10000
#define LOG_MOST (1024 * 1024)

static void
keep_text(struct client_conn *c, struct span text)
{
	struct buf b = BUF_INIT;

	text_printable(text, &b);
	snprintf(c->text, sizeof c->text, "%s", buf_cstr(&b));
	buf_done(&b);
}

static enum err
send_request(struct client_conn *c, enum op op, uint64_t id, const void *req)
{
	struct buf b = BUF_INIT;
	enum err e;

	if (!(e = ops_put_request(&b, op, id, req)))
		e = chan_send(c->fd, buf_span(&b));
	buf_done(&b);
	return e;
}

static void
give_event(struct client_conn *c, const struct ops_reply *r)
{
	struct ops_event ev;

	if (r->op == OP_EVENT && c->event && !wire_decode(&ops_event_map, r->result, &ev))
		c->event(c->arg, &ev);
}

/* Ctrl-C: the agent is told once; the answer is still awaited, so that nothing is half known. */
static enum err
wait_frame(struct client_conn *c, uint64_t id)
{
	struct pollfd p[2] = { { c->fd, POLLIN, 0 }, { c->cancel_fd, POLLIN, 0 } };
	struct ops_cancel q = { .request = id };

	for (;;) {
		nfds_t n = c->cancel_fd >= 0 && !c->cancelling ? 2 : 1;

		if (poll(p, n, -1) < 0 && errno != EINTR)
			return ERR_IO;
		if (n == 2 && (p[1].revents & POLLIN)) {
			c->cancelling = true;
			wire_mark(&ops_cancel_map, &q);
			if (send_request(c, OP_CANCEL, c->next_id++, &q))
				return ERR_HANGUP;
		}
		if (p[0].revents)
			return chan_recv(c->fd, OPS_FRAME_MAX, -1, &c->frame);
	}
}

static enum err
decode_result(const struct op_row *row, const struct ops_reply *r, void *rep)
{
	if (!rep || !row->rep)
		return ERR_OK;
	return wire_decode(row->rep, r->result, rep);
}

enum err
client_call(struct client_conn *c, enum op op, const void *req, void *rep)
{
	const struct op_row *row = ops_find(op);
	uint64_t id = c->next_id++;
	struct ops_reply r;
	enum err e;

	c->text[0] = '\0';
	c->cancelling = false;
	if ((e = send_request(c, op, id, req)))
		return e;
	do {
		if ((e = wait_frame(c, id)) ||
		    (e = wire_decode(&ops_reply_map, buf_span(&c->frame), &r)))
			return e;
		if (r.id == 0)
			give_event(c, &r);
	} while (r.id != id);
	keep_text(c, r.text);
	if (r.status)
		return err_is_known(r.status) ? (enum err)r.status : ERR_INTERNAL;
	return decode_result(row, &r, rep);
}

enum err
client_call_opened(struct client_conn *c, enum op op, const void *req, void *rep)
{
	struct ops_unlock q = { 0 };
	enum err e = client_call(c, op, req, rep);

	if (e != ERR_LOCKED)
		return e;
	wire_mark(&ops_unlock_map, &q);
	e = client_call(c, OP_UNLOCK, &q, NULL);
	if (e == ERR_NOPROMPT)
		return ERR_LOCKED;
	return e ? e : client_call(c, op, req, rep);
}

struct span
client_result(const struct client_conn *c)
{
	struct ops_reply r;

	if (wire_decode(&ops_reply_map, buf_span(&c->frame), &r))
		return SPAN_NONE;
	return r.result;
}

enum err
client_open(struct client_conn *c, struct ops_hello *hello)
{
	char path[SOCK_PATH_MAX];
	enum err e;

	*c = (struct client_conn){ .fd = -1, .next_id = 1, .cancel_fd = -1 };
	if ((e = sock_path("agent.sock", path, sizeof path)) || (e = sock_connect(path, &c->fd)))
		return e;
	hello->protocol = OPS_PROTOCOL;
	wire_mark(&ops_hello_map, hello);
	if ((e = client_call(c, OP_HELLO, hello, &c->hello)))
		client_close(c);
	return e;
}

void
client_close(struct client_conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	buf_done(&c->frame);
}

/* ---- starting the agent ---- */
static const char *const agent_keep[] = { "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ",
	"XDG_RUNTIME_DIR", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "OWNKEY_VAULT",
	"OWNKEY_SOCKET", "DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "ASAN_OPTIONS",
	"UBSAN_OPTIONS", NULL };

/* The child of a child, so that it belongs to nobody's terminal; one byte says that it serves. */
static enum err
start_detached(const struct spawn *sp)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return ERR_NOMEM;
	if (pid == 0) {
		pid_t agent;

		_exit((int)spawn_start(sp, &agent));
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return ERR_IO;
	return WIFEXITED(status) ? (enum err)WEXITSTATUS(status) : ERR_INTERNAL;
}

static enum err
wait_ready(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };
	char byte;

	if (poll(&p, 1, START_MS) <= 0)
		return ERR_TIMEOUT;
	return read(fd, &byte, 1) == 1 ? ERR_OK : ERR_NOAGENT;
}

/* The agent outlives the terminal and the pipes of who starts it: it writes to agent.log in the
 * state directory, begun anew when it has grown.  -1: to nowhere. */
static int
open_log(void)
{
	char dir[PATHS_MAX], path[PATHS_MAX + 16];
	struct stat st;
	int fd;

	if (paths_state(dir, sizeof dir) || sock_mkdir_private(dir))
		return -1;
	snprintf(path, sizeof path, "%s/agent.log", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && !fstat(fd, &st) && st.st_size > LOG_MOST && ftruncate(fd, 0))
		log_warn("the agent's log cannot be begun anew");
	return fd;
}

enum err
client_start_agent(const char *const *args)
{
	const char *argv[16] = { "ownkey-agent", "--ready-fd", "3" };
	static char path[PATHS_MAX];
	struct spawn sp = { .path = path,
		.argv = argv,
		.keep = agent_keep,
		.nfds = 4,
		.new_session = true,
		.outlives = true };
	int ready[2], log;
	enum err e;

	for (size_t i = 0; args && args[i] && i < 12; i++)
		argv[3 + i] = args[i];
	if ((e = paths_program("ownkey-agent", path, sizeof path)))
		return e;
	if (pipe2(ready, O_CLOEXEC))
		return ERR_IO;
	sp.fds[0] = sp.fds[1] = -1;
	sp.fds[2] = log = open_log();
	sp.fds[3] = ready[1];
	e = start_detached(&sp);
	close(ready[1]);
	if (log >= 0)
		close(log);
	if (!e)
		e = wait_ready(ready[0]);
	close(ready[0]);
	return e;
}

/* ---- secret.sock ---- */
enum err
client_secret_open(struct span job, int *fd)
{
	char path[SOCK_PATH_MAX];
	enum err e;

	if (job.len != JOB_ID_LEN)
		return ERR_FORMAT;
	if ((e = sock_path("secret.sock", path, sizeof path)) || (e = sock_connect(path, fd)))
		return e;
	if (send(*fd, job.p, job.len, MSG_NOSIGNAL) == (ssize_t)job.len)
		return ERR_OK;
	close(*fd);
	return ERR_HANGUP;
}

/* The frame is wiped as soon as it is sent. */
static enum err
send_secret(int fd, struct secret_msg *m)
{
	struct buf b = BUF_INIT;
	enum err e;

	wire_mark(&secret_msg_map, m);
	if (!(e = wire_encode(&secret_msg_map, m, &b)) && !(e = buf_err(&b)))
		e = chan_send(fd, buf_span(&b));
	buf_done(&b);
	return e;
}

enum err
client_secret_send(int fd, struct span text)
{
	struct secret_msg m = { .kind = SECRET_TEXT, .text = text };

	return send_secret(fd, &m);
}

enum err
client_secret_factor(int fd, struct span cred_id, struct span factor)
{
	struct secret_msg m = { .kind = SECRET_FACTOR, .cred_id = cred_id, .factor = factor };

	return send_secret(fd, &m);
}

enum err
client_secret_taken(int fd)
{
	struct secret_msg m = { .kind = SECRET_OK };

	return send_secret(fd, &m);
}

enum err
client_secret_data(int fd, struct span data, bool more)
{
	struct secret_msg m = { .kind = SECRET_DATA, .data = data, .more = more };

	return send_secret(fd, &m);
}

enum err
client_secret_recv(int fd, struct sec *s, struct secret_msg *m)
{
	enum err e = chan_recv_sec(fd, -1, s);

	return e ? e : wire_decode(&secret_msg_map, sec_span(s), m);
}
