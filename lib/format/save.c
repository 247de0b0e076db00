/* Objects into files of foreign formats: one file, or many in a directory. What a format cannot hold is refused and counted. */
#include "mspipe/format.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct msp_format_save {
	struct msp_format_save_options options;
	const char *target, *name;
	bool one_each;                /* a file per object, not per distinct name */
	struct msp_outfile *file;
	struct msp_outdir *directory;
	struct msp_bytes bytes, path; /* of one object */
	struct msp_object component;
	struct msp_format_saved saved;
};

/* ---- where and what ---------------------------------------------------- */

/* A SAC file holds one time series, so what is not called a SAC file will be a directory of them. */
static bool is_directory(const char *target, const char *name, int to)
{
	size_t n = strlen(target);
	struct stat st;

	if (name || (n > 0 && target[n - 1] == '/'))
		return true;
	if (stat(target, &st) == 0)
		return S_ISDIR(st.st_mode);
	return to == MSP_FORMAT_SAC && msp_format_of_ending(target) != MSP_FORMAT_SAC;
}

int msp_format_choose(const char *target, const char *name, int to, struct msp_format_save_options *o, struct msp_error *err)
{
	if ((o->record_length & (o->record_length - 1)) != 0)
		return msp_error_set(err, MSP_USAGE, "a record length of %" PRIu32 ": not a power of two", o->record_length);
	o->name = name;
	o->directory = is_directory(target, name, to);
	o->format = to ? to : msp_format_of_ending(name ? name : target);
	if (o->format == MSP_FORMAT_UNKNOWN)
		return msp_error_set(err, MSP_USAGE, "%s: what format? Say --to msp, mseed or sac", target);
	if (o->format == MSP_FORMAT_MSP && o->directory)
		return msp_error_set(err, MSP_USAGE, "%s: a directory takes mseed or sac, a stream is one file", target);
	return MSP_OK;
}

static int open_directory(struct msp_format_save *v, struct msp_error *err)
{
	int rc;

	v->one_each = !v->name || v->options.format == MSP_FORMAT_SAC;
	if (!v->name)
		v->name = v->options.format == MSP_FORMAT_SAC ? "%{net}.%{sta}.%{loc}.%{chan}.%{starttime}.sac"
		                                              : "%{net}.%{sta}.%{loc}.%{chan}.%{starttime}.mseed";
	rc = msp_name_check(v->name, err);
	if (rc < 0)
		return rc;
	v->directory = msp_outdir_open(v->target, err);
	return v->directory ? MSP_OK : err->status;
}

int msp_format_save_open(const char *target, const struct msp_format_save_options *options, struct msp_format_save **out,
                         struct msp_error *err)
{
	struct msp_format_save *v = calloc(1, sizeof(*v));
	int rc;

	*out = NULL;
	if (!v)
		return msp_error_set(err, MSP_NOMEM, "no memory left");
	v->options = *options;
	v->target = target;
	v->name = options->name;
	msp_object_init(&v->component);
	if (options->directory) {
		rc = open_directory(v, err);
	} else {
		v->file = msp_outfile_open(target, err);
		rc = v->file ? MSP_OK : err->status;
	}
	if (rc != MSP_OK) {
		msp_format_save_free(v);
		return rc;
	}
	*out = v;
	return MSP_OK;
}

void msp_format_save_free(struct msp_format_save *v)
{
	if (!v)
		return;
	msp_outfile_abort(v->file);
	msp_outdir_abort(v->directory);
	msp_bytes_free(&v->bytes);
	msp_bytes_free(&v->path);
	msp_object_free(&v->component);
	free(v);
}

const struct msp_format_saved *msp_format_save_counts(const struct msp_format_save *v)
{
	return &v->saved;
}

/* ---- one object -------------------------------------------------------- */

static void note(struct msp_format_save *v, const struct msp_format_notes *n)
{
	v->saved.times += n->time_rounded;
	v->saved.rates += n->rate_rounded;
	v->saved.values += n->value_rounded;
	v->saved.plain += n->not_steim;
}

static int refuse(struct msp_format_save *v, const struct msp_object *o, struct msp_error *err)
{
	char name[100];

	if (v->saved.refused++ == 0)
		snprintf(v->saved.why, sizeof(v->saved.why), "%s: %.90s", msp_object_name(o, name, sizeof(name)), err->text);
	err->status = MSP_OK;
	err->text[0] = '\0';
	return MSP_OK;
}

/* A name that no other object has: a number goes before the ending. */
static int make_unique(struct msp_format_save *v, struct msp_error *err)
{
	char name[256 + 24], *base = (char *)v->path.data, *dot = strrchr(base, '.');
	int stem = (int)(dot && dot != base ? dot - base : (ptrdiff_t)strlen(base));

	for (uint64_t k = 2; msp_outdir_has(v->directory, (char *)v->path.data); k++) {
		snprintf(name, sizeof(name), "%.*s-%" PRIu64 "%s", stem, base, k, base + stem);
		if (!msp_outdir_has(v->directory, name))
			return msp_bytes_set(&v->path, name, strlen(name) + 1) == MSP_OK
			           ? MSP_OK
			           : msp_error_set(err, MSP_NOMEM, "no memory left");
	}
	return MSP_OK;
}

static int write_bytes(struct msp_format_save *v, const struct msp_object *o, struct msp_error *err)
{
	int rc;

	if (v->file && v->options.format == MSP_FORMAT_SAC && v->saved.live > 0)
		return msp_error_set(err, MSP_FAIL, "%s: a SAC file holds one time series, and there are more: name a directory", v->target);
	if (v->file)
		return msp_write_all(msp_outfile_fd(v->file), v->bytes.data, v->bytes.len, v->target, v->options.poll, v->options.context, err);
	rc = msp_name_expand(v->name, o, &v->path, err);
	if (rc == MSP_OK && v->one_each)
		rc = make_unique(v, err);
	return rc == MSP_OK ? msp_outdir_add(v->directory, (char *)v->path.data, v->bytes.data, v->bytes.len, err) : rc;
}

static int save_one(struct msp_format_save *v, const struct msp_object *o, struct msp_error *err)
{
	struct msp_mseed_options mseed = {.record_length = v->options.record_length};
	struct msp_format_notes notes = {0};
	int rc;

	v->bytes.len = 0;
	rc = v->options.format == MSP_FORMAT_SAC ? msp_sac_write(o, &v->bytes, &notes, err)
	                                         : msp_mseed_write(o, &mseed, &v->bytes, &notes, err);
	if (rc == MSP_OK)
		rc = write_bytes(v, o, err);
	if (rc == MSP_KILL)
		return refuse(v, o, err);
	if (rc < 0)
		return rc;
	v->saved.live++;
	note(v, &notes);
	return MSP_OK;
}

static int save_components(struct msp_format_save *v, const struct msp_object *o, struct msp_error *err)
{
	int rc = MSP_OK;

	for (uint32_t c = 0; c < 3 && rc == MSP_OK; c++) {
		rc = msp_seismogram_component(o, c, &v->component);
		if (rc < 0)
			return msp_error_set(err, rc == MSP_NOMEM ? rc : MSP_CORRUPT, "component %u cannot be taken", c);
		rc = save_one(v, &v->component, err);
	}
	return rc;
}

int msp_format_save_object(struct msp_format_save *v, const struct msp_object *o, struct msp_error *err)
{
	if (o->kind == MSP_ENSEMBLE_BEGIN || o->kind == MSP_ENSEMBLE_END)
		return MSP_OK;
	if (msp_object_is_data(o) && !o->live) {
		v->saved.left_out++;
		return MSP_OK;
	}
	if (o->kind == MSP_SEISMOGRAM && o->type != MSP_NONE)
		return save_components(v, o, err);
	return save_one(v, o, err);
}

/* ---- the end ----------------------------------------------------------- */

int msp_format_save_commit(struct msp_format_save *v, struct msp_error *err)
{
	int rc = MSP_OK;

	if (v->file && v->options.format == MSP_FORMAT_SAC && v->saved.live == 0) /* no SAC file is empty; an older one must not be taken for it */
		return msp_error_set(err, MSP_FAIL, "%s: not written: nothing to save", v->target);
	if (v->file)
		rc = msp_outfile_commit(v->file, err);
	v->file = NULL;
	if (v->directory)
		rc = msp_outdir_commit(v->directory, err);
	v->directory = NULL;
	return rc;
}
