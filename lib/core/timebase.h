/* core/timebase.h - what the time functions share */
#ifndef MSP_CORE_TIMEBASE_H
#define MSP_CORE_TIMEBASE_H

#include "mspipe/core.h"

bool msp_leap_year(int year);
/* seconds + ns, 0 <= ns < 10^9; MSP_USAGE if that is out of range. */
int msp_time_join(int64_t seconds, int64_t ns, msp_time *out);
/* a + b, saturating. */
msp_time msp_time_add(msp_time a, msp_time b);

#endif
