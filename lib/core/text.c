/* Text that came from elsewhere: UTF-8, and what a terminal must not see. */
#include "mspipe/core.h"

#include "core/text.h"

#include <string.h>

int msp_text_append(struct msp_bytes *b, const char *text)
{
	return msp_bytes_append(b, text, strlen(text));
}

static size_t length_by_lead(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c < 0xc2)
		return 0;
	return c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
}

size_t msp_utf8_length(const unsigned char *p, size_t n)
{
	size_t len = length_by_lead(*p), i;

	if (len == 0 || len > n)
		return 0;
	for (i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) ||
	    (*p == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

void msp_text_harmless(void *text, size_t n)
{
	unsigned char *p = text;
	size_t i = 0;

	while (i < n) {
		size_t len = msp_utf8_length(p + i, n - i);
		if (len == 0 || p[i] < 0x20 || p[i] == 0x7f || (p[i] == 0xc2 && p[i + 1] < 0xa0)) {
			p[i] = '?';
			len = 1;
		}
		i += len;
	}
}
