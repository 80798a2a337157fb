#include <fcntl.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/printout.h"

#define PAGE SPAN_LIT("a page")

static char memory[64] = "/dev/shm/ownkey-printout.XXXXXX", disk[64] = "./printout.XXXXXX";
static bool has_memory, has_disk;

static bool
is_memory(const char *path)
{
	struct statfs f;

	return statfs(path, &f) == 0 && (f.f_type == TMPFS_MAGIC || f.f_type == RAMFS_MAGIC);
}

static int
setup(void **state)
{
	(void)state;
	has_memory = is_memory("/dev/shm") && mkdtemp(memory);
	has_disk = !is_memory(".") && mkdtemp(disk);
	if (!has_memory)
		fputs("# /dev/shm is no tmpfs here: files in memory are not tested\n", stderr);
	if (!has_disk)
		fputs("# this folder is not on a disk: files on one are not tested\n", stderr);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	if (has_memory)
		assert_int_equal(rmdir(memory), 0); /* empty: every test tidied up */
	if (has_disk)
		assert_int_equal(rmdir(disk), 0); /* and no refusal left a file */
	return 0;
}

/* In a child with this standard output, and its standard error in err: the error, then put. */
static enum err
printed(int out, const char *path, enum printout_form form, bool show, int err)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct printout o;
		enum err e;

		if (dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
			_exit(255);
		e = printout_open(&o, path, form, show);
		if (!e)
			e = printout_put(&o, PAGE);
		_exit(e);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return (enum err)WEXITSTATUS(status);
}

static bool
said(int fd, const char *what)
{
	char text[2048];
	ssize_t n = read(fd, text, sizeof text - 1);

	text[n > 0 ? n : 0] = '\0';
	return strstr(text, what);
}

static void
test_pipe(void **state)
{
	char got[16] = "";
	int out[2], err[2];

	(void)state;
	assert_int_equal(pipe(out), 0);
	assert_int_equal(pipe(err), 0);
	for (int form = PRINTOUT_PDF; form <= PRINTOUT_TEXT; form++) {
		assert_int_equal(
		    printed(out[1], NULL, (enum printout_form)form, false, err[1]), ERR_OK);
		assert_int_equal(read(out[0], got, sizeof got), PAGE.len);
		assert_string_equal(got, "a page");
		assert_true(said(err[0], "clear its"));
	}
	assert_int_equal(printed(out[1], "-", PRINTOUT_PDF, false, err[1]), ERR_OK);
	for (int i = 0; i < 2; i++) {
		close(out[i]);
		close(err[i]);
	}
}

static void
test_terminal(void **state)
{
	int tty = posix_openpt(O_RDWR | O_NOCTTY), other, null = open("/dev/null", O_WRONLY);

	(void)state;
	assert_true(tty >= 0 && grantpt(tty) == 0 && unlockpt(tty) == 0);
	other = open(ptsname(tty), O_RDWR | O_NOCTTY);
	assert_true(other >= 0);
	assert_int_equal(printed(other, NULL, PRINTOUT_PDF, true, null), ERR_PRINTOUT_BINARY);
	assert_int_equal(printed(other, NULL, PRINTOUT_TEXT, false, null), ERR_PRINTOUT_SHOW);
	assert_int_equal(printed(other, NULL, PRINTOUT_TEXT, true, null), ERR_OK);
	assert_true(said(tty, "a page"));
	close(tty);
	close(other);
	close(null);
}

/* What is neither: a device, a socket (it may lead to the journal, or to another machine). */
static void
test_others(void **state)
{
	int null = open("/dev/null", O_WRONLY), s[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	assert_int_equal(printed(null, NULL, PRINTOUT_PDF, true, null), ERR_PRINTOUT_DISK);
	assert_int_equal(printed(s[0], NULL, PRINTOUT_TEXT, true, null), ERR_PRINTOUT_DISK);
	close(s[0]);
	close(s[1]);
	close(null);
}

static void
test_disk(void **state)
{
	char path[96];
	struct printout o;
	int fd, null = open("/dev/null", O_WRONLY);

	(void)state;
	snprintf(path, sizeof path, "%s/card.pdf", disk);
	if (has_disk) {
		assert_int_equal(printout_open(&o, path, PRINTOUT_PDF, true), ERR_PRINTOUT_DISK);
		assert_int_equal(access(path, F_OK), -1);
		/* behind > */
		fd = open(path, O_WRONLY | O_CREAT, 0600);
		assert_int_equal(printed(fd, NULL, PRINTOUT_PDF, true, null), ERR_PRINTOUT_DISK);
		assert_int_equal(lseek(fd, 0, SEEK_END), 0);
		close(fd);
		unlink(path);
	}
	close(null);
}

static void
test_memory(void **state)
{
	char path[96], link[96];
	struct printout o;
	struct stat st;

	(void)state;
	if (!has_memory)
		return;
	snprintf(path, sizeof path, "%s/card.pdf", memory);
	snprintf(link, sizeof link, "%s/link", memory);
	assert_int_equal(printout_open(&o, path, PRINTOUT_PDF, false), ERR_OK);
	assert_int_equal(o.place, PRINTOUT_MEMORY);
	assert_int_equal(fstat(o.fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(printout_put(&o, PAGE), ERR_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, PAGE.len);
	/* never over something, never through a link */
	assert_int_equal(printout_open(&o, path, PRINTOUT_PDF, false), ERR_EXISTS);
	assert_int_equal(stat(path, &st), 0);
	unlink(path);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(printout_open(&o, link, PRINTOUT_PDF, false), ERR_EXISTS);
	assert_int_equal(access(path, F_OK), -1);
	unlink(link);
	assert_int_equal(printout_open(&o, path, PRINTOUT_TEXT, false), ERR_OK);
	printout_drop(&o);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(path, sizeof path, "%s/no/card", memory);
	assert_int_equal(printout_open(&o, path, PRINTOUT_TEXT, false), ERR_NOTFOUND);
}

static void
test_memory_redirected(void **state)
{
	char path[96];
	int fd, err[2];

	(void)state;
	if (!has_memory)
		return;
	snprintf(path, sizeof path, "%s/card.txt", memory);
	assert_int_equal(pipe(err), 0);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_int_equal(printed(fd, NULL, PRINTOUT_TEXT, false, err[1]), ERR_PRINTOUT_OTHERS);
	assert_int_equal(fchmod(fd, 0600), 0);
	assert_int_equal(printed(fd, NULL, PRINTOUT_TEXT, false, err[1]), ERR_OK);
	assert_true(said(err[0], "rm "));
	assert_int_equal(lseek(fd, 0, SEEK_END), PAGE.len);
	/* not behind something else */
	assert_int_equal(printed(fd, NULL, PRINTOUT_TEXT, false, err[1]), ERR_PRINTOUT_OTHERS);
	close(fd);
	unlink(path);
	close(err[0]);
	close(err[1]);
}

/* A file that could not be written is gone again. */
static void
test_broken(void **state)
{
	char path[96];
	struct printout o;

	(void)state;
	if (!has_memory)
		return;
	snprintf(path, sizeof path, "%s/card.pdf", memory);
	assert_int_equal(printout_open(&o, path, PRINTOUT_PDF, false), ERR_OK);
	close(o.fd);
	o.fd = open(path, O_RDONLY);
	assert_int_equal(printout_put(&o, PAGE), ERR_IO);
	assert_int_equal(access(path, F_OK), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_disk),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_memory_redirected),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
