/* The file back end: what SQL can ask of documents. */
#include "store/part.h"
#include "store/path.h"
#include "store/sqlite.h"

/* msp_match(WHERE, doc) */
static void sql_match(sqlite3_context *context, int n, sqlite3_value **v)
{
	const struct msp_where *w = sqlite3_value_pointer(v[0], "msp_where");
	const void *data = sqlite3_value_blob(v[1]);
	int match;
	bson_t doc;

	(void)n;
	if (!w || !data || !bson_init_static(&doc, data, (size_t)sqlite3_value_bytes(v[1])))
		sqlite3_result_error_code(context, SQLITE_CORRUPT);
	else if ((match = msp_filter_match(w->filter, &doc)) < 0)
		sqlite3_result_error(context, "a regular expression takes too many steps", -1);
	else
		sqlite3_result_int(context, match);
}

/* msp_order(doc, key, descending): the bytes by which documents are sorted */
static void sql_order(sqlite3_context *context, int n, sqlite3_value **v)
{
	const void *data = sqlite3_value_blob(v[0]);
	const char *key = (const char *)sqlite3_value_text(v[1]);
	struct msp_bytes out = {0};

	(void)n;
	if (!data || !key || msp_path_sort_key(data, (size_t)sqlite3_value_bytes(v[0]), key, sqlite3_value_int(v[2]) != 0, &out))
		sqlite3_result_error_nomem(context);
	else
		sqlite3_result_blob64(context, out.data, out.len, SQLITE_TRANSIENT);
	msp_bytes_free(&out);
}

/* msp_part(_key, parts): of which part, from 0 on, the document with this _id is */
static void sql_part(sqlite3_context *context, int n, sqlite3_value **v)
{
	const void *key = sqlite3_value_blob(v[0]);
	struct msp_id hash;

	(void)n;
	if (!key) {
		sqlite3_result_error_nomem(context);
		return;
	}
	hash = msp_id_hash(key, (size_t)sqlite3_value_bytes(v[0]));
	sqlite3_result_int64(context, msp_part_of(&hash, (uint32_t)sqlite3_value_int64(v[1])));
}

/* msp_in_part(WHERE, doc) */
static void sql_in_part(sqlite3_context *context, int n, sqlite3_value **v)
{
	const struct msp_where *w = sqlite3_value_pointer(v[0], "msp_where");
	const void *data = sqlite3_value_blob(v[1]);
	struct msp_bytes scratch = {0};
	bson_t doc;
	int is;

	(void)n;
	if (!w || !w->part || !data || !bson_init_static(&doc, data, (size_t)sqlite3_value_bytes(v[1])))
		sqlite3_result_error_code(context, SQLITE_CORRUPT);
	else if ((is = msp_part_has(w->part, &doc, &scratch)) < 0)
		sqlite3_result_error_nomem(context);
	else
		sqlite3_result_int(context, is);
	msp_bytes_free(&scratch);
}

int msp_sqlite_functions(sqlite3 *db)
{
	static const struct {
		const char *name;
		int arguments;
		void (*function)(sqlite3_context *context, int n, sqlite3_value **v);
	} all[] = {{"msp_match", 2, sql_match}, {"msp_order", 3, sql_order}, {"msp_part", 2, sql_part}, {"msp_in_part", 2, sql_in_part}};
	int code = SQLITE_OK;

	for (size_t i = 0; code == SQLITE_OK && i < sizeof(all) / sizeof(*all); i++)
		code = sqlite3_create_function(db, all[i].name, all[i].arguments, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL,
		                               all[i].function, NULL, NULL);
	return code;
}
