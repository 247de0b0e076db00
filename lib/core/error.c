/* Errors: why something failed, in one line that is safe to print. */
#include "mspipe/core.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Replaces what would break a line or drive a terminal: C0 and DEL, and the C1 controls as
 * UTF-8 writes them (C2 80..C2 9F). */
static void make_harmless(char *text)
{
	unsigned char *p = (unsigned char *)text;

	for (; *p; p++) {
		if (*p < 0x20 || *p == 0x7f) {
			*p = '?';
		} else if (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f) {
			*p++ = '?';
			*p = '?';
		}
	}
}

/* A text that was cut must not end in half a UTF-8 character. */
static void trim_cut_character(char *text, size_t len)
{
	size_t back = 0;

	while (back < 3 && back < len && ((unsigned char)text[len - 1 - back] & 0xc0) == 0x80)
		back++;
	if (back < len) {
		unsigned char lead = (unsigned char)text[len - 1 - back];
		size_t need = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
		if (need > back)
			text[len - 1 - back] = '\0';
	}
}

/* The text is formatted apart, since an argument may be the old text of the same error. */
static void set_text(struct msp_error *err, const char *fmt, va_list ap, const char *tail)
{
	char text[MSP_ERROR_TEXT];
	int n = vsnprintf(text, sizeof text, fmt, ap);
	size_t len;

	if (n < 0)
		text[0] = '\0';
	len = strlen(text);
	if (tail) {
		int m = snprintf(text + len, sizeof text - len, ": %s", tail);
		if (m > 0 && n >= 0)
			n += m;
		len = strlen(text);
	}
	if (n >= (int)sizeof text)
		trim_cut_character(text, len);
	make_harmless(text);
	memcpy(err->text, text, sizeof text);
}

int msp_error_set(struct msp_error *err, int status, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		va_start(ap, fmt);
		set_text(err, fmt, ap, NULL);
		va_end(ap);
		err->status = status;
	}
	return status;
}

/* strerror_r() comes in two forms: GNU's returns the text, POSIX's fills the buffer. */
static const char *errno_text(int number, char *buf, size_t size)
{
#if defined(__GLIBC__) && defined(_GNU_SOURCE)
	return strerror_r(number, buf, size);
#else
	if (strerror_r(number, buf, size) != 0)
		snprintf(buf, size, "error %d", number);
	return buf;
#endif
}

int msp_error_errno(struct msp_error *err, int status, const char *fmt, ...)
{
	int number = errno;
	char buf[128];
	va_list ap;

	if (err) {
		va_start(ap, fmt);
		set_text(err, fmt, ap, errno_text(number, buf, sizeof buf));
		va_end(ap);
		err->status = status;
	}
	return status;
}

int msp_error_prefix(struct msp_error *err, const char *fmt, ...)
{
	char old[MSP_ERROR_TEXT];
	va_list ap;

	if (!err)
		return MSP_FAIL;
	memcpy(old, err->text, sizeof old);
	va_start(ap, fmt);
	set_text(err, fmt, ap, old);
	va_end(ap);
	return err->status;
}
