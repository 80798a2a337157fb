/* doctor_process.c - what /proc tells of programs that run. */
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "lib/paths.h"

/* The beginning of a file, as text. */
static bool
read_text(const char *path, char *out, size_t cap)
{
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(out, 1, cap - 1, f) : 0;

	out[n] = '\0';
	if (f)
		fclose(f);
	return n > 0;
}

static bool
read_proc(pid_t pid, const char *name, char *out, size_t cap)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
	return read_text(path, out, cap);
}

bool
doctor_process_name(pid_t pid, char out[16])
{
	char text[64];

	if (!read_proc(pid, "comm", text, sizeof text))
		return false;
	text[strcspn(text, "\n")] = '\0';
	snprintf(out, 16, "%.15s", text);
	return true;
}

/* The folder of a process that hides its memory belongs to root: this says whose it is. */
static bool
is_ours(pid_t pid)
{
	char text[2048];
	const char *at;

	return read_proc(pid, "status", text, sizeof text) && (at = strstr(text, "\nUid:")) &&
	    strtoul(at + 5, NULL, 10) == getuid();
}

/* In ticks since the machine started; proc(5), field 22 of stat, behind a name with anything. */
static bool
started_ticks(pid_t pid, unsigned long long *ticks)
{
	char text[1024];
	const char *at;

	if (!read_proc(pid, "stat", text, sizeof text) || !(at = strrchr(text, ')')))
		return false;
	for (int field = 2; field < 22 && at; field++)
		at = (at = strchr(at, ' ')) ? at + 1 : NULL;
	if (!at)
		return false;
	*ticks = strtoull(at, NULL, 10);
	return true;
}

/* The oldest of ours; 0: none. */
static pid_t
process_of(const char *name)
{
	DIR *proc = opendir("/proc");
	unsigned long long ticks, best = 0;
	pid_t found = 0;
	struct dirent *d;
	char is[16];

	while (proc && (d = readdir(proc))) {
		pid_t pid = isdigit((unsigned char)d->d_name[0]) ? atoi(d->d_name) : 0;

		if (pid && doctor_process_name(pid, is) && strcmp(is, name) == 0 && is_ours(pid) &&
		    started_ticks(pid, &ticks) && (!found || ticks < best)) {
			found = pid;
			best = ticks;
		}
	}
	if (proc)
		closedir(proc);
	return found;
}

/* Who made the socket; where systemd did, whoever of that name runs. */
static pid_t
agent_process(const struct doctor *d)
{
	struct ucred peer;
	socklen_t len = sizeof peer;
	char name[16];

	if (getsockopt(d->c->conn.fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.pid > 0 &&
	    doctor_process_name(peer.pid, name) && strcmp(name, "ownkey-agent") == 0)
		return peer.pid;
	return process_of("ownkey-agent");
}

static bool
started(pid_t pid, time_t *when)
{
	static char text[65536];
	unsigned long long ticks;
	const char *at;

	if (!pid || !started_ticks(pid, &ticks) || !read_text("/proc/stat", text, sizeof text) ||
	    !(at = strstr(text, "\nbtime ")))
		return false;
	*when = (time_t)(strtoull(at + 7, NULL, 10) + ticks / (unsigned long)sysconf(_SC_CLK_TCK));
	return true;
}

/* A second of doubt on either side: nothing is said then. */
void
doctor_conf_age(struct doctor *d)
{
	char path[PATHS_MAX];
	struct stat st;
	time_t when;

	if (!d->agent || paths_config(path, sizeof path) || stat(path, &st) ||
	    !started(agent_process(d), &when))
		return;
	if (st.st_mtime > when + 2)
		doctor_bad(d, "ownkey.conf was changed since the agent read it",
		    "it holds from the agent's next start on: 'ownkey lock', end ownkey-agent, "
		    "'ownkey unlock'");
	else
		doctor_good("the agent has read the configuration as it is");
}
