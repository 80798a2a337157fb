/*
 * hid.h - which USB devices are FIDO tokens, from sysfs alone (no udev).
 *
 * The roots of sysfs and dev are parameters, so that all of it runs on a made-up tree.  Report
 * descriptors and uevent files hold bytes that the device chose: strict, bounded, fuzzed.
 */
#ifndef LIB_HID_H
#define LIB_HID_H

#include "lib/err.h"
#include "lib/span.h"

#define HID_DESC_MAX 4096 /* HID_MAX_DESCRIPTOR_SIZE of the kernel */
#define HID_DEVS_MAX 64

struct hid_dev {
	unsigned number; /* N of hidrawN */
	char path[256];	 /* DEV/hidrawN */
	char name[128];	 /* product, printable; "" when the device has none */
	uint16_t vendor;
	uint16_t product;
	bool access; /* we may read and write it */
};

/* *fido: a top-level application collection of usage page 0xF1D0, usage 1 (CTAP 2.1, 11.2.8.1).
 * ERR_FORMAT, ERR_TRUNCATED, ERR_TOOBIG for what is no report descriptor. */
MUST enum err hid_parse_desc(struct span desc, bool *fido);
/* HID_ID and HID_NAME of a uevent file into name, vendor, product.  ERR_FORMAT without HID_ID. */
MUST enum err hid_parse_uevent(struct span text, struct hid_dev *d);
/* Every token below the roots, by rising number; what cannot be read is left out. */
MUST enum err hid_list(
    const char *sysfs, const char *dev, struct hid_dev *v, size_t cap, size_t *n);
/* The name of a node of the hidraw class: "hidraw" and a number. */
bool hid_is_name(struct span name);

#endif
