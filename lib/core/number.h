/* core/number.h - integers as text */
#ifndef MSP_CORE_NUMBER_H
#define MSP_CORE_NUMBER_H

#include "mspipe/core.h"

char *msp_int_format(int64_t i, char buf[32]);

#endif
