#include "lib/sandbox_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From newer kernels than the headers of Debian 12 (6.1) know; landlock(7). */
#define FS_TRUNCATE   (1ULL << 14) /* ABI 3 */
#define FS_IOCTL_DEV  (1ULL << 15) /* ABI 5 */
#define NET_TCP	      3ULL	   /* ABI 4: bind, connect */
#define RULE_NET_PORT 2
#define CONNECT_TCP   2ULL
#define SCOPE_ALL     3ULL /* ABI 6: abstract sockets, signals */

struct ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

#define FS_ABI1 ((1ULL << 13) - 1)
#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | FS_IOCTL_DEV)
#define FS_FILE \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV)
/* no devices, sockets or programs are made by anybody who is under landlock */
#define FS_WRITE                                                                         \
	(FS_FILE | FS_READ | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR | \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |             \
	    LANDLOCK_ACCESS_FS_REFER)

/* Rights by ABI: what a kernel does not know it refuses with EINVAL. */
static struct ruleset
all_rights(long abi)
{
	struct ruleset all = { .fs = FS_ABI1 };

	if (abi >= 2)
		all.fs |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		all.fs |= FS_TRUNCATE;
	if (abi >= 4)
		all.net = NET_TCP;
	if (abi >= 5)
		all.fs |= FS_IOCTL_DEV;
	if (abi >= 6)
		all.scoped = SCOPE_ALL;
	return all;
}

static size_t
ruleset_size(long abi)
{
	if (abi >= 6)
		return sizeof(struct ruleset);
	return abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

static enum err
add_rule(int ruleset, const struct sandbox_rule *rule, uint64_t known)
{
	struct landlock_path_beneath_attr at = { .allowed_access =
						     rule->write ? FS_WRITE : FS_READ };
	enum err r = ERR_OK;
	struct stat st;

	at.parent_fd = open(rule->path, O_PATH | O_CLOEXEC);
	if (at.parent_fd < 0) /* a directory this machine lacks needs no rule */
		return errno == ENOENT || errno == ENOTDIR ? ERR_OK : ERR_IO;
	if (fstat(at.parent_fd, &st) < 0)
		r = ERR_IO;
	else if (!S_ISDIR(st.st_mode))
		at.allowed_access &= FS_FILE;
	at.allowed_access &= known;
	if (!r && syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &at, 0) < 0)
		r = ERR_IO;
	close(at.parent_fd);
	return r;
}

/* struct landlock_net_port_attr of Linux 6.7 */
static enum err
add_ports(int ruleset, const uint16_t *ports)
{
	for (; ports && *ports; ports++) {
		struct {
			uint64_t access, port;
		} at = { CONNECT_TCP, *ports };

		if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &at, 0) < 0)
			return ERR_IO;
	}
	return ERR_OK;
}

MUST enum err
sandbox_landlock(const struct sandbox *s)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset all = all_rights(abi);
	enum err r = ERR_OK;
	int fd;

	if (abi < 1)
		return ERR_UNSUPPORTED;
	if (s->profile == SANDBOX_FETCHER) /* its children choose */
		all.net = 0;
	fd = (int)syscall(SYS_landlock_create_ruleset, &all, ruleset_size(abi), 0);
	if (fd < 0)
		return ERR_IO;
	for (const struct sandbox_rule *rule = s->rules; !r && rule && rule->path; rule++)
		r = add_rule(fd, rule, all.fs);
	if (!r && all.net)
		r = add_ports(fd, s->ports);
	if (!r && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		r = ERR_IO;
	close(fd);
	return r;
}
