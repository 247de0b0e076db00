/* URIs without what is nobody's business. */
#include "mspipe/core.h"

#include <stdlib.h>
#include <string.h>

bool msp_uri_is(const char *text)
{
	return strncmp(text, "mongodb://", 10) == 0 || strncmp(text, "mongodb+srv://", 14) == 0;
}

char *msp_uri_harmless(const char *uri)
{
	const char *start = strstr(uri, "://"), *at, *end;
	char *name = malloc(strlen(uri) + 4), *to = name;

	if (!name)
		return NULL;
	start = start ? start + 3 : uri;
	at = strchr(start, '@');
	end = at ? at : start;
	if (at && (strrchr(start, '@') != at || start + strcspn(start, "/?") < at)) {
		end = start + strcspn(start, ":/?@");
		memcpy(to, uri, (size_t)(end - uri));
		memcpy(to + (end - uri), "...", 4);
		return name;
	}
	if (at) {
		size_t user = strcspn(start, ":@");

		memcpy(to, uri, (size_t)(start - uri) + user);
		to += (size_t)(start - uri) + user;
	} else {
		memcpy(to, uri, (size_t)(start - uri));
		to += start - uri;
	}
	memcpy(to, end, strcspn(end, "?"));
	to[strcspn(end, "?")] = '\0';
	return name;
}
