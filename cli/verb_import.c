/* verb_import.c - keys and secrets that other programs kept. */
#include <sys/stat.h>

#include "cli/import.h"
#include "cli/infile.h"
#include "cli/verbs.h"
#include "lib/text.h"

/* In the order in which they look at a file. */
const struct import_source *const import_sources[] = { &import_ssh, &import_age, &import_minisign,
	&import_wireguard, &import_keepassxc_xml, &import_keepassxc_csv, &import_pass, &import_gpg,
	NULL };

static const struct import_source *
find(const char *name)
{
	for (size_t i = 0; import_sources[i]; i++)
		if (strcmp(import_sources[i]->name, name) == 0)
			return import_sources[i];
	return NULL;
}

static const struct import_source *
recognise(struct span content)
{
	for (size_t i = 0; import_sources[i]; i++)
		if (import_sources[i]->is && import_sources[i]->is(content))
			return import_sources[i];
	return NULL;
}

enum err
import_passphrase(struct import_in *in, const char *what, struct sec *out)
{
	struct buf prompt = BUF_INIT;
	enum err e;

	if (!in->c || !term_is_there(&in->c->term)) {
		if (in->c)
			snprintf(in->c->hint, sizeof in->c->hint,
			    "it is encrypted: import it in a terminal, where it can be asked for");
		return ERR_NOPROMPT;
	}
	buf_put_str(&prompt, what);
	buf_put_str(&prompt, " ");
	text_printable(import_base(in->path), &prompt);
	buf_put_str(&prompt, ": ");
	if (!(e = buf_err(&prompt)) && !(e = sec_init(out, TERM_LINE_MAX)))
		e = term_line(&in->c->term, buf_cstr(&prompt), false, out);
	buf_done(&prompt);
	return e;
}

/* A folder is a pass store; what is encrypted for gpg is one file of one. */
static bool
is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static enum err
read_one(struct cli *c, const struct import_source **s, const char *path, struct import_list *l)
{
	struct buf file = BUF_INIT;
	struct import_in in = { .c = c, .path = path };
	enum err e = ERR_OK;

	if (!*s && is_folder(path))
		*s = &import_pass;
	if (!*s || !(*s)->no_file) {
		if (!(e = infile_read(c, path, IMPORT_FILE, &file)))
			in.content = buf_span(&file);
		if (!e && !*s && !(*s = recognise(in.content)))
			e = ERR_IMPORT_KIND;
	}
	if (!e)
		e = (*s)->read(&in, l);
	if (!e && !(e = import_list_err(l)))
		e = import_list_unique(l);
	buf_done(&file);
	return e;
}

/* One file: nothing of it is kept before all of it was read. */
static enum err
import_one(struct import_run *run, const struct import_source *s, const char *path)
{
	struct import_list l = { .overflow = false };
	size_t before = run->came + run->there;
	enum err e = read_one(run->c, &s, path, &l);

	if (!e)
		e = import_keep(run, &l);
	else if (!run->c->detail[0])
		snprintf(run->c->detail, sizeof run->c->detail, "%.1000s", path);
	if (e == ERR_NOTFOUND)
		snprintf(run->c->hint, sizeof run->c->hint, "no file or folder has this name");
	if (!e && !run->dry && !s->no_clear && run->came + run->there > before)
		out_say("%s is still there, readable for who gets the disk: delete it when you "
			"have a backup and no program needs it",
		    path);
	import_list_done(&l);
	return e;
}

static void
put_counts(const struct import_run *run)
{
	printf("%zu %s, %zu already here, %zu not\n", run->came,
	    run->dry ? "would come in" : "came in", run->there, run->not );
}

/* Of several files one that cannot be read is no reason to leave the others. */
static enum err
pass_over(struct import_run *run, const char *path, bool several, enum err e)
{
	if (!e || !several || import_is_fatal(e))
		return e;
	import_put_refused(run, span_str(path), err_text(e));
	run->c->detail[0] = run->c->hint[0] = '\0';
	return ERR_OK;
}

static enum err
import_files(struct import_run *run)
{
	struct cli *c = run->c;
	const struct import_source *s = find(cli_operand(c, 0));
	size_t i = s ? 1 : 0;
	bool several;
	enum err e = ERR_OK;

	if (s && c->args.n == 1)
		e = import_one(run, s, "");
	several = c->args.n - i > 1;
	for (; i < c->args.n && !e; i++)
		e = pass_over(
		    run, cli_operand(c, i), several, import_one(run, s, cli_operand(c, i)));
	return e;
}

enum err
verb_import(struct cli *c)
{
	struct import_run run = { .c = c,
		.dry = args_has(&c->args, ARG_DRY_RUN),
		.replace = args_has(&c->args, ARG_REPLACE) };
	bool service = args_has(&c->args, ARG_SECRET_SERVICE);
	const struct import_source *s = c->args.n ? find(cli_operand(c, 0)) : NULL;
	enum err e;

	if (service && c->args.n)
		return cli_wrong(c, "--secret-service takes no file");
	if (!service && !c->args.n)
		return cli_wrong(c, "say which file, or --secret-service");
	if (s && c->args.n == 1 && s != &import_pass)
		return cli_wrong(c, "say which file, too");
	e = service ? import_service(&run) : import_files(&run);
	if (!service || !e || run.came + run.there + run.not )
		put_counts(&run);
	if (e && run.came)
		snprintf(c->hint, sizeof c->hint, "%.160s; what came in stays: run it again",
		    err_hint(e));
	return e ? e : run.not ? ERR_IMPORT_PART : ERR_OK;
}
