/* Samples as doubles that may be changed. */
#ifndef SIGNAL_DOUBLES_H
#define SIGNAL_DOUBLES_H

#include "mspipe/core.h"

static inline int signal_no_memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

/* MSP_KILL if o's samples were not asked for: npts then says how many there are, but the object has none. */
static inline int signal_has_samples(const struct msp_object *o, struct msp_error *err)
{
	if (o->type != MSP_NONE)
		return MSP_OK;
	return msp_error_set(err, MSP_KILL, "only its header was read, not its samples");
}

/* Makes o's samples doubles of its own. MSP_KILL for samples of an unknown type, and where there are none. */
static inline int signal_doubles(struct msp_object *o, struct msp_error *err)
{
	int s = signal_has_samples(o, err);

	if (s == MSP_OK)
		s = msp_object_to_f64(o, err);
	if (s == MSP_OK)
		s = msp_object_writable(o);
	return s == MSP_NOMEM ? signal_no_memory(err) : s;
}

#endif
