/* savecheck STORE [-s] - is every document of waveforms with its samples, and everything else accounted for? Prints
 *
 *     documents N files N wrong N unfinished N left N digest HEX
 *
 * wrong: documents without samples, files and chunks that neither a document nor an unfinished save (msp_saves) accounts for, dangling
 * elog_id and history_object_id; each is said. left: files that only an unfinished save accounts for. digest: of all documents, without what
 * differs from one save to the next (times of the clock, ids of saves). Exits with 1 if something is wrong; -s: also if anything is unfinished. */
#include "mspipe/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct msp_store *store;
static struct msp_error err;
static unsigned long documents, files, wrong, unfinished, left;
static struct msp_id digest;

static void die(const char *what)
{
	fprintf(stderr, "savecheck: %s: %s\n", what, err.text);
	exit(2);
}

/* ---- sets of ids, sorted by their text --------------------------------- */

struct set {
	bson_oid_t *id;
	size_t n, room;
};

static void add(struct set *s, const bson_oid_t *id)
{
	if (s->n == s->room) {
		s->room = 2 * s->room + 64;
		s->id = realloc(s->id, s->room * sizeof(*s->id));
		if (!s->id)
			die("no memory");
	}
	s->id[s->n++] = *id;
}

static int compare(const void *a, const void *b)
{
	return bson_oid_compare(a, b);
}

static bool has(const struct set *s, const bson_oid_t *id)
{
	return s->n > 0 && bsearch(id, s->id, s->n, sizeof(*s->id), compare) != NULL;
}

static void sort(struct set *s)
{
	if (s->n > 0)
		qsort(s->id, s->n, sizeof(*s->id), compare);
}

static struct set elogs, histories, saves, putting, file_ids, named;

static void complain(const char *what, const bson_oid_t *id)
{
	char text[25];

	bson_oid_to_string(id, text);
	printf("wrong: %s: %s\n", text, what);
	wrong++;
}

/* ---- reading ----------------------------------------------------------- */

static void each(const char *collection, const bson_t *projection, void (*fn)(const bson_t *doc))
{
	struct msp_find f = {.projection = projection};
	struct msp_cursor *c;
	const bson_t *doc;
	int r = msp_store_find(store, collection, &f, &c, &err);

	while (r == MSP_OK && (r = msp_cursor_next(c, &doc, &err)) == 1) {
		fn(doc);
		r = MSP_OK;
	}
	if (r < 0)
		die(collection);
	msp_cursor_free(c);
}

static bool oid_of(const bson_t *doc, const char *key, bson_oid_t *out)
{
	bson_iter_t it;

	if (!bson_iter_init_find(&it, doc, key) || !BSON_ITER_HOLDS_OID(&it))
		return false;
	bson_oid_copy(bson_iter_oid(&it), out);
	return true;
}

static int64_t int_of(const bson_t *doc, const char *key)
{
	bson_iter_t it;

	return bson_iter_init_find(&it, doc, key) && BSON_ITER_HOLDS_NUMBER(&it) ? bson_iter_as_int64(&it) : -1;
}

static const char *text_of(const bson_t *doc, const char *key)
{
	bson_iter_t it;

	return bson_iter_init_find(&it, doc, key) && BSON_ITER_HOLDS_UTF8(&it) ? bson_iter_utf8(&it, NULL) : "";
}

static void add_digest(const char *collection, const bson_t *doc)
{
	struct msp_bytes text = {0};
	struct msp_id h;
	bson_t same;

	bson_init(&same);
	bson_copy_to_excluding_noinit(doc, &same, "uploadDate", "time", "msp_save", NULL);
	if (msp_bytes_append(&text, collection, strlen(collection) + 1) || msp_bytes_append(&text, bson_get_data(&same), same.len))
		die("no memory");
	h = msp_id_hash(text.data, text.len);
	digest = msp_id_sum(digest, h);
	msp_bytes_free(&text);
	bson_destroy(&same);
}

static void see_elog(const bson_t *doc)
{
	bson_oid_t id;

	add_digest("elog", doc);
	if (oid_of(doc, "_id", &id))
		add(&elogs, &id);
}

static void see_history(const bson_t *doc)
{
	bson_oid_t id;

	add_digest("history_object", doc);
	if (oid_of(doc, "_id", &id))
		add(&histories, &id);
}

static void see_global(const bson_t *doc)
{
	add_digest("history_global", doc);
}

static void see_dead(const bson_t *doc)
{
	add_digest("cemetery", doc);
}

static void see_save(const bson_t *doc)
{
	bson_oid_t id;
	bson_iter_t it, one;

	unfinished++;
	if (oid_of(doc, "_id", &id))
		add(&saves, &id);
	if (bson_iter_init_find(&it, doc, "putting") && bson_iter_recurse(&it, &one))
		while (bson_iter_next(&one))
			if (BSON_ITER_HOLDS_OID(&one))
				add(&putting, bson_iter_oid(&one));
}

static void see_id_of_file(const bson_t *doc)
{
	bson_oid_t id;

	if (oid_of(doc, "_id", &id))
		add(&file_ids, &id);
}

/* ---- waveforms --------------------------------------------------------- */

static void check_gridfs(const bson_t *doc, const bson_oid_t *id, uint64_t want)
{
	bson_value_t file = {.value_type = BSON_TYPE_OID};
	struct msp_get *g = NULL;
	uint64_t length = 0;
	size_t got = 0;
	char buf[65536];
	int r;

	if (!oid_of(doc, "gridfs_id", &file.value.v_oid)) {
		complain("no gridfs_id", id);
		return;
	}
	add(&named, &file.value.v_oid);
	r = msp_store_get(store, &file, &g, &length, &err);
	while (r == MSP_OK && (r = msp_get_read(g, buf, sizeof(buf), &got, &err)) == MSP_OK && got > 0)
		;
	if (r != MSP_OK)
		complain(err.text, id);
	else if (length != want)
		complain("its samples are not as many as npts says", id);
	msp_get_free(g);
}

static void check_file(const bson_t *doc, const bson_oid_t *id, uint64_t want)
{
	char path[4096];
	struct stat st;
	int64_t foff = int_of(doc, "foff"), nbytes = int_of(doc, "nbytes");

	snprintf(path, sizeof(path), "%s/%s", text_of(doc, "dir"), text_of(doc, "dfile"));
	if (stat(path, &st) != 0)
		complain("its file is not there", id);
	else if (foff < 0 || (uint64_t)nbytes != want || foff + nbytes > st.st_size)
		complain("its file is too short, or npts and nbytes differ", id);
}

static const char *waveforms;

static void see_waveform(const bson_t *doc)
{
	bson_oid_t id, other;
	bson_iter_t it;
	uint64_t want = (uint64_t)int_of(doc, "npts") * 8 * (bson_iter_init_find(&it, doc, "tmatrix") ? 3 : 1);

	documents++;
	add_digest(waveforms, doc);
	if (!oid_of(doc, "_id", &id))
		return;
	if (oid_of(doc, "elog_id", &other) && !has(&elogs, &other))
		complain("its elog_id leads nowhere", &id);
	if (oid_of(doc, "history_object_id", &other) && !has(&histories, &other))
		complain("its history_object_id leads nowhere", &id);
	if (strcmp(text_of(doc, "storage_mode"), "gridfs") == 0)
		check_gridfs(doc, &id, want);
	else
		check_file(doc, &id, want);
}

static void see_file(const bson_t *doc)
{
	bson_oid_t id, save;

	files++;
	add_digest("fs.files", doc);
	if (!oid_of(doc, "_id", &id) || has(&named, &id))
		return;
	if (oid_of(doc, "msp_save", &save) && has(&saves, &save))
		left++;
	else
		complain("a file that no document names", &id);
}

static void see_chunk(const bson_t *doc)
{
	bson_oid_t id;

	if (oid_of(doc, "files_id", &id) && !has(&file_ids, &id) && !has(&putting, &id))
		complain("chunks of no file", &id);
}

int main(int argc, char **argv)
{
	char text[MSP_ID_TEXT];
	bson_t *ids = BCON_NEW("files_id", BCON_INT32(1)), *id = BCON_NEW("_id", BCON_INT32(1));

	if (argc < 2 || msp_store_open(argv[1], 0, &store, &err) != MSP_OK)
		die(argc < 2 ? "usage" : argv[1]);
	each("msp_saves", NULL, see_save);
	each("elog", NULL, see_elog);
	each("cemetery", NULL, see_dead);
	each("abortions", NULL, see_dead);
	each("history_object", NULL, see_history);
	each("history_global", NULL, see_global);
	sort(&elogs);
	sort(&histories);
	sort(&saves);
	sort(&putting);
	each(waveforms = "wf_TimeSeries", NULL, see_waveform);
	each(waveforms = "wf_Seismogram", NULL, see_waveform);
	sort(&named);
	each("fs.files", id, see_id_of_file);
	sort(&file_ids);
	each("fs.files", NULL, see_file);
	each("fs.chunks", ids, see_chunk);
	printf("documents %lu files %lu wrong %lu unfinished %lu left %lu digest %s\n", documents, files, wrong, unfinished, left,
	       msp_id_format(&digest, text));
	bson_destroy(ids);
	bson_destroy(id);
	if (msp_store_close(store, &err) != MSP_OK)
		die(argv[1]);
	free(elogs.id);
	free(histories.id);
	free(saves.id);
	free(putting.id);
	free(file_ids.id);
	free(named.id);
	return wrong || (argc > 2 && unfinished) ? 1 : 0;
}
