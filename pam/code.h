/*
 * code.h - PAM's number for a row of the error table (its PAM column).
 */
#ifndef PAM_CODE_H
#define PAM_CODE_H

#include "lib/err.h"

/* PAM_SUCCESS for ERR_OK alone: a name that is not known here is PAM_SYSTEM_ERR. */
int code_of(enum err e);

#endif
