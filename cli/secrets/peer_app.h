/*
 * peer_app.h - the application that a process belongs to, as the kernel tells it: its cgroup (a
 * Flatpak, or a unit that a desktop started for an application), else the program that it runs.
 */
#ifndef CLI_SECRETS_PEER_APP_H
#define CLI_SECRETS_PEER_APP_H

#include "cli/secrets/peer.h"
#include "lib/span.h"

/* Fills p->app and p->vouched for p->pid; "" when the process is gone, or cannot be seen.  pidfd:
 * of that process, borrowed; -1 = it is opened here, by number. */
void peer_app_read(struct peer *p, int pidfd);
/* "flatpak:ID" or "unit:NAME" of the text of /proc/PID/cgroup; "" when that is no application.  The
 * part of a unit's name that differs from one start to the next is left out ("XDG Desktop
 * Environments", systemd.io: app-ID-RANDOM.scope, app-ID@RANDOM.service). */
void peer_app_of_cgroup(struct span cgroup, char *out, size_t cap);
/* Of both.  Only the cgroup is vouched for: Flatpak starts an application, and the proxy of its
 * bus, in a scope.  A root folder with any .flatpak-info in it is made by whoever may make
 * namespaces. */
void peer_app_of(struct span cgroup, struct span info, struct peer *p);
/* "flatpak:ID" of the text of a .flatpak-info. */
void peer_app_of_info(struct span info, char *out, size_t cap);

#endif
