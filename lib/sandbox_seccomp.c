/*
 * The system call filter: one table for all profiles, the first matching row decides, anything
 * without a row kills the process.  Rows that look at an argument see its low 32 bits, which is all
 * the kernel looks at for these.
 */
#include "lib/sandbox_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__) && defined(__ARM_EABI__) && defined(__ARMEL__)
#define ARCH AUDIT_ARCH_ARM
#else
#define ARCH 0 /* sandbox_seccomp says ERR_UNSUPPORTED */
#endif

#define X32_BIT 0x40000000U /* x86_64: the x32 table starts here */

#define VAULT	(1U << SANDBOX_VAULT)
#define FRONT	(1U << SANDBOX_FRONT)
#define TOKEN	(1U << SANDBOX_TOKEN)
#define LIST	(1U << SANDBOX_TOKEN_LIST)
#define WORKER	(1U << SANDBOX_WORKER)
#define VERIFY	(1U << SANDBOX_VERIFY)
#define COPIER	(1U << SANDBOX_COPIER)
#define BUS	(1U << SANDBOX_BUS)
#define SECRETS (1U << SANDBOX_SECRETS)
#define WEB	(1U << SANDBOX_WEB)
#define FETCHER (1U << SANDBOX_FETCHER)
#define FETCH	(1U << SANDBOX_FETCH)
#define FETCHES (FETCH | FETCHER)
#define BUSES	(BUS | SECRETS)
#define ALL	(VAULT | FRONT | TOKEN | LIST | WORKER | VERIFY | COPIER | BUSES | WEB | FETCHES)

#define ANY (-1)

struct row {
	uint32_t nr;
	unsigned profiles;
	uint32_t action;
	int arg; /* ANY, or the argument of which (value & mask) == want */
	uint32_t mask;
	uint32_t want;
};

#define ALLOW(name, who)                                       \
	{                                                      \
		__NR_##name, who, SECCOMP_RET_ALLOW, ANY, 0, 0 \
	}
#define WHEN(name, who, arg, mask, want)                             \
	{                                                            \
		__NR_##name, who, SECCOMP_RET_ALLOW, arg, mask, want \
	}
#define ERRNO(name, who, error)                                          \
	{                                                                \
		__NR_##name, who, SECCOMP_RET_ERRNO | (error), ANY, 0, 0 \
	}
#define FCNTL(cmd, who)	  WHEN(fcntl, who, 1, ~0U, cmd)
#define FCNTL64(cmd, who) WHEN(fcntl64, who, 1, ~0U, cmd)

/* The order is that of use: the filter is a list. */
/* clang-format off */
static const struct row rows[] = {
	ALLOW(read, ALL), ALLOW(write, ALL), ALLOW(sendmsg, ALL), ALLOW(ppoll, ALL),
	ALLOW(recvmsg, ALL), ALLOW(recvfrom, ALL), ALLOW(sendto, ALL), ALLOW(getrandom, ALL),
	ALLOW(clock_gettime, ALL), ALLOW(futex, ALL), ALLOW(rt_sigprocmask, ALL),
	ALLOW(close, ALL), ALLOW(readv, ALL), ALLOW(writev, ALL), ALLOW(timerfd_settime, ALL),
	ALLOW(munmap, ALL), ALLOW(madvise, ALL), ALLOW(brk, ALL), ALLOW(mremap, ALL),
	ALLOW(mlock, ALL), ALLOW(mlock2, ALL), ALLOW(munlock, ALL),
	ALLOW(getpid, ALL), ALLOW(gettid, ALL), ALLOW(getppid, ALL), ALLOW(getuid, ALL),
	ALLOW(geteuid, ALL), ALLOW(getgid, ALL), ALLOW(getegid, ALL), ALLOW(gettimeofday, ALL),
	ALLOW(nanosleep, ALL), ALLOW(clock_nanosleep, ALL), ALLOW(shutdown, ALL),
	ALLOW(rt_sigreturn, ALL), ALLOW(restart_syscall, ALL), ALLOW(sched_yield, ALL),
	ALLOW(exit, ALL), ALLOW(exit_group, ALL), ALLOW(fstat, ALL),
	/* memory that can be run is asked for by exploits only */
	WHEN(mprotect, ALL, 2, PROT_EXEC, 0), ERRNO(mprotect, ALL, EPERM),
	FCNTL(F_GETFL, ALL), FCNTL(F_SETFL, ALL), FCNTL(F_GETFD, ALL), FCNTL(F_SETFD, ALL),

	/* front: files below its directories, clients */
	ALLOW(accept4, FRONT | WEB), ALLOW(getsockopt, FRONT | LIST | WEB),
	ALLOW(getsockname, FRONT | WEB),
	ALLOW(getpeername, FRONT | WEB), ALLOW(pidfd_open, FRONT), ALLOW(openat, FRONT | COPIER | WEB),
	ALLOW(fsync, FRONT | COPIER | WEB), ALLOW(fdatasync, FRONT | WEB), ALLOW(renameat, FRONT | COPIER),
	ALLOW(renameat2, FRONT | COPIER), ALLOW(linkat, FRONT), ALLOW(unlinkat, FRONT | COPIER | WEB),
	ALLOW(mkdirat, FRONT), ALLOW(ftruncate, FRONT | WEB), ALLOW(fallocate, FRONT | COPIER | WEB),
	ALLOW(flock, FRONT | LIST), ALLOW(fchmod, FRONT | WEB), ALLOW(umask, FRONT | WEB),
	ALLOW(pread64, FRONT | LIST | WEB), ALLOW(pwrite64, FRONT | WEB), ALLOW(lseek, FRONT | LIST | WEB),
	ALLOW(getcwd, FRONT | WEB), ALLOW(signalfd4, FRONT | WEB), ALLOW(timerfd_create, FRONT | WEB),
	ALLOW(getdents64, FRONT | LIST), ALLOW(readlinkat, FRONT | LIST | WEB),
	ALLOW(statx, FRONT | LIST | WEB), ALLOW(statfs, FRONT | LIST), ALLOW(fstatfs, FRONT | LIST),
	ALLOW(faccessat, FRONT | LIST | WEB), ALLOW(faccessat2, FRONT | LIST | WEB),
	FCNTL(F_DUPFD_CLOEXEC, FRONT | LIST | WEB), FCNTL(F_GETLK, FRONT | WEB),
	FCNTL(F_SETLK, FRONT | WEB),
	FCNTL(F_SETLKW, FRONT | WEB), FCNTL(F_OFD_GETLK, FRONT), FCNTL(F_OFD_SETLK, FRONT),
	FCNTL(F_OFD_SETLKW, FRONT),

	/* bus: the loop of sd-event, connections that are made anew, devices that go */
	ALLOW(epoll_create1, BUSES | WEB), ALLOW(epoll_ctl, BUSES | WEB), ALLOW(epoll_pwait, BUSES | WEB),
	ALLOW(inotify_init1, BUSES), ALLOW(inotify_add_watch, BUSES),
	ALLOW(inotify_rm_watch, BUSES),
	ALLOW(timerfd_create, BUSES), ALLOW(signalfd4, BUSES), ALLOW(eventfd2, BUSES | WEB),
	WHEN(socket, BUSES | WEB, 0, ~0U, AF_UNIX),
	ERRNO(socket, BUSES | WEB, EAFNOSUPPORT),
	ALLOW(connect, BUSES | WEB), ALLOW(epoll_pwait2, BUSES | WEB), ALLOW(getsockopt, BUSES),
	ALLOW(setsockopt, BUSES | WEB), ALLOW(getsockname, BUSES), ALLOW(getpeername, BUSES),
	ALLOW(memfd_create, BUSES), ALLOW(uname, BUSES), ALLOW(statx, BUSES),
	FCNTL(F_DUPFD_CLOEXEC, BUSES), ERRNO(clone, BUSES | WEB, EPERM),

	/* web: SQLite gives files to the owner of the database when it is root */
	ERRNO(fchown, WEB, EPERM),

	/* secrets: reads who is at the other end of the bus, and nothing is opened for writing */
	WHEN(openat, SECRETS, 2, O_ACCMODE | O_CREAT | O_TRUNC, 0), ALLOW(readlinkat, SECRETS),
	ALLOW(pidfd_open, SECRETS), ALLOW(dup, SECRETS),

	/* fetch: names looked up by libc, TCP and TLS by libcurl, which may give up more; UNIX and
	 * netlink sockets have nothing to say to it */
	WHEN(socket, FETCHES, 0, ~0U, AF_INET), WHEN(socket, FETCHES, 0, ~0U, AF_INET6),
	ERRNO(socket, FETCHES, EAFNOSUPPORT), ALLOW(socketpair, FETCHES), ALLOW(connect, FETCHES),
	ALLOW(getsockopt, FETCHES), ALLOW(setsockopt, FETCHES), ALLOW(getsockname, FETCHES),
	ALLOW(getpeername, FETCHES), ALLOW(sendmmsg, FETCHES), ALLOW(uname, FETCHES),
	WHEN(openat, FETCHES, 2, O_ACCMODE | O_CREAT | O_TRUNC, 0), ALLOW(lseek, FETCHES),
	WHEN(ioctl, FETCHES, 1, ~0U, FIONREAD), WHEN(ioctl, FETCHES, 1, ~0U, FIONBIO),
	ALLOW(seccomp, FETCHES),
	/* its parent, which hands on what comes and makes the children */
	ALLOW(clone, FETCHER), ALLOW(wait4, FETCHER), ALLOW(kill, FETCHER),
	ALLOW(set_robust_list, FETCHER), ALLOW(close_range, FETCHER), ALLOW(prctl, FETCHER),
	ALLOW(prlimit64, FETCHER), ALLOW(rt_sigaction, FETCHER), ALLOW(dup3, FETCHER),
	ALLOW(landlock_create_ruleset, FETCHER), ALLOW(landlock_add_rule, FETCHER),
	ALLOW(landlock_restrict_self, FETCHER),

	/* token list: what libudev and libfido2 read; devices are opened for writing too */
	WHEN(openat, LIST, 2, O_CREAT | O_TRUNC, 0),
	WHEN(socket, LIST, 0, ~0U, AF_UNIX), ALLOW(connect, LIST),
	ALLOW(inotify_init1, LIST), ALLOW(inotify_add_watch, LIST), ALLOW(inotify_rm_watch, LIST),
	WHEN(ioctl, LIST, 1, 0xff00, 'H' << 8), /* HIDIOC*, linux/hidraw.h */

#ifdef __NR_mmap
	WHEN(mmap, ALL, 2, PROT_EXEC, 0), ERRNO(mmap, ALL, EPERM),
#endif
#ifdef __NR_newfstatat
	ALLOW(newfstatat, FRONT | LIST | COPIER | BUSES | WEB | FETCHES), ERRNO(newfstatat, ALL, EPERM),
#endif
#ifdef __NR_open /* not on the newer processors: they have only the ...at calls */
	ALLOW(poll, ALL), ALLOW(epoll_wait, BUSES | WEB),
	ALLOW(open, FRONT | WEB), WHEN(open, LIST, 1, O_CREAT | O_TRUNC, 0),
	WHEN(open, SECRETS | FETCHES, 1, O_ACCMODE | O_CREAT | O_TRUNC, 0), ERRNO(open, ALL, EPERM),
	ALLOW(rename, FRONT | COPIER), ALLOW(link, FRONT), ALLOW(unlink, FRONT | WEB), ALLOW(mkdir, FRONT),
	ALLOW(readlink, FRONT | LIST | SECRETS | WEB), ALLOW(access, FRONT | LIST | WEB),
	ALLOW(stat, FRONT | LIST | BUSES | WEB), ALLOW(lstat, FRONT | LIST | BUSES | WEB),
	ERRNO(readlink, ALL, EPERM), ERRNO(access, ALL, EPERM), ERRNO(creat, ALL, EPERM),
	ERRNO(stat, ALL, EPERM), ERRNO(lstat, ALL, EPERM),
#endif
#ifdef __NR_mmap2 /* arm: 64-bit files on 32 bits */
	WHEN(mmap2, ALL, 2, PROT_EXEC, 0), ERRNO(mmap2, ALL, EPERM),
	ALLOW(send, ALL), ALLOW(recv, ALL), ALLOW(fstat64, ALL), ALLOW(sigreturn, ALL),
	ALLOW(getuid32, ALL), ALLOW(geteuid32, ALL), ALLOW(getgid32, ALL), ALLOW(getegid32, ALL),
	FCNTL64(F_GETFL, ALL), FCNTL64(F_SETFL, ALL), FCNTL64(F_GETFD, ALL),
	FCNTL64(F_SETFD, ALL), FCNTL64(F_DUPFD_CLOEXEC, FRONT | LIST | BUSES | WEB),
	FCNTL64(F_GETLK64, FRONT | WEB), FCNTL64(F_SETLK64, FRONT | WEB), FCNTL64(F_SETLKW64, FRONT | WEB),
	FCNTL64(F_GETLK, FRONT | WEB), FCNTL64(F_SETLK, FRONT | WEB), FCNTL64(F_SETLKW, FRONT | WEB),
	FCNTL64(F_OFD_GETLK, FRONT), FCNTL64(F_OFD_SETLK, FRONT), FCNTL64(F_OFD_SETLKW, FRONT),
	ERRNO(fcntl64, ALL, EPERM),
	ALLOW(ftruncate64, FRONT | WEB), ALLOW(_llseek, FRONT | LIST | WEB),
	ALLOW(fstatat64, FRONT | LIST | BUSES | WEB), ALLOW(stat64, FRONT | LIST | WEB),
	ALLOW(lstat64, FRONT | LIST | WEB),
	ALLOW(statfs64, FRONT | LIST), ALLOW(fstatfs64, FRONT | LIST),
	ERRNO(fstatat64, ALL, EPERM), ERRNO(stat64, ALL, EPERM), ERRNO(lstat64, ALL, EPERM),
#endif
#ifdef __NR_clock_gettime64 /* the same with times beyond 2038 */
	ALLOW(clock_gettime64, ALL), ALLOW(clock_nanosleep_time64, ALL), ALLOW(futex_time64, ALL),
	ALLOW(ppoll_time64, ALL), ALLOW(timerfd_settime64, ALL),
#endif

	/* Libraries try these and know what to do without: an error instead of an end. */
	ERRNO(openat, ALL, EPERM), ERRNO(openat2, ALL, ENOSYS), ERRNO(fcntl, ALL, EPERM),
	ERRNO(statx, ALL, ENOSYS), ERRNO(faccessat, ALL, EPERM), ERRNO(faccessat2, ALL, ENOSYS),
	ERRNO(readlinkat, ALL, EPERM), ERRNO(statfs, ALL, EPERM), ERRNO(ioctl, ALL, ENOTTY),
	ERRNO(clone3, ALL, ENOSYS), ERRNO(rseq, ALL, ENOSYS), ERRNO(membarrier, ALL, ENOSYS),
	ERRNO(sysinfo, ALL, ENOSYS), ERRNO(sched_getaffinity, ALL, ENOSYS),
	ERRNO(prlimit64, ALL, EPERM), ERRNO(prctl, ALL, EINVAL), ERRNO(getcpu, ALL, ENOSYS),
	ERRNO(name_to_handle_at, LIST, ENOSYS),
};
/* clang-format on */

#define ROWS	(sizeof(rows) / sizeof(rows[0]))
#define PER_ROW 6
#define FIXED	8

struct filter {
	struct sock_filter code[ROWS * PER_ROW + FIXED];
	unsigned short n;
};

static void
emit(struct filter *f, uint16_t code, uint32_t k, uint8_t if_true, uint8_t if_false)
{
	f->code[f->n++] = (struct sock_filter)BPF_JUMP(code, k, if_true, if_false);
}

static void
load(struct filter *f, size_t offset)
{
	emit(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void
give(struct filter *f, uint32_t action)
{
	emit(f, BPF_RET | BPF_K, action, 0, 0);
}

static void
emit_head(struct filter *f)
{
	load(f, offsetof(struct seccomp_data, arch));
	emit(f, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	give(f, SECCOMP_RET_KILL_PROCESS);
	load(f, offsetof(struct seccomp_data, nr));
	if (ARCH == AUDIT_ARCH_X86_64) {
		emit(f, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
		give(f, SECCOMP_RET_KILL_PROCESS);
	}
}

/* The number is in the accumulator before and after each row. */
static void
emit_row(struct filter *f, const struct row *row)
{
	if (row->arg == ANY) {
		emit(f, BPF_JMP | BPF_JEQ | BPF_K, row->nr, 0, 1);
		give(f, row->action);
		return;
	}
	emit(f, BPF_JMP | BPF_JEQ | BPF_K, row->nr, 0, PER_ROW - 1);
	/* all processors above keep the low half of an argument first */
	load(f, offsetof(struct seccomp_data, args) + (size_t)row->arg * sizeof(uint64_t));
	emit(f, BPF_ALU | BPF_AND | BPF_K, row->mask, 0, 0);
	emit(f, BPF_JMP | BPF_JEQ | BPF_K, row->want, 0, 1);
	give(f, row->action);
	load(f, offsetof(struct seccomp_data, nr));
}

MUST enum err
sandbox_seccomp(enum sandbox_profile profile)
{
	static struct filter f; /* larger than a stack frame may be */
	struct sock_fprog prog = { .filter = f.code };

	if (!ARCH)
		return ERR_UNSUPPORTED;
	f.n = 0;
	emit_head(&f);
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].profiles & (1U << profile))
			emit_row(&f, &rows[i]);
	give(&f, SECCOMP_RET_KILL_PROCESS);
	prog.len = f.n;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0)
		return ERR_OK;
	return errno == ENOSYS || errno == EINVAL ? ERR_UNSUPPORTED : ERR_IO;
}
