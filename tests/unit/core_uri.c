/* URIs without their passwords. */
#include "mspipe/core.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static void harmless(const char *uri, const char *want)
{
	char *text = msp_uri_harmless(uri);

	CHECKF(text && strcmp(text, want) == 0, "%s: %s", uri, text ? text : "no memory");
	free(text);
}

int main(void)
{
	CHECK(msp_uri_is("mongodb://h/d") && msp_uri_is("mongodb+srv://h/d"));
	CHECK(!msp_uri_is("mongodb:") && !msp_uri_is("mongodb:@file") && !msp_uri_is("a.msdb") && !msp_uri_is(""));
	harmless("mongodb://h/d", "mongodb://h/d");
	harmless("mongodb://h:1,i:2/d?x=secret", "mongodb://h:1,i:2/d");
	harmless("mongodb://u:secret@h/d", "mongodb://u@h/d");
	harmless("mongodb+srv://u:se%40cret@h/d?a=b", "mongodb+srv://u@h/d");
	harmless("mongodb://u@h/d", "mongodb://u@h/d");
	/* not %-encoded: where the password ends cannot be known */
	harmless("mongodb://u:se@cret@h/d", "mongodb://u...");
	harmless("mongodb://u:se/cret@h/d", "mongodb://u...");
	harmless("mongodb://u:se?cret@h/d", "mongodb://u...");
	harmless("mongodb://", "mongodb://");
	harmless("", "");
	return unit_end("core_uri");
}
