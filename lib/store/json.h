/* store/json.h - the values of extended JSON */
#ifndef MSP_STORE_JSON_H
#define MSP_STORE_JSON_H

#include <bson/bson.h>

/* d as it stands in the text. 1: it was such a value, and is appended to out; 0: an ordinary document; -1: one of those, but wrong. */
int msp_json_extended(const bson_t *d, bson_t *out, const char *key, int key_len);

#endif
