/* term.c - the terminal. */
#include "cli/term.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include "cli/out.h"

/* For the handler: what to put right before the program ends. */
static volatile sig_atomic_t signals;
static volatile sig_atomic_t silenced;
static int silent_fd = -1;
static struct termios loud;
static int wake[2] = { -1, -1 };

static void
write_str(int fd, const char *s)
{
	ssize_t n = write(fd, s, strlen(s));

	(void)n;
}

static void
on_signal(int signo)
{
	int saved = errno;

	if (++signals > 1) {
		if (silenced)
			(void)tcsetattr(silent_fd, TCSANOW, &loud);
		_exit(128 + signo);
	}
	write_str(wake[1], "c");
	errno = saved;
}

enum err
term_catch_signals(int *fd)
{
	static const int list[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction sa = { .sa_handler = on_signal }, was;

	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) < 0)
		return ERR_LIMIT;
	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		if (sigaction(list[i], NULL, &was) < 0 ||
		    (was.sa_handler != SIG_IGN && sigaction(list[i], &sa, NULL) < 0))
			return ERR_IO;
	*fd = wake[0];
	return ERR_OK;
}

void
term_cancel(void)
{
	if (wake[1] >= 0)
		write_str(wake[1], "c");
}

bool
term_is_cancelled(void)
{
	struct pollfd p = { wake[0], POLLIN, 0 };

	return wake[0] >= 0 && poll(&p, 1, 0) > 0;
}

void
term_open(struct term *t, bool ask_stdin, bool plain)
{
	const char *type = getenv("TERM");

	*t = (struct term){ .in = -1, .out = -1, .cancel = -1, .agent = -1, .scripted = ask_stdin };
	t->plain = plain || ask_stdin || !type || strcmp(type, "dumb") == 0;
	if (ask_stdin) {
		t->in = STDIN_FILENO;
		t->out = STDERR_FILENO;
		return;
	}
	t->in = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	t->own = t->in >= 0;
	if (!t->own && isatty(STDIN_FILENO))
		t->in = STDIN_FILENO;
	t->out = t->own ? t->in : isatty(STDERR_FILENO) ? STDERR_FILENO : t->in;
}

void
term_close(struct term *t)
{
	term_screen(t, false);
	if (t->own)
		close(t->in);
	t->in = t->out = -1;
	t->own = false;
}

void
term_put(const struct term *t, const char *s)
{
	if (t->out >= 0)
		write_str(t->out, s);
}

void
term_say(const struct term *t, const char *s)
{
	struct buf b = BUF_INIT;

	out_fold(s, out_columns(t->out), &b);
	term_put(t, buf_cstr(&b));
	buf_done(&b);
}

void
term_bell(const struct term *t)
{
	if (!t->scripted && t->out >= 0)
		write_str(t->out, "\a");
}

void
term_clear(const struct term *t)
{
	if (t->elsewhere)
		term_put(t, "\033[2J\033[H");
}

void
term_screen(struct term *t, bool elsewhere)
{
	if (t->plain || t->out < 0 || t->elsewhere == elsewhere)
		return;
	if (!elsewhere)
		term_clear(t);
	term_put(t, elsewhere ? "\033[?1049h" : "\033[?1049l");
	t->elsewhere = elsewhere;
	term_clear(t);
}

/* ---- lines ---- */
/* What was typed ahead was not meant for a question that hides the answer. */
static void
set_echo(const struct term *t, bool echo)
{
	struct termios now;

	if (t->scripted || echo == !silenced)
		return;
	if (!echo && tcgetattr(t->in, &loud) == 0) {
		now = loud;
		now.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
		now.c_lflag |= ECHONL | ICANON | ISIG;
		silent_fd = t->in;
		silenced = 1;
		(void)tcsetattr(t->in, TCSAFLUSH, &now);
	} else if (echo) {
		(void)tcsetattr(t->in, TCSANOW, &loud);
		silenced = 0;
	}
}

static enum err
wait_key(const struct term *t)
{
	struct pollfd p[3] = { { t->in, POLLIN, 0 }, { t->cancel, POLLIN, 0 },
		{ t->agent, POLLIN, 0 } };

	while (poll(p, 3, -1) < 0)
		if (errno != EINTR)
			return ERR_IO;
	return p[1].revents || p[2].revents ? ERR_CANCELLED : ERR_OK;
}

static enum err
read_line(const struct term *t, struct sec *line)
{
	uint8_t key = 0;
	enum err e;
	ssize_t n;

	for (;;) {
		if ((e = wait_key(t)))
			return e;
		n = read(t->in, &key, 1);
		if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
			return ERR_CANCELLED;
		if (n < 0)
			continue;
		if (key == '\n')
			return ERR_OK;
		if ((e = sec_put(line, SPAN(&key, 1))))
			return e;
		sec_zero(&key, 1);
	}
}

enum err
term_line(struct term *t, const char *prompt, bool echo, struct sec *line)
{
	enum err e;

	if (!term_is_there(t))
		return ERR_NOPROMPT;
	sec_wipe(line);
	fflush(stdout);
	set_echo(t, echo);
	term_put(t, prompt);
	e = read_line(t, line);
	if (e || t->scripted) /* nobody's Enter has ended the line */
		term_put(t, "\n");
	set_echo(t, true);
	return e;
}

enum err
term_ask(struct term *t, const char *prompt, const char *def, char *out, size_t cap)
{
	struct sec line = { 0 };
	enum err e = sec_init(&line, TERM_LINE_MAX);

	if (!e && !(e = term_line(t, prompt, true, &line))) {
		if (line.len >= cap)
			e = ERR_TOOBIG;
		else if (line.len == 0)
			snprintf(out, cap, "%s", def);
		else
			snprintf(out, cap, "%.*s", (int)line.len, (const char *)line.p);
	}
	sec_done(&line);
	return e;
}

enum err
term_yes(struct term *t, const char *prompt, bool def, bool *yes)
{
	char answer[16];
	enum err e;

	do {
		if ((e = term_ask(t, prompt, def ? "y" : "n", answer, sizeof answer)))
			return e;
	} while (!strchr("yYnN", answer[0]));
	*yes = answer[0] == 'y' || answer[0] == 'Y';
	return ERR_OK;
}

/* Which choice begins so; false: none. */
static bool
find_choice(const char *choices, const char *answer, unsigned *which)
{
	size_t len = strlen(answer);
	const char *s = choices;

	for (*which = 0; s; ++*which) {
		const char *end = strchr(s, '|');
		size_t n = end ? (size_t)(end - s) : strlen(s);

		if (len > 0 && len <= n && strncasecmp(s, answer, len) == 0)
			return true;
		s = end ? end + 1 : NULL;
	}
	return false;
}

enum err
term_choose(
    struct term *t, const char *prompt, const char *choices, const char *def, unsigned *which)
{
	char answer[32];
	enum err e;

	do {
		e = term_ask(t, prompt, def, answer, sizeof answer);
		if (e && e != ERR_TOOBIG)
			return e;
	} while (e || !find_choice(choices, answer, which));
	return ERR_OK;
}

enum err
term_pause(struct term *t)
{
	struct sec line = { 0 };
	enum err e;

	if (t->scripted || !term_is_there(t))
		return ERR_OK;
	if (!(e = sec_init(&line, TERM_LINE_MAX)))
		e = term_line(t, "Press Enter to go on: ", true, &line);
	sec_done(&line);
	return e;
}
