/* msdetrend - removes a trend from each time series
 * reads: samples   writes: samples (doubles)   kills: NaN, infinity, too few samples */
#include "mspipe/signal.h"
#include "mspipe/tool.h"

struct detrend {
	int method; /* enum msp_detrend_method */
	int64_t order;
};

#define METHOD(m) .mode = (m), .mode_offset = offsetof(struct detrend, method)

static const struct msp_option options[] = {
	{.name = "demean", .letter = 'm', .type = MSP_OPT_MODE, METHOD(MSP_DETREND_MEAN),
	 .help = "subtract the mean"},
	{.name = "linear", .letter = 'l', .type = MSP_OPT_MODE, METHOD(MSP_DETREND_LINEAR),
	 .help = "subtract the straight line of least squares"},
	{.name = "simple", .letter = 's', .type = MSP_OPT_MODE, METHOD(MSP_DETREND_SIMPLE),
	 .help = "subtract the straight line through the first and the last sample"},
	{.name = "polynomial", .letter = 'p', .type = MSP_OPT_INT, .offset = offsetof(struct detrend, order),
	 .arg = "N", .min = 0, .max = MSP_DETREND_MAX_ORDER, METHOD(MSP_DETREND_POLYNOMIAL),
	 .help = "subtract the polynomial of order N of least squares"},
	{0},
};

static int start(void *self, struct msp_job *job)
{
	struct detrend *d = self;

	if (d->method)
		return MSP_OK;
	return msp_error_set(msp_job_error(job), MSP_USAGE,
	                     "which trend? Give --demean, --linear, --simple or --polynomial N");
}

static int flow(void *self, struct msp_job *job, struct msp_object *o)
{
	struct detrend *d = self;
	int s = msp_object_detrend(o, d->method, (int)d->order, msp_job_error(job));

	return s < 0 ? s : msp_emit(job, o);
}

const struct msp_tool msp_tool = {
	.name = "msdetrend",
	.summary = "remove a trend from each time series",
	.options = options,
	.size = sizeof(struct detrend),
	.kinds = MSP_HANDLES_DATA,
	.start = start,
	.flow = flow,
};
