/* sshkey_rig.h - keys, certificates, signatures of the real ssh-keygen, made while a test runs. */
#ifndef TESTS_UNIT_SSHKEY_RIG_H
#define TESTS_UNIT_SSHKEY_RIG_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/sshkey.h"
#include "lib/text.h"

static char rig_dir[] = "/tmp/ownkey-sshkey-XXXXXX";

static inline void
rig_must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "rig: %s\n", what);
	abort();
}

/* A command in the rig's directory. */
__attribute__((format(printf, 1, 2))) static inline int
rig_run(const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	char line[1024];
	va_list ap;
	int r;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	buf_putf(&b, "cd %s && %s >/dev/null 2>&1", rig_dir, line);
	r = system(buf_cstr(&b));
	buf_done(&b);
	return r;
}

static inline void
rig_path(char out[256], const char *name)
{
	snprintf(out, 256, "%s/%s", rig_dir, name);
}

static inline void
rig_read(const char *name, struct buf *out)
{
	char path[256];
	uint8_t part[4096];
	size_t n;
	FILE *f;

	rig_path(path, name);
	rig_must((f = fopen(path, "rb")) != NULL, path);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_put(out, part, n);
	fclose(f);
}

static inline void
rig_write(const char *name, struct span s)
{
	char path[256];
	FILE *f;

	rig_path(path, name);
	rig_must(
	    (f = fopen(path, "wb")) != NULL && fwrite(s.p, 1, s.len, f) == s.len && fclose(f) == 0,
	    path);
}

static inline void
rig_open(void)
{
	rig_must(mkdtemp(rig_dir) != NULL, "mkdtemp");
}

static inline void
rig_close(void)
{
	rig_must(rig_run("rm -rf %s", rig_dir) == 0, "rm");
}

static inline void
rig_base64(struct span text, struct buf *out)
{
	uint8_t *room = buf_room(out, text.len);
	size_t n;

	rig_must(room && !text_decode(TEXT_BASE64, text, room, text.len, &n), "base64");
	buf_add(out, n);
}

/* The blob of a public line (id.pub, id-cert.pub). */
static inline void
rig_blob(const char *name, struct buf *out)
{
	struct buf line = BUF_INIT;
	const char *a, *b;

	rig_read(name, &line);
	rig_must((a = strchr(buf_cstr(&line), ' ')) && (b = strchr(a + 1, ' ')), name);
	rig_base64(SPAN(a + 1, (size_t)(b - a - 1)), out);
	buf_done(&line);
}

/* What stands between the BEGIN and END lines of a file. */
static inline void
rig_armour(const char *name, struct buf *out)
{
	struct buf file = BUF_INIT, text = BUF_INIT;
	char *line, *save = NULL;

	rig_read(name, &file);
	buf_put_u8(&file, 0);
	for (line = strtok_r((char *)file.p, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (line[0] != '-')
			buf_put_str(&text, line);
	rig_base64(buf_span(&text), out);
	buf_done(&file);
	buf_done(&text);
}

/* The private part of an openssh-key-v1 file without a passphrase, from its type name on. */
static inline void
rig_private(const char *name, struct buf *out)
{
	struct buf file = BUF_INIT;
	struct ssh_reader r;
	struct span part;

	rig_armour(name, &file);
	r = ssh_reader(buf_span(&file));
	ssh_read_bytes(&r, 15); /* magic and its NUL */
	for (int i = 0; i < 3; i++)
		ssh_read_string(&r, 64); /* cipher, kdf, options */
	rig_must(ssh_read_u32(&r) == 1, "one key");
	ssh_read_string(&r, SSHKEY_BLOB_MAX);
	part = ssh_read_string(&r, SSHKEY_BLOB_MAX);
	rig_must(!ssh_reader_end(&r) && part.len > 8, "openssh-key-v1");
	buf_put(out, part.p + 8, part.len - 8);
	buf_done(&file);
}

#endif
