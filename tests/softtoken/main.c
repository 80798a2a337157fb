/*
 * ownkey-softtoken: a FIDO2 token without hardware, behind a Unix socket.  For tests and for
 * `ownkey try`; it protects nothing.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/crypto.h"
#include "tests/softtoken/daemon.h"
#include "tests/softtoken/state.h"

#define FAULTS 8

static const char usage_text[] =
    "usage: ownkey-softtoken --state FILE --socket PATH [option ...]\n"
    "       ownkey-softtoken --send PATH COMMAND [ARGUMENT]\n"
    "       ownkey-softtoken --stdin | --list\n"
    "  --state FILE         what survives without power; made if there is none\n"
    "  --socket PATH        absolute, in a directory that only its owner may write\n"
    "  --personality NAME   whom to imitate (--list)\n"
    "  --touch MODE         auto, never, signal (SIGUSR1) or delay=MS\n"
    "  --touch-timeout MS   how long a touch is waited for (30000)\n"
    "  --pin PIN            set this one when the token has none\n"
    "  --fault SPEC         NAME[=VALUE][@N][:COMMAND][*COUNT] (--list); again for more\n"
    "  --control PATH       take commands there: touch waiting unplug plug powercycle\n"
    "                       touch-mode MODE, fault SPEC\n"
    "  --ready FD           write a byte there when the socket is there\n"
    "  --quiet              do not say that this is no hardware\n"
    "SIGUSR1 touches it; SIGUSR2 and SIGHUP pull it out and plug it in again.\n";

struct options {
	struct softtoken_config token;
	struct soft_daemon_config daemon;
	const char *state;
	const char *send;
	const char *fault[FAULTS];
	int nfaults;
	bool quiet;
	bool from_stdin;
};

enum {
	OPT_STATE = 256,
	OPT_SOCKET,
	OPT_PERSONALITY,
	OPT_TOUCH,
	OPT_TOUCH_TIMEOUT,
	OPT_PIN,
	OPT_FAULT,
	OPT_CONTROL,
	OPT_READY,
	OPT_SEND,
	OPT_STDIN,
	OPT_QUIET,
	OPT_LIST,
	OPT_HELP
};

static const struct option long_options[] = {
	{ "state", required_argument, NULL, OPT_STATE },
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "personality", required_argument, NULL, OPT_PERSONALITY },
	{ "touch", required_argument, NULL, OPT_TOUCH },
	{ "touch-timeout", required_argument, NULL, OPT_TOUCH_TIMEOUT },
	{ "pin", required_argument, NULL, OPT_PIN },
	{ "fault", required_argument, NULL, OPT_FAULT },
	{ "control", required_argument, NULL, OPT_CONTROL },
	{ "ready", required_argument, NULL, OPT_READY },
	{ "send", required_argument, NULL, OPT_SEND },
	{ "stdin", no_argument, NULL, OPT_STDIN },
	{ "quiet", no_argument, NULL, OPT_QUIET },
	{ "list", no_argument, NULL, OPT_LIST },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static int
fail(enum err e, const char *what)
{
	fprintf(stderr, "ownkey-softtoken: error: %s: %s\n", what, err_text(e));
	return err_exit(e);
}

static int
list_print(void)
{
	const char *name, *help;
	size_t i;

	puts("personalities (the first one is the default):");
	for (i = 0; (name = softtoken_personality_at(i, &help)) != NULL; i++)
		printf("  %-20s %s\n", name, help);
	puts("faults:");
	for (i = 0; (name = softtoken_fault_at(i, &help)) != NULL; i++)
		printf("  %-20s %s\n", name, help);
	puts("commands a fault can be limited to:\n"
	     "  info make assert next pin reset manage select config");
	return 0;
}

static enum err
number_read(const char *s, uint32_t most, uint32_t *v)
{
	unsigned long n;
	char *end;

	n = strtoul(s, &end, 10);
	if (*s < '0' || *s > '9' || *end != '\0' || n > most)
		return ERR_USAGE;
	*v = (uint32_t)n;
	return ERR_OK;
}

static enum err
ready_read(const char *s, int *fd)
{
	uint32_t v;
	enum err r;

	if ((r = number_read(s, 1 << 20, &v)) == ERR_OK)
		*fd = (int)v;
	return r;
}

static enum err
option_take(struct options *o, int opt, const char *arg)
{
	switch (opt) {
	case OPT_STATE:
		o->state = arg;
		return ERR_OK;
	case OPT_SOCKET:
		o->daemon.socket = arg;
		return ERR_OK;
	case OPT_PERSONALITY:
		o->token.personality = arg;
		return ERR_OK;
	case OPT_TOUCH:
		return soft_touch_parse(arg, &o->token.touch, &o->token.touch_ms);
	case OPT_TOUCH_TIMEOUT:
		return number_read(arg, UINT32_MAX, &o->token.touch_timeout_ms);
	case OPT_PIN:
		o->token.pin = arg;
		return ERR_OK;
	case OPT_FAULT:
		if (o->nfaults == FAULTS)
			return ERR_LIMIT;
		o->fault[o->nfaults++] = arg;
		return ERR_OK;
	case OPT_CONTROL:
		o->daemon.control = arg;
		return ERR_OK;
	case OPT_READY:
		return ready_read(arg, &o->daemon.ready_fd);
	case OPT_SEND:
		o->send = arg;
		return ERR_OK;
	case OPT_STDIN:
		o->from_stdin = true;
		return ERR_OK;
	case OPT_QUIET:
		o->quiet = true;
		return ERR_OK;
	case OPT_LIST:
		exit(list_print());
	case OPT_HELP:
		fputs(usage_text, stdout);
		exit(0);
	default:
		return ERR_USAGE;
	}
}

static enum err
options_read(struct options *o, int argc, char **argv)
{
	enum err r;
	int opt;

	o->daemon.ready_fd = -1;
	while ((opt = getopt_long(argc, argv, "+", long_options, NULL)) != -1)
		if ((r = option_take(o, opt, optarg)) != ERR_OK)
			return r;
	if (o->send != NULL)
		return optind < argc ? ERR_OK : ERR_USAGE;
	if (optind != argc || (!o->from_stdin && (o->state == NULL || o->daemon.socket == NULL)))
		return ERR_USAGE;
	return ERR_OK;
}

static enum err
state_save(void *arg, struct span state)
{
	const struct options *o = arg;

	return o->state != NULL ? soft_state_write(o->state, state) : ERR_OK;
}

static void
die(void *arg)
{
	(void)arg;
	kill(getpid(), SIGKILL);
}

static void
notice_print(const struct options *o)
{
	if (!o->quiet && isatty(STDERR_FILENO))
		fprintf(stderr,
		    "ownkey-softtoken: this is no hardware: whoever reads %s has the token\n",
		    o->state);
}

static enum err
token_open(struct options *o, struct softtoken **t)
{
	struct buf state = BUF_INIT;
	enum err r;
	int i;

	o->token.save = state_save;
	o->token.die = die;
	o->token.arg = o;
	r = o->state == NULL ? ERR_NOTFOUND : soft_state_read(o->state, &state);
	if (r == ERR_NOTFOUND && o->state != NULL)
		notice_print(o);
	if (r == ERR_OK || r == ERR_NOTFOUND) {
		o->token.state = buf_span(&state);
		r = softtoken_new(&o->token, t);
	}
	for (i = 0; r == ERR_OK && i < o->nfaults; i++)
		r = softtoken_fault(*t, o->fault[i]);
	buf_done(&state);
	return r;
}

/* For fuzzers and pipes: reports in, reports out, no time but the token's own. */
static enum err
stdin_run(struct softtoken *t)
{
	uint8_t report[SOFTTOKEN_REPORT];

	while (fread(report, sizeof(report), 1, stdin) == 1) {
		softtoken_feed(t, report);
		while (softtoken_wait(t, 0, report))
			if (fwrite(report, sizeof(report), 1, stdout) != 1)
				return ERR_IO;
		fflush(stdout);
	}
	return ERR_OK;
}

static int
send_run(const struct options *o, int argc, char **argv)
{
	char line[512];
	bool done = false;
	enum err r;

	snprintf(line, sizeof(line), "%s%s%s", argv[optind], optind + 1 < argc ? " " : "",
	    optind + 1 < argc ? argv[optind + 1] : "");
	if ((r = soft_control_send(o->send, line, &done)) != ERR_OK)
		return fail(r, o->send);
	return done ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct options o = { 0 };
	struct softtoken *t = NULL;
	enum err r;

	umask(077);
	if ((r = options_read(&o, argc, argv)) != ERR_OK) {
		fputs(usage_text, stderr);
		return err_exit(ERR_USAGE);
	}
	if (o.send != NULL)
		return send_run(&o, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	if ((r = crypto_init()) != ERR_OK)
		return fail(r, "start");
	if ((r = token_open(&o, &t)) != ERR_OK) {
		softtoken_free(t);
		return fail(r, o.state != NULL ? o.state : "token");
	}
	r = o.from_stdin ? stdin_run(t) : soft_daemon_run(&o.daemon, t);
	softtoken_free(t);
	if (r == ERR_OK)
		return 0;
	return fail(r, o.from_stdin ? "standard output" : o.daemon.socket);
}
