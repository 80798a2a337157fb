#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/conf.h"
#include "lib/rights.h"

#define FILE_MAX ((size_t)64 * 1024)
#define DAY	 86400u

static bool
is_path(const char *s)
{
	return s[0] == '/';
}

static bool
is_pinentry(const char *s)
{
	return s[0] == 0 || is_path(s) || strcmp(s, "none") == 0;
}

/* sun_path holds 108 bytes with its NUL */
static bool
is_token(const char *s)
{
	if (strcmp(s, "hid") == 0)
		return true;
	return strncmp(s, "unix:/", 6) == 0 && strlen(s + 5) < 108;
}

static bool
is_socket(const char *s)
{
	return s[0] == 0 || (is_path(s) && strlen(s) < 108);
}

/* a name in $CREDENTIALS_DIRECTORY */
static bool
is_credential(const char *s)
{
	return s[0] != '.' && !strchr(s, '/');
}

#define F(member) .offset = offsetof(struct conf, member)

const struct opt conf_options[] = {
	{ .name = "lock_idle",
	    .type = OPT_SECONDS,
	    F(lock_idle),
	    .max = 30 * DAY,
	    .def = "15m",
	    .help = "lock after this long without a request; never turns it off" },
	{ .name = "lock_absolute",
	    .type = OPT_SECONDS,
	    F(lock_absolute),
	    .max = 365 * DAY,
	    .def = "8h",
	    .help = "lock this long after unlocking, whatever happens" },
	{ .name = "touch_timeout",
	    .type = OPT_SECONDS,
	    F(touch_timeout),
	    .min = 5,
	    .max = 300,
	    .def = "30s",
	    .help = "how long a touch of the token is waited for" },
	{ .name = "prompt_timeout",
	    .type = OPT_SECONDS,
	    F(prompt_timeout),
	    .min = 10,
	    .max = 3600,
	    .def = "2m",
	    .help = "how long an answer to a prompt is waited for" },
	{ .name = "fingerprint",
	    .type = OPT_ENUM,
	    F(fingerprint),
	    .names = "auto|never",
	    .def = "auto",
	    .help = "never: ask for the PIN even if the token reads fingerprints" },
	{ .name = "secret_memory",
	    .type = OPT_ENUM,
	    F(secret_memory),
	    .names = "auto|secretmem|mlock",
	    .def = "auto",
	    .help =
		"where secrets live: memory that even the kernel cannot read, or locked memory" },
	{ .name = "allow_swap",
	    .type = OPT_BOOL,
	    F(allow_swap),
	    .def = "no",
	    .help = "start although no memory can be locked: secrets may reach the swap space" },
	{ .name = "log_level",
	    .type = OPT_ENUM,
	    F(log_level),
	    .names = "error|warn|info|debug",
	    .def = "info",
	    .help = "how much is logged; never a secret" },
	{ .name = "pinentry",
	    .type = OPT_TEXT,
	    F(pinentry),
	    .max = CONF_PATH,
	    .check = is_pinentry,
	    .help = "program that asks for PINs; none: never; not given: found in PATH" },
	{ .name = "token",
	    .type = OPT_TEXTS,
	    F(token),
	    .min = CONF_TOKENS,
	    .max = CONF_PATH,
	    .def = "hid",
	    .check = is_token,
	    .help = "where tokens are: hid (USB), or unix:PATH; may be repeated" },
	{ .name = "sysfs_root",
	    .type = OPT_TEXT,
	    F(sysfs),
	    .min = 1,
	    .max = CONF_PATH,
	    .def = "/sys",
	    .check = is_path,
	    .help = "where the kernel describes USB devices" },
	{ .name = "dev_root",
	    .type = OPT_TEXT,
	    F(dev),
	    .min = 1,
	    .max = CONF_PATH,
	    .def = "/dev",
	    .check = is_path,
	    .help = "where device files are" },
	{ .name = "copy_timeout",
	    .type = OPT_SECONDS,
	    F(copy_timeout),
	    .min = 1,
	    .max = 50,
	    .def = "20s",
	    .help = "how long the folder of a copy of the vault may take before it is given up" },
	{ .name = "notify_names",
	    .type = OPT_BOOL,
	    F(notify_names),
	    .def = "no",
	    .help = "name programs and keys in desktop notifications, which phones may mirror" },
	{ .name = "ssh_wait",
	    .type = OPT_SECONDS,
	    F(ssh_wait),
	    .max = 3600,
	    .def = "60s",
	    .help = "how long ssh waits for the vault to be opened; never: it fails at once" },
	{ .name = "ssh_add",
	    .type = OPT_ENUM,
	    F(ssh_add),
	    .names = "memory|vault",
	    .def = "memory",
	    .help = "where ssh-add puts keys: in memory until lock, or in the vault for good" },
	{ .name = "ssh_list",
	    .type = OPT_TEXTS,
	    F(ssh_list),
	    .min = CONF_SSH_LIST,
	    .max = CONF_PATTERN,
	    .help =
		"which keys ssh sees, best first: pattern of path or comment; may be repeated" },
	{ .name = "ssh_upstream",
	    .type = OPT_TEXT,
	    F(ssh_upstream),
	    .max = CONF_PATH,
	    .check = is_socket,
	    .help = "socket of another agent, whose keys ssh gets behind those of the vault" },
	{ .name = "client",
	    .type = OPT_TEXTS,
	    F(client),
	    .min = CONF_CLIENTS,
	    .max = CONF_CLIENT,
	    .check = rights_is_row,
	    .help = "what another account may ask: USER PATTERN OPERATIONS; may be repeated" },
	{ .name = "unattended",
	    .type = OPT_TEXT,
	    F(unattended),
	    .max = CONF_PATTERN,
	    .check = is_credential,
	    .help = "credential with the passphrase that 'unlock --unattended' uses" },
	{ .name = "lock_on",
	    .type = OPT_SET,
	    F(lock_on),
	    .names = "session-lock|sleep|screensaver|token-removed|idle|lid",
	    .def = "session-lock,sleep,screensaver,token-removed",
	    .help = "what locks the vault while ownkey-session runs; none: only time does" },
	{ .name = "lock_session_idle",
	    .type = OPT_SECONDS,
	    F(lock_session_idle),
	    .max = DAY,
	    .def = "5m",
	    .help = "with lock_on idle: this long after the desktop said that nobody is there" },
	{ .name = "notify",
	    .type = OPT_BOOL,
	    F(notify),
	    .def = "yes",
	    .help = "desktop notifications when a token or a PIN is waited for" },
};

const size_t conf_noptions = sizeof(conf_options) / sizeof(conf_options[0]);

static enum err
read_all(int fd, struct buf *b)
{
	uint8_t *to;
	ssize_t n;

	for (;;) {
		if ((to = buf_room(b, 4096)) == NULL)
			return b->toobig ? ERR_TOOBIG : ERR_NOMEM;
		n = read(fd, to, 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? ERR_IO : ERR_OK;
		buf_add(b, (size_t)n);
	}
}

/* A missing file is an empty one.  Non-blocking, so that a FIFO in its place cannot hold us up. */
static enum err
read_file(const char *path, struct buf *b)
{
	struct stat st;
	enum err r;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return ERR_OK;
		return errno == EACCES ? ERR_PERMISSION : ERR_IO;
	}
	if (fstat(fd, &st) != 0)
		r = ERR_IO;
	else
		r = S_ISREG(st.st_mode) ? read_all(fd, b) : ERR_CONFIG;
	close(fd);
	return r;
}

enum err
conf_load(const char *path, struct conf *c, size_t *line)
{
	struct buf b = { .max = FILE_MAX };
	struct conf got;
	enum err r;

	*line = 0;
	memset(&got, 0, sizeof(got));
	if ((r = opt_defaults(conf_options, conf_noptions, &got)) || (r = read_file(path, &b)) ||
	    (r = opt_parse(conf_options, conf_noptions, buf_span(&b), &got, line)))
		goto out;
	*c = got;
out:
	buf_done(&b);
	return r;
}
