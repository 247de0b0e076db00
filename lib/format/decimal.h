/* What decimal number a float32 was meant to be. */
#ifndef FORMAT_DECIMAL_H
#define FORMAT_DECIMAL_H

#include <stdio.h>
#include <stdlib.h>

/* The double nearest to the shortest decimal that reads as f: 0.05f is 0.0500000007450580597 as a double, but
 * was written as 0.05. f is finite. */
static inline double float_decimal(float f)
{
	char text[32];

	for (int digits = 6; digits <= 9; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, (double)f);
		if (strtof(text, NULL) == f)
			break;
	}
	return strtod(text, NULL);
}

#endif
