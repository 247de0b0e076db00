/* Ids, digests, byte buffers, errors. */
#include "mspipe/core.h"

#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Under AddressSanitizer, a malloc() that asks for too much returns NULL, as it does without. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static const char *hex(struct msp_id id)
{
	static char buf[4][MSP_ID_TEXT];
	static int k;

	k = (k + 1) & 3;
	return msp_id_format(&id, buf[k]);
}

static void test_id(void)
{
	struct msp_id a, b, c, zero = { { 0 } };
	uint8_t text[40];

	/* published: XXH3_128bits of nothing, seed 0 */
	CHECKF(strcmp(hex(msp_id_hash("", 0)), "99aa06d3014798d86001c324468d497f") == 0, "%s",
	       hex(msp_id_hash("", 0)));
	a = msp_id_hash("a", 1);
	CHECK(msp_id_parse(hex(a), &b) == MSP_OK && msp_id_equal(&a, &b));
	CHECK(msp_id_parse("99AA06D3014798D86001C324468D497F", &b) == MSP_OK);
	CHECK(strcmp(hex(b), "99aa06d3014798d86001c324468d497f") == 0);
	CHECK(msp_id_parse("99aa06d3014798d86001c324468d497", &b) == MSP_USAGE);
	CHECK(msp_id_parse("99aa06d3014798d86001c324468d497f0", &b) == MSP_USAGE);
	CHECK(msp_id_parse("99aa06d3014798d86001c324468d497g", &b) == MSP_USAGE);
	CHECK(msp_id_parse("", &b) == MSP_USAGE);
	CHECK(msp_id_parse("0123456789abcdef0123456789abcdef", &a) == MSP_OK);
	CHECK(msp_id_parse("ffffffffffffffffffffffffffffffff", &b) == MSP_OK);
	CHECK(strcmp(hex(msp_id_sum(a, b)), "0123456789abcdef0123456789abcdee") == 0);
	c = msp_id_sum(b, a);
	b = msp_id_sum(a, b);
	CHECK(msp_id_equal(&c, &b));
	b = msp_id_sum(a, zero);
	CHECK(msp_id_equal(&a, &b));
	/* next: the hash of 40 bytes, the output little-endian */
	memcpy(text, a.byte, 16);
	memcpy(text + 16, c.byte, 16);
	memcpy(text + 32, "\x02\x01\0\0\0\0\0\0", 8);
	b = msp_id_next(a, c, 258);
	a = msp_id_hash(text, sizeof text);
	CHECK(msp_id_equal(&a, &b));
}

static void test_bytes(void)
{
	struct msp_bytes b = { 0 };
	char lent[] = "lent";
	int i;

	msp_bytes_borrow(&b, lent, 4);
	CHECK(b.cap == 0 && b.len == 4 && (char *)b.data == lent);
	CHECK(msp_bytes_append(&b, "!", 1) == MSP_OK);
	CHECK(b.cap >= 5 && b.len == 5 && memcmp(b.data, "lent!", 5) == 0 && (char *)b.data != lent);
	CHECK(msp_bytes_append(&b, b.data, b.len) == MSP_OK); /* its own bytes */
	CHECK(b.len == 10 && memcmp(b.data, "lent!lent!", 10) == 0);
	for (i = 0; i < 1000; i++)
		CHECK(msp_bytes_append(&b, "x", 1) == MSP_OK);
	CHECK(b.len == 1010);
	CHECK(msp_bytes_append(&b, "", 0) == MSP_OK && b.len == 1010);
	CHECK(msp_bytes_append(&b, "x", SIZE_MAX - 5) == MSP_NOMEM && b.len == 1010);
	CHECK(msp_bytes_reserve(&b, SIZE_MAX / 2) == MSP_NOMEM && b.len == 1010 && b.data[9] == '!');
	CHECK(msp_bytes_set(&b, "abc", 3) == MSP_OK && b.len == 3 && memcmp(b.data, "abc", 3) == 0);
	CHECK(msp_bytes_set(&b, NULL, 0) == MSP_OK && b.len == 0);
	msp_bytes_borrow(&b, lent, 4);
	CHECK(msp_bytes_set(&b, NULL, 0) == MSP_OK && b.len == 0 && b.cap == 0 && b.data == NULL);
	msp_bytes_borrow(&b, lent, 4);
	CHECK(msp_bytes_reserve(&b, 2) == MSP_OK && b.cap >= 4 && b.len == 4 && memcmp(b.data, lent, 4) == 0);
	msp_bytes_borrow(&b, lent, 0);
	CHECK(b.data == NULL && b.len == 0 && b.cap == 0);
	CHECK(msp_bytes_reserve(&b, 0) == MSP_OK && b.data == NULL);
	msp_bytes_free(&b);
	msp_bytes_free(&b);
}

static void test_error(void)
{
	struct msp_error err = { 0 };
	char longer[3000];
	size_t i, n;

	CHECK(msp_error_set(&err, MSP_KILL, "%s\n\x1b[31m%d\xc2\x9b", "bad", 5) == MSP_KILL &&
	      err.status == MSP_KILL);
	CHECKF(strcmp(err.text, "bad??[31m5?""?") == 0, "%s", err.text);
	CHECK(msp_error_set(&err, MSP_FAIL, "%s again", err.text) == MSP_FAIL);
	CHECK(strcmp(err.text, "bad??[31m5?""? again") == 0);
	CHECK(msp_error_prefix(&err, "file %d", 3) == MSP_FAIL);
	CHECK(strcmp(err.text, "file 3: bad??[31m5?""? again") == 0);
	errno = ENOENT;
	CHECK(msp_error_errno(&err, MSP_FAIL, "x.msp") == MSP_FAIL);
	CHECKF(strcmp(err.text, "x.msp: No such file or directory") == 0, "%s", err.text);
	CHECK(msp_error_set(NULL, MSP_NOMEM, "x") == MSP_NOMEM);
	/* cut, and not inside a character */
	for (n = 0; n < 4; n++) {
		memset(longer, 'a', n);
		for (i = n; i + 3 < sizeof longer; i += 3)
			memcpy(longer + i, "\xe2\x82\xac", 4);
		msp_error_set(&err, MSP_FAIL, "%s", longer);
		CHECKF((strlen(err.text) - n) % 3 == 0, "%zu", strlen(err.text));
		CHECK(strlen(err.text) > MSP_ERROR_TEXT - 5);
	}
}

int main(void)
{
	test_id();
	test_bytes();
	test_error();
	return unit_end("core_id");
}
