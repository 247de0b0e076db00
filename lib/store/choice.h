/* store/choice.h - choosing by expressions, inside */
#ifndef MSP_STORE_CHOICE_H
#define MSP_STORE_CHOICE_H

#include "mspipe/documents.h"

/* After nothing was chosen: evaluates the expressions on some documents, for their complaints. */
int msp_choice_look(struct msp_store *s, const char *collection, const struct msp_choice *c, struct msp_error *err) MSP_CHECKED;

#endif
