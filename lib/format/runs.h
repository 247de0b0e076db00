/* Records of many channels in one file, put together to contiguous runs. See runs.c. */
#ifndef FORMAT_RUNS_H
#define FORMAT_RUNS_H

#include "format/input.h"

struct runs *runs_new(void);
void runs_free(struct runs *r);
/* As msp_input_next(). */
int runs_next(struct msp_input *in, struct msp_object *o, struct msp_error *err) MSP_CHECKED;
/* Whether nothing more can be read, and what is given out now was open till then. */
bool runs_ended(const struct msp_input *in);

#endif
