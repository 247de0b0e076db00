/* Patterns: text with %{KEY} for values. */
#include "mspipe/core.h"
#include "unit.h"

#include <string.h>

/* Each piece as `text|`, `<key>|` or `!why`. */
static char *pieces(const char *pattern, bool escapes, char *buf, size_t size)
{
	struct msp_piece piece;
	size_t at = 0;
	int type;

	buf[0] = '\0';
	while ((type = msp_pattern_next(&pattern, escapes, &piece)) != MSP_PIECE_END) {
		const char *before = pattern;

		if (type == MSP_PIECE_BAD) {
			CHECK(msp_pattern_next(&pattern, escapes, &piece) == MSP_PIECE_BAD && pattern == before);
			snprintf(buf + at, size - at, "!%s", piece.why);
			break;
		}
		at += (size_t)snprintf(buf + at, size - at, type == MSP_PIECE_KEY ? "<%.*s>|" : "%.*s|", (int)piece.len,
		                       type == MSP_PIECE_KEY ? piece.key : piece.text);
	}
	return buf;
}

static void check_pieces(void)
{
	static const struct { const char *pattern; bool escapes; const char *pieces; } one[] = {
		{ "", true, "" },
		{ "plain", true, "plain|" },
		{ "%{sta}", false, "<sta>|" },
		{ "a%{b.c}d%%e", false, "a|<b.c>|d|%|e|" },
		{ "%%{a}", false, "%|{a}|" },
		{ "%{%{a}", false, "<%{a>|" },
		{ "x\\n\\t\\\\y", true, "x|\n|\t|\\|y|" },
		{ "x\\n", false, "x\\n|" },
		{ "x%", false, "x|!after % comes {KEY} or %" },
		{ "x%y", false, "x|!after % comes {KEY} or %" },
		{ "%{", false, "!no key" },
		{ "%{}", false, "!no key" },
		{ "%{a", false, "!no } after the key" },
		{ "\\", true, "!only \\n, \\t and \\\\ are known" },
		{ "a\\x", true, "a|!only \\n, \\t and \\\\ are known" },
	};
	char buf[400];

	for (size_t i = 0; i < sizeof one / sizeof one[0]; i++) {
		pieces(one[i].pattern, one[i].escapes, buf, sizeof buf);
		CHECKF(strcmp(buf, one[i].pieces) == 0, "%zu: %s", i, buf);
	}
}

/* 255 bytes of key fit, 256 do not. */
static void check_length(void)
{
	char pattern[300], buf[400];

	memset(pattern, 'k', sizeof pattern);
	memcpy(pattern, "%{", 2);
	memcpy(pattern + 2 + 255, "}", 2);
	CHECK(strlen(pieces(pattern, false, buf, sizeof buf)) == 255 + 3);
	pattern[2 + 255] = 'k';
	memcpy(pattern + 2 + 256, "}", 2);
	CHECK(strcmp(pieces(pattern, false, buf, sizeof buf), "!the key is too long") == 0);
}

static int value(const struct msp_object *o, const char *key, struct msp_bytes *out)
{
	return strcmp(key, "fail") == 0 ? MSP_KILL : msp_text_append(out, msp_meta_string(o, key, "-"));
}

static void check_expansion(void)
{
	struct msp_bytes out = {0};
	struct msp_object o;

	msp_object_init(&o);
	CHECK(msp_object_reset(&o, MSP_TIMESERIES, MSP_NONE, 0) == MSP_OK && msp_meta_set_string(&o, "sta", "AAK") == MSP_OK);
	CHECK(msp_pattern_expand("%{sta}:%{none}%%\\n", true, &o, value, &out) == MSP_OK);
	CHECK(out.len == 7 && memcmp(out.data, "AAK:-%\n", 7) == 0);
	CHECK(msp_pattern_expand("x", false, &o, value, &out) == MSP_OK && out.len == 8); /* appends */
	CHECK(msp_pattern_expand("%{fail}x", false, &o, value, &out) == MSP_KILL && out.len == 8);
	CHECK(msp_pattern_expand("%", false, &o, value, &out) == MSP_USAGE);
	msp_bytes_free(&out);
	msp_object_free(&o);
}

int main(void)
{
	check_pieces();
	check_length();
	check_expansion();
	return unit_end("core_pattern");
}
