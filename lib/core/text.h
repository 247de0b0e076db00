/* core/text.h - UTF-8 */
#ifndef MSP_CORE_TEXT_H
#define MSP_CORE_TEXT_H

#include <stddef.h>

/* Length of the UTF-8 character at p, of which n > 0 bytes may be read; 0 if there is none (RFC 3629: no
 * overlong forms, no surrogates, nothing above U+10FFFF). */
size_t msp_utf8_length(const unsigned char *p, size_t n);

#endif
