/* The descriptor parser, uevent files, and whole trees of sysfs and dev (tests/fixtures/hid). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/hid.h"

#define FIDO_HEAD 0x06, 0xd0, 0xf1, 0x09, 0x01, 0xa1, 0x01
#define FIDO_REST 0x09, 0x20, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x40, 0x81, 0x02, 0xc0

static enum err
parse(const uint8_t *p, size_t n, bool *fido)
{
	/* exact size on the heap: a sanitizer sees a read beyond it */
	uint8_t *copy = malloc(n ? n : 1);
	enum err e;

	assert_non_null(copy);
	memcpy(copy, p, n);
	e = hid_parse_desc(SPAN(copy, n), fido);
	free(copy);
	return e;
}

static void
test_desc_fido(void **state)
{
	static const uint8_t d[] = { FIDO_HEAD, FIDO_REST };
	bool fido;

	(void)state;
	assert_int_equal(parse(d, sizeof d, &fido), ERR_OK);
	assert_true(fido);
}

static void
test_desc_every_cut_fails(void **state)
{
	static const uint8_t d[] = { FIDO_HEAD, FIDO_REST };
	bool fido;
	size_t n;

	(void)state;
	for (n = 1; n < sizeof d; n++) {
		enum err e = parse(d, n, &fido);

		/* in front of the collection there is nothing to complain about */
		assert_true(e == ERR_TRUNCATED || (n == 3 || n == 5));
		assert_false(fido);
	}
}

static void
test_desc_not_fido(void **state)
{
	static const struct {
		size_t n;
		uint8_t d[16];
	} rows[] = {
		{ 0, { 0 } },
		{ 8, { 0x06, 0xd0, 0xf1, 0x09, 0x02, 0xa1, 0x01, 0xc0 } }, /* usage 2 */
		{ 8, { 0x06, 0xd1, 0xf1, 0x09, 0x01, 0xa1, 0x01, 0xc0 } }, /* page 0xf1d1 */
		{ 8, { 0x06, 0xd0, 0xf1, 0x09, 0x01, 0xa1, 0x00, 0xc0 } }, /* physical */
		{ 6, { 0x06, 0xd0, 0xf1, 0xa1, 0x01, 0xc0 } },		   /* no usage */
		/* the usage belonged to an input before */
		{ 10, { 0x06, 0xd0, 0xf1, 0x09, 0x01, 0x81, 0x02, 0xa1, 0x01, 0xc0 } },
		/* usage page 1 within the four bytes wins over the global one */
		{ 11, { 0x06, 0xd0, 0xf1, 0x0b, 0x01, 0x00, 0x01, 0x00, 0xa1, 0x01, 0xc0 } },
	};
	bool fido;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(parse(rows[i].d, rows[i].n, &fido), ERR_OK);
		assert_false(fido);
	}
}

static void
test_desc_malformed(void **state)
{
	static const uint8_t end[] = { FIDO_HEAD, 0xc0, 0xc0 };
	static const uint8_t pop[] = { 0xb4, FIDO_HEAD, 0xc0 };
	static const uint8_t lng[] = { FIDO_HEAD, 0xc0, 0xfe, 0x05, 0x00, 0x01 };
	static uint8_t deep[66], pushes[9], big[HID_DESC_MAX + 1];
	bool fido;

	(void)state;
	assert_int_equal(parse(end, sizeof end, &fido), ERR_FORMAT);
	assert_false(fido);
	assert_int_equal(parse(pop, sizeof pop, &fido), ERR_FORMAT);
	assert_int_equal(parse(lng, sizeof lng, &fido), ERR_TRUNCATED);
	assert_false(fido);
	memset(deep, 0xa0, sizeof deep);
	assert_int_equal(parse(deep, sizeof deep, &fido), ERR_FORMAT);
	memset(pushes, 0xa4, sizeof pushes);
	assert_int_equal(parse(pushes, sizeof pushes, &fido), ERR_FORMAT);
	assert_int_equal(parse(pushes, 8, &fido), ERR_OK);
	assert_int_equal(parse(big, sizeof big, &fido), ERR_TOOBIG);
}

static enum err
uevent(const char *text, struct hid_dev *d)
{
	*d = (struct hid_dev){ 0 };
	return hid_parse_uevent(span_str(text), d);
}

static void
test_uevent(void **state)
{
	struct hid_dev d;

	(void)state;
	assert_int_equal(
	    uevent("DRIVER=x\nHID_ID=0003:00001050:0000ABCD\nHID_NAME=A b", &d), ERR_OK);
	assert_int_equal(d.vendor, 0x1050);
	assert_int_equal(d.product, 0xabcd);
	assert_string_equal(d.name, "A b");
	assert_int_equal(uevent("HID_NAME=\nHID_ID=0005:00000000:00000000\n", &d), ERR_OK);
	assert_string_equal(d.name, "");
}

static void
test_uevent_malformed(void **state)
{
	static const char *const rows[] = {
		"",
		"HID_NAME=x\n",
		"HID_ID=\n",
		"HID_ID=3:1050:407\n",
		"HID_ID=0003:00001050:0000040\n",
		"HID_ID=0003:00001050:00000407:\n",
		"HID_ID=0003:00001050-00000407\n",
		"HID_ID=0003:00011050:00000407\n",
		"HID_ID=0003:00001050:0000040g\n",
		"HID_ID=0003:00001050:00000407\nHID_ID=0003:00001050:00000407\n",
		" HID_ID=0003:00001050:00000407\n",
	};
	struct hid_dev d;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(uevent(rows[i], &d), ERR_FORMAT);
}

/* --- trees --- */

static size_t
list(const char *tree, struct hid_dev *v)
{
	char sys[256], dev[256];
	size_t n;

	snprintf(sys, sizeof sys, "tests/fixtures/hid/%s/sys", tree);
	snprintf(dev, sizeof dev, "tests/fixtures/hid/%s/dev", tree);
	assert_int_equal(hid_list(sys, dev, v, HID_DEVS_MAX, &n), ERR_OK);
	return n;
}

static void
is_dev(const struct hid_dev *d, unsigned number, unsigned product, const char *name)
{
	assert_int_equal(d->number, number);
	assert_int_equal(d->product, product);
	assert_string_equal(d->name, name);
}

static void
test_tree_desk(void **state)
{
	struct hid_dev v[HID_DEVS_MAX];

	(void)state;
	assert_int_equal(list("desk", v), 3);
	is_dev(&v[0], 3, 0x0407, "Yubico YubiKey OTP+FIDO+CCID");
	is_dev(&v[1], 9, 0x42b2, "Nitrokey FIDO2 \xc3\xbc");
	is_dev(&v[2], 10, 0xa2ca, "SoloKeys Solo 4.1.5");
	assert_string_equal(v[0].path, "tests/fixtures/hid/desk/dev/hidraw3");
	assert_int_equal(v[0].vendor, 0x1050);
}

static void
test_tree_odd(void **state)
{
	struct hid_dev v[HID_DEVS_MAX];
	char n126[127];

	(void)state;
	assert_int_equal(list("odd", v), 8);
	is_dev(&v[0], 0, 1, "bell? esc?[31m bad?? end");
	/* cut at 127 bytes, not within a character */
	memset(n126, 'n', 126);
	n126[126] = '\0';
	is_dev(&v[1], 1, 2, n126);
	is_dev(&v[2], 2, 3, "");
	is_dev(&v[3], 3, 0, "");
	is_dev(&v[4], 7, 8, "keyboard and token");
	is_dev(&v[5], 8, 9, "push and pop");
	is_dev(&v[6], 10, 0, "");
	is_dev(&v[7], 12, 13, "long item");
}

static void
test_tree_none(void **state)
{
	struct hid_dev v[HID_DEVS_MAX];
	size_t n;

	(void)state;
	assert_int_equal(list("none", v), 0);
	assert_int_equal(list("there is no such tree", v), 0);
	/* no more than there is room for */
	assert_int_equal(
	    hid_list("tests/fixtures/hid/desk/sys", "tests/fixtures/hid/desk/dev", v, 2, &n),
	    ERR_OK);
	assert_int_equal(n, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_desc_fido),
		cmocka_unit_test(test_desc_every_cut_fails),
		cmocka_unit_test(test_desc_not_fido),
		cmocka_unit_test(test_desc_malformed),
		cmocka_unit_test(test_uevent),
		cmocka_unit_test(test_uevent_malformed),
		cmocka_unit_test(test_tree_desk),
		cmocka_unit_test(test_tree_odd),
		cmocka_unit_test(test_tree_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
