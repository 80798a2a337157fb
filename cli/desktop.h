/*
 * desktop.h - how desktop programs keep their keys, as far as their own files tell.
 */
#ifndef CLI_DESKTOP_H
#define CLI_DESKTOP_H

#include "cli/setup.h"

#define DESKTOP_BACKEND_MAX 40

/* Electron's safeStorage, as a program keeps the name of it beside what is sealed. */
struct desktop_app {
	const char *name;      /* as a person knows it */
	const char *tool;      /* of `ownkey setup` */
	const char *config;    /* its file, below ~/.config */
	const char *flatpak;   /* its id there: below ~/.var/app/ID/config */
	const char *plain_key; /* a setting that is a key in the clear; NULL: it has none */
};

extern const struct desktop_app desktop_apps[];
extern const size_t ndesktop_apps;

struct desktop_found {
	char path[PATHS_MAX];
	char
	    backend[DESKTOP_BACKEND_MAX]; /* "gnome_libsecret", "basic_text"; "": it says nothing */
	bool plain;			  /* its key can be read in that file */
};

/* What the program's file says; the one of the Flatpak when in_flatpak.  False: there is none. */
bool desktop_look(const struct desktop_app *a, bool in_flatpak, struct desktop_found *f);
/* "setting": "value" anywhere in a JSON text; false: it is not there, no text, or empty.
 * out may be NULL. */
bool desktop_json_text(struct span json, const char *setting, char *out, size_t cap);
/* Would Chromium and Electron choose the Secret Service in this desktop? */
bool desktop_chooses_secret_service(void);

#endif
