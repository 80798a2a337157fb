#include "agent/prompt/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/prompt/show.h"

#define PATH_LEN 256

enum key {
	KEY_CTRL_C = 0x03,
	KEY_CTRL_D = 0x04,
	KEY_BACKSPACE = 0x08,
	KEY_CTRL_U = 0x15,
	KEY_ESCAPE = 0x1b,
	KEY_DELETE = 0x7f
};

enum sequence { OUTSIDE, AFTER_ESCAPE, INSIDE };

/* --- the terminal --- */

/* Not blocking: opening a serial line may wait for a carrier, and poll does the waiting anyway. */
static int
open_own(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_uid == getuid() && isatty(fd))
		return fd;
	close(fd);
	return -1;
}

/* Looked at before it is opened too: opening some devices has effects. */
enum err
tty_open(struct tty *t, struct span path)
{
	char name[PATH_LEN];
	struct stat st;

	t->fd = -1;
	if (path.len == 0 || path.len >= sizeof(name) || path.p[0] != '/')
		return ERR_NOPROMPT;
	snprintf(name, sizeof(name), "%.*s", (int)path.len, (const char *)path.p);
	if (lstat(name, &st) != 0 || !S_ISCHR(st.st_mode) || st.st_uid != getuid())
		return ERR_NOPROMPT;
	t->fd = open_own(name);
	if (t->fd >= 0 && tcgetattr(t->fd, &t->old) == 0)
		return ERR_OK;
	tty_close(t);
	return ERR_NOPROMPT;
}

void
tty_restore(const struct tty *t)
{
	if (t->fd >= 0)
		(void)tcsetattr(t->fd, TCSANOW, &t->old);
}

void
tty_close(struct tty *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

/* Keys one by one, silently, Ctrl-C among them; what was typed ahead was not meant for us. */
static enum err
set_silent(const struct tty *t)
{
	struct termios now = t->old;

	now.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	now.c_iflag &= ~(tcflag_t)(IXON | ISTRIP);
	now.c_oflag |= OPOST | ONLCR;
	now.c_cc[VMIN] = 1;
	now.c_cc[VTIME] = 0;
	return tcsetattr(t->fd, TCSAFLUSH, &now) == 0 ? ERR_OK : ERR_NOPROMPT;
}

static enum err
write_all(const struct tty *t, const struct watch *watch, struct span s)
{
	ssize_t n;
	enum err e;

	while (s.len > 0) {
		if ((e = watch_wait(watch, t->fd, POLLOUT)) != ERR_OK)
			return e;
		n = write(t->fd, s.p, s.len);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return ERR_CANCELLED;
		if (n > 0)
			s = SPAN(s.p + n, s.len - (size_t)n);
	}
	return ERR_OK;
}

static enum err
read_key(const struct tty *t, const struct watch *watch, uint8_t *key)
{
	ssize_t n;
	enum err e;

	for (;;) {
		if ((e = watch_wait(watch, t->fd, POLLIN)) != ERR_OK)
			return e;
		n = read(t->fd, key, 1);
		if (n == 1)
			return ERR_OK;
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			return ERR_CANCELLED;
	}
}

/* --- the answer --- */

/* Take back one character, with its UTF-8 continuation. */
static void
erase_one(struct sec *s)
{
	uint8_t c;

	while (s->len > 0) {
		c = s->p[--s->len];
		s->p[s->len] = 0;
		if ((c & 0xc0) != 0x80)
			break;
	}
}

static enum err
take_key(uint8_t key, struct sec *line)
{
	switch (key) {
	case KEY_CTRL_C:
	case KEY_CTRL_D:
		return ERR_CANCELLED;
	case KEY_BACKSPACE:
	case KEY_DELETE:
		erase_one(line);
		return ERR_OK;
	case KEY_CTRL_U:
		sec_wipe(line);
		return ERR_OK;
	default:
		return key < 0x20 ? ERR_OK : sec_put(line, SPAN(&key, 1));
	}
}

/* A key that sends several bytes (an arrow: ESC [ A) is no part of an answer. */
static bool
skip_sequence(uint8_t key, enum sequence *at)
{
	switch (*at) {
	case OUTSIDE:
		*at = key == KEY_ESCAPE ? AFTER_ESCAPE : OUTSIDE;
		return key == KEY_ESCAPE;
	case AFTER_ESCAPE:
		*at = key == '[' || key == 'O' ? INSIDE : OUTSIDE;
		return *at == INSIDE;
	case INSIDE:
		if (key >= 0x40 || key < 0x20)
			*at = OUTSIDE;
		return key >= 0x20;
	}
	return false;
}

static enum err
read_secret(const struct tty *t, const struct watch *watch, struct sec *line)
{
	enum sequence at = OUTSIDE;
	uint8_t key = 0;
	enum err e;

	while ((e = read_key(t, watch, &key)) == ERR_OK && key != '\n' && key != '\r') {
		if (!skip_sequence(key, &at) && (e = take_key(key, line)) != ERR_OK)
			break;
		sec_zero(&key, sizeof(key));
	}
	return e;
}

static enum err
read_yes(const struct tty *t, const struct watch *watch)
{
	enum sequence at = OUTSIDE;
	uint8_t key;
	enum err e;

	while ((e = read_key(t, watch, &key)) == ERR_OK) {
		if (skip_sequence(key, &at))
			continue;
		if (key == 'y' || key == 'Y')
			return write_all(t, watch, SPAN_LIT("y"));
		if (key == 'n' || key == 'N')
			return ERR_REFUSED;
		if (key == KEY_CTRL_C || key == KEY_CTRL_D)
			return ERR_CANCELLED;
	}
	return e;
}

/* --- the question --- */

static void
put_paragraph(struct span text, struct buf *out)
{
	if (text.len == 0)
		return;
	show_wrapped(text, SHOW_COLUMNS - 1, out);
	buf_put_u8(out, '\n');
}

static void
put_question(const struct prompt_job *job, struct buf *out)
{
	/* the client may be in the middle of a line */
	buf_put_u8(out, '\n');
	put_paragraph(job->title.len ? job->title : SPAN_LIT("ownkey"), out);
	put_paragraph(job->text, out);
	put_paragraph(job->error, out);
	if (job->kind == PROMPT_CONFIRM) {
		buf_put_str(out, "[y/n] ");
		return;
	}
	show_wrapped(job->label.len ? job->label : SPAN_LIT("PIN:"), SHOW_COLUMNS - 1, out);
	buf_put_u8(out, ' ');
}

static enum err
dialogue(const struct tty *t, const struct prompt_job *job, const struct watch *watch,
    struct sec *answer)
{
	struct buf text = BUF_INIT;
	enum err e;

	put_question(job, &text);
	if ((e = buf_err(&text)) == ERR_OK && (e = set_silent(t)) == ERR_OK &&
	    (e = write_all(t, watch, buf_span(&text))) == ERR_OK)
		e = job->kind == PROMPT_CONFIRM ? read_yes(t, watch)
						: read_secret(t, watch, answer);
	buf_done(&text);
	return e;
}

enum err
tty_ask(struct tty *t, const struct prompt_job *job, const struct watch *watch, struct sec *answer)
{
	enum err e = dialogue(t, job, watch, answer);
	ssize_t n = write(t->fd, "\n", 1);

	(void)n;
	tty_restore(t);
	if (e != ERR_OK)
		sec_wipe(answer);
	return e;
}
