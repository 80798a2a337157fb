/*
 * pam.c - logins that have no token, one fresh process each; one line of JSON on stdout.
 * usage: pam race ROUNDS FOLDER USER SERVICE...	services in turn; milliseconds, peak memory
 *        pam host FOLDER USER SERVICE		the process: one authentication, its code
 * FOLDER: services as in /etc/pam.d.  A question is never answered: a host that waits stays.
 */
#include <errno.h>
#include <security/pam_appl.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define SERVICES 8
#define ROUNDS	 1000

static int
wait_forever(int n, const struct pam_message **m, struct pam_response **out, void *arg)
{
	(void)arg;
	for (int i = 0; i < n; i++)
		if (m[i]->msg_style != PAM_TEXT_INFO && m[i]->msg_style != PAM_ERROR_MSG)
			pause();
	*out = calloc((size_t)n, sizeof **out);
	return *out ? PAM_SUCCESS : PAM_CONV_ERR;
}

static int
host(const char *folder, const char *user, const char *service)
{
	struct pam_conv conv = { wait_forever, NULL };
	pam_handle_t *pam;
	int r;

	if (pam_start_confdir(service, user, &conv, folder, &pam) != PAM_SUCCESS)
		return 255;
	r = pam_authenticate(pam, 0);
	pam_end(pam, r);
	return r;
}

/* Until it is gone and waited for, loading of programs included. */
static int
run(char *const argv[], double *ms, long *kb)
{
	double start = bench_now();
	struct rusage u;
	pid_t pid;
	int st;

	if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, NULL) != 0 ||
	    wait4(pid, &st, 0, &u) != pid || !WIFEXITED(st))
		exit(1);
	*ms = (bench_now() - start) * 1e3;
	*kb = u.ru_maxrss;
	return WEXITSTATUS(st);
}

static void
report(const char *service, const double *ms, size_t n, long kb, int code)
{
	printf("\"%s\": {\"code\": \"%s\", \"kb\": %ld, \"ms\": [", service,
	    pam_strerror(NULL, code), kb);
	for (size_t i = 0; i < n; i++)
		printf("%s%.3f", i ? ", " : "", ms[i]);
	printf("]}");
}

static void
race(char **argv, size_t rounds, size_t services)
{
	static double ms[SERVICES][ROUNDS];
	long kb[SERVICES];
	char host_[] = "host", *args[] = { argv[0], host_, argv[3], argv[4], NULL, NULL };
	int code[SERVICES];

	/* the first round only warms up */
	for (size_t r = 0; r < rounds + 1; r++)
		for (size_t s = 0; s < services; s++) {
			args[4] = argv[5 + s];
			code[s] = run(args, &ms[s][r ? r - 1 : 0], &kb[s]);
		}
	printf("{");
	for (size_t s = 0; s < services; s++) {
		report(argv[5 + s], ms[s], rounds, kb[s], code[s]);
		printf(s + 1 < services ? ", " : "}\n");
	}
}

int
main(int argc, char **argv)
{
	long rounds;

	if (argc == 5 && strcmp(argv[1], "host") == 0)
		return host(argv[2], argv[3], argv[4]);
	rounds = argc > 5 ? strtol(argv[2], NULL, 10) : 0;
	if (rounds < 1 || rounds >= ROUNDS || argc > 5 + SERVICES)
		return 64;
	race(argv, (size_t)rounds, (size_t)argc - 5);
	return 0;
}
