/* core/field.h - the names under which an object's own fields are known beside its metadata */
#ifndef MSP_CORE_FIELD_H
#define MSP_CORE_FIELD_H

#include "mspipe/core.h"

enum msp_field {
	MSP_F_NONE, /* not a field: metadata */
	MSP_F_KIND, MSP_F_LIVE, MSP_F_ID,
	/* brackets and unknown kinds have no more than these */
	MSP_F_NPTS, MSP_F_NCOMP, MSP_F_DELTA, MSP_F_RATE, MSP_F_START, MSP_F_END, MSP_F_STANDARD, MSP_F_SHIFT,
};

enum msp_field msp_field_of(const struct msp_object *o, const char *key);

#endif
