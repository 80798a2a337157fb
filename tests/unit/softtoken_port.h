/*
 * softtoken_port.h - libfido2 on a software token in the same process, in virtual time.
 */
#ifndef UNIT_SOFTTOKEN_PORT_H
#define UNIT_SOFTTOKEN_PORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fido.h>

#include "lib/buf.h"
#include "tests/softtoken/softtoken.h"

static struct softtoken *soft;
static unsigned upneeded; /* keepalives that ask for a touch */

static inline void *
port_open(const char *path)
{
	(void)path;
	return softtoken_is_plugged(soft) ? soft : NULL;
}

static inline void
port_close(void *handle)
{
	(void)handle;
}

static inline int
port_read(void *handle, unsigned char *buf, size_t len, int ms)
{
	(void)handle;
	assert_int_equal(len, SOFTTOKEN_REPORT);
	if (!softtoken_wait(soft, ms < 0 ? 60000 : (uint32_t)ms, buf))
		return -1;
	upneeded += buf[4] == 0xbb && buf[7] == 2;
	return (int)len;
}

static inline int
port_write(void *handle, const unsigned char *buf, size_t len)
{
	(void)handle;
	assert_int_equal(len, SOFTTOKEN_REPORT + 1);
	softtoken_feed(soft, buf + 1);
	return (int)len;
}

static inline fido_dev_t *
dev_open(void)
{
	static const fido_dev_io_t io = { port_open, port_close, port_read, port_write };
	fido_dev_t *dev = fido_dev_new();

	assert_non_null(dev);
	assert_int_equal(fido_dev_set_io_functions(dev, &io), FIDO_OK);
	assert_int_equal(fido_dev_open(dev, "soft"), FIDO_OK);
	fido_dev_set_timeout(dev, 40000);
	return dev;
}

static inline void
dev_close(fido_dev_t **dev)
{
	fido_dev_close(*dev);
	fido_dev_free(dev);
}

#endif
