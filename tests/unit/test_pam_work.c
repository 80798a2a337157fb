/* pam/work: what is kept between two calls of a host, and for whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pam/work.h"

/* ---- libpam's data of a module ---- */

static void *kept_data;
static void (*cleanup)(pam_handle_t *, void *, int);

int
pam_set_data(
    pam_handle_t *pamh, const char *name, void *data, void (*end)(pam_handle_t *, void *, int))
{
	(void)name;
	if (cleanup)
		cleanup(pamh, kept_data, PAM_DATA_REPLACE);
	kept_data = data;
	cleanup = end;
	return PAM_SUCCESS;
}

int
pam_get_data(const pam_handle_t *pamh, const char *name, const void **data)
{
	(void)pamh, (void)name;
	*data = kept_data;
	return kept_data ? PAM_SUCCESS : PAM_NO_MODULE_DATA;
}

/* doas, and sudo under another name, authenticate the caller, and then name whose session opens:
 * what opens the caller's vault must not go to the agent of the target. */
static void
another_person(void **state)
{
	static struct work w;
	struct kept *k = kept_new();

	(void)state;
	assert_non_null(k);
	k->factor.there = true;
	w.person.uid = 1001;
	assert_int_equal(work_keep(&w, k), ERR_OK);
	assert_ptr_equal(work_kept(&w), &k->factor);
	w.person.uid = 1002;
	assert_null(work_kept(&w));
	w.person.uid = 0;
	assert_null(work_kept(&w));
	w.person.uid = 1001;
	assert_ptr_equal(work_kept(&w), &k->factor);
	work_forget(&w);
	assert_null(work_kept(&w));
	assert_null(kept_data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_person),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
