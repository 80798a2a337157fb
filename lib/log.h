/*
 * log.h - lines on standard error (or syslog by the service manager).  Levels: error, warn, info,
 * debug.  Never a secret: struct sec cannot be passed by type, and only public names are given.
 * Foreign text goes through text_printable first.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include "lib/err.h"

enum log_level { LOG_ERROR_, LOG_WARN_, LOG_INFO_, LOG_DEBUG_ };

/* program: shown in front of each line. */
void log_open(const char *program, enum log_level most);
void log_at(enum log_level l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define log_error(...) log_at(LOG_ERROR_, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_WARN_, __VA_ARGS__)
#define log_info(...)  log_at(LOG_INFO_, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG_, __VA_ARGS__)
/* For a server with a line for each request: from now on lines of level info and below go out
 * together, at log_flush, before whatever is worse, or when there are many. */
void log_gather(void);
void log_flush(void);
/* "what: error text" */
void log_err(enum err e, const char *what);

#endif
