/* One component of a seismogram as a time series, for formats that know only these. */
#include "mspipe/format.h"

#include <math.h>
#include <string.h>

/* The channel code of component c: its last letter says the axis. */
static void code(const struct msp_object *o, uint32_t c, char out[64])
{
	const char *chan = msp_meta_string(o, "chan", "");
	size_t n = strlen(chan);

	if (n > 62)
		n = 62;
	if (n >= 3)
		n--;
	memcpy(out, chan, n);
	out[n] = o->cardinal ? "ENZ"[c] : "123"[c];
	out[n + 1] = '\0';
}

/* Azimuth clockwise from north and inclination from the upward vertical, degrees, as SAC's cmpaz and cmpinc. */
static void angles(const double axis[3], double *azimuth, double *inclination)
{
	double level = hypot(axis[0], axis[1]), degree = 180 / acos(-1.0);

	*azimuth = level > 0 ? atan2(axis[0], axis[1]) * degree : 0;
	if (*azimuth < 0)
		*azimuth += 360;
	*inclination = atan2(level, axis[2]) * degree;
}

int msp_seismogram_component(const struct msp_object *o, uint32_t c, struct msp_object *out)
{
	char chan[64];
	double azimuth, inclination;
	size_t size = (size_t)o->npts * o->width;

	if (o->kind != MSP_SEISMOGRAM || c > 2 || !o->live || o->samples.len < 3 * size)
		return MSP_USAGE;
	if (msp_object_reset(out, MSP_TIMESERIES, o->type, o->npts) != MSP_OK)
		return MSP_NOMEM;
	memcpy(out->samples.data, o->samples.data + c * size, size);
	out->start = o->start;
	out->dt = o->dt;
	out->relative = o->relative;
	out->shift_valid = o->shift_valid;
	out->shift = o->shift;
	out->id = o->id;
	code(o, c, chan);
	angles(o->tmatrix + 3 * c, &azimuth, &inclination);
	if (msp_bytes_set(&out->metadata, o->metadata.data, o->metadata.len) != MSP_OK ||
	    msp_bytes_set(&out->elog, o->elog.data, o->elog.len) != MSP_OK ||
	    msp_meta_set_string(out, "chan", chan) != MSP_OK || msp_meta_set_double(out, "sac.cmpaz", azimuth) != MSP_OK ||
	    msp_meta_set_double(out, "sac.cmpinc", inclination) != MSP_OK)
		return MSP_NOMEM;
	return MSP_OK;
}
