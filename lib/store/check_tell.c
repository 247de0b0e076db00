/* Checking: what can be found, and how it is told. */
#include "mspipe/documents.h"
#include "mspipe/upkeep.h"

#include <inttypes.h>
#include <stdio.h>

static const struct msp_finding_rule rules[MSP_FINDINGS] = {
	[MSP_FIND_FILE] = {"damaged", true, NULL},
	[MSP_FIND_COLUMNS] = {"columns", true, "written anew from the document"},
	[MSP_FIND_JOURNAL] = {"journal", false, NULL},
	[MSP_FIND_INDEX] = {"no-index", false, "made"},
	[MSP_FIND_NO_SAMPLES] = {"no-samples", true, "moved to abortions"},
	[MSP_FIND_NPTS] = {"npts", true, NULL},
	[MSP_FIND_BROKEN] = {"broken-file", true, NULL},
	[MSP_FIND_ORPHAN] = {"orphan", true, "removed"},
	[MSP_FIND_CHUNKS] = {"orphan-chunks", true, "removed"},
	[MSP_FIND_DANGLING] = {"dangling", true, NULL},
	[MSP_FIND_ELSEWHERE] = {"elsewhere", false, NULL},
	[MSP_FIND_MISSING] = {"missing-key", true, NULL},
	[MSP_FIND_TYPE] = {"type", true, "converted"},
	[MSP_FIND_VALUE] = {"value", true, NULL},
	[MSP_FIND_PLACE] = {"same-place", true, NULL},
	[MSP_FIND_SHARED] = {"same-samples", true, NULL},
	[MSP_FIND_ID] = {"id", true, NULL},
	[MSP_FIND_UNFINISHED] = {"unfinished", false, "removed"},
};

const struct msp_finding_rule *msp_finding_rule(int kind)
{
	return kind >= 0 && kind < MSP_FINDINGS ? &rules[kind] : NULL;
}

/* Tabs in it would be taken for those between the columns. */
static int add(struct msp_bytes *out, const char *text, const char *end)
{
	size_t at = out->len;

	if (msp_text_append(out, text) != MSP_OK)
		return MSP_NOMEM;
	msp_text_harmless(out->data + at, out->len - at);
	return msp_text_append(out, end);
}

int msp_finding_line(const struct msp_finding *f, struct msp_bytes *out)
{
	size_t at;

	if (add(out, f->collection ? f->collection : "-", "\t") != MSP_OK)
		return MSP_NOMEM;
	at = out->len;
	if (f->id ? msp_document_value_json(f->id, false, out) : msp_text_append(out, "-"))
		return MSP_NOMEM;
	msp_text_harmless(out->data + at, out->len - at);
	return add(out, "", "\t") || add(out, rules[f->kind].name, "\t") || add(out, f->what, "\n") ? MSP_NOMEM : MSP_OK;
}

int msp_check_lines(const struct msp_check_totals *t, bool fix, struct msp_bytes *out, uint64_t *left)
{
	uint64_t wrong = 0;
	int r = 0;

	for (int i = 0; !r && i < MSP_FINDINGS; i++) {
		char text[200];

		if (t->found[i] == 0)
			continue;
		wrong += rules[i].wrong && t->found[i] > t->fixed[i] ? t->found[i] - t->fixed[i] : 0;
		snprintf(text, sizeof(text), "# %s: %" PRIu64, rules[i].name, t->found[i]);
		r = msp_text_append(out, text);
		snprintf(text, sizeof(text), ", %" PRIu64 " %s", t->fixed[i], rules[i].fix ? rules[i].fix : "");
		r = r || msp_text_append(out, fix && rules[i].fix ? text : "") || msp_text_append(out, "\n");
	}
	if (left)
		*left = wrong;
	return r ? MSP_NOMEM : MSP_OK;
}
