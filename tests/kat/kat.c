#include "tests/kat/kat.h"

static const struct {
	const char *name;
	bool (*check)(struct entry *);
} lists[] = {
	{ "kdf", check_kdf },
	{ "seal", check_seal },
	{ "derive", check_derive },
	{ "slot", check_slot },
	{ "persona", check_persona },
};

#define NLISTS (sizeof(lists) / sizeof(lists[0]))

static void
check_entry(struct kat *k, size_t list, const json_t *obj, size_t index)
{
	struct entry e = { .obj = obj };

	if (!json_is_object(obj))
		entry_fail(&e, "entry", "no object");
	else if (!lists[list].check(&e))
		entry_fail(&e, "entry", "refused");
	if (e.name == NULL) {
		k->passed++;
		return;
	}
	k->failed++;
	fprintf(k->out, "%s[%zu]: %s: %s\n", lists[list].name, index, e.name, e.why);
}

static bool
check_list(struct kat *k, const char *name, const json_t *list)
{
	const json_t *obj;
	size_t i, n;

	for (n = 0; n < NLISTS && strcmp(lists[n].name, name) != 0; n++)
		;
	if (n == NLISTS || !json_is_array(list)) {
		fprintf(k->out, "%s: %s\n", name, n == NLISTS ? "unknown list" : "no list");
		k->failed++;
		return false;
	}
	json_array_foreach(list, i, obj) check_entry(k, n, obj, i);
	return true;
}

bool
kat_file(struct kat *k, const char *path)
{
	json_error_t err;
	json_t *root, *list;
	const char *name;
	bool ok = true;

	if ((root = json_load_file(path, JSON_REJECT_DUPLICATES, &err)) == NULL) {
		fprintf(k->out, "%s:%d: %s\n", path, err.line, err.text);
		return false;
	}
	if (!json_is_object(root)) {
		fprintf(k->out, "%s: no object\n", path);
		ok = false;
	}
	json_object_foreach(root, name, list) ok &=
	    strcmp(name, "about") == 0 || check_list(k, name, list);
	json_decref(root);
	return ok;
}
