/* NET.STA.LOC.CHAN: codes read, counted up, set. */
#include "mspipe/core.h"

#include <stdio.h>
#include <string.h>

int msp_codes_parse(const char *text, struct msp_codes *out, struct msp_error *err)
{
	char *to[] = {out->net, out->sta, out->loc, out->chan};
	int i;

	for (i = 0; i < 4; i++) {
		size_t n = strcspn(text, ".");
		if (n >= sizeof out->net)
			return msp_error_set(err, MSP_USAGE, "a code is longer than %d characters",
			                     (int)sizeof out->net - 1);
		memcpy(to[i], text, n);
		to[i][n] = '\0';
		text += n;
		if ((*text == '.') != (i < 3))
			return msp_error_set(err, MSP_USAGE, "not NET.STA.LOC.CHAN, four codes and three dots");
		text++;
	}
	return MSP_OK;
}

char *msp_codes_station(const struct msp_codes *codes, int64_t number, char buf[MSP_STATION_TEXT])
{
	size_t len = strlen(codes->sta), stem = len;
	long long n = 0, power = 1;

	while (stem > 0 && len - stem < 15 && codes->sta[stem - 1] >= '0' && codes->sta[stem - 1] <= '9') {
		stem--;
		n += power * (codes->sta[stem] - '0');
		power *= 10;
	}
	if (stem == len && number == 0)
		snprintf(buf, MSP_STATION_TEXT, "%s", codes->sta);
	else
		snprintf(buf, MSP_STATION_TEXT, "%.*s%0*lld", (int)stem, codes->sta, (int)(len - stem), n + number);
	return buf;
}

int msp_codes_set(const struct msp_codes *codes, const char *sta, struct msp_object *o)
{
	if (msp_meta_set_string(o, "net", codes->net) != MSP_OK ||
	    msp_meta_set_string(o, "sta", sta ? sta : codes->sta) != MSP_OK ||
	    msp_meta_set_string(o, "loc", codes->loc) != MSP_OK ||
	    msp_meta_set_string(o, "chan", codes->chan) != MSP_OK)
		return MSP_NOMEM;
	return MSP_OK;
}
