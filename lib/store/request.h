/* Private to lib/store: what a store is asked to do by a word. */
#ifndef STORE_REQUEST_H
#define STORE_REQUEST_H

#include "mspipe/request.h"

typedef int request_fn(const struct msp_request *q, struct msp_error *err);

/* Tells of what was done. */
void request_say(const struct msp_request *q, const char *fmt, ...) MSP_PRINTF(2, 3);
/* Prints a text, if it was made, and frees it. */
int request_print(const struct msp_request *q, int made, struct msp_bytes *text, struct msp_error *err) MSP_CHECKED;
int request_interrupted(void *q); /* a msp_poll_fn */

/* requestwork.c */
request_fn request_export, request_import, request_check, request_join, request_merge;

#endif
