/* Private to lib/tool: objects printed whole. What fails is remembered in d->status, and nothing is put after it. */
#ifndef TOOL_DUMP_H
#define TOOL_DUMP_H

#include "mspipe/tool.h"

/* dumpput.c */
void dump_flush(struct msp_dump *d);
void dump_appended(struct msp_dump *d, int r); /* something was appended to d->out; r: MSP_OK or why not */
void dump_put(struct msp_dump *d, const char *text);
/* Text from the stream as it is, but for what could break a line or drive a terminal. */
void dump_harmless(struct msp_dump *d, const char *text);
void dump_json_text(struct msp_dump *d, const char *text);
void dump_bool(struct msp_dump *d, bool b);
void dump_double(struct msp_dump *d, double x);
void dump_count(struct msp_dump *d, uint64_t n);
void dump_document(struct msp_dump *d, const struct msp_bytes *doc);
char *dump_count_text(uint64_t n, char buf[MSP_TIME_TEXT]);
/* A time, or, when relative, seconds. */
char *dump_time_text(const struct msp_object *o, msp_time t, char buf[MSP_TIME_TEXT]);

bool dump_has_samples(const struct msp_object *o);
void dump_sample(struct msp_dump *d, const struct msp_object *o, uint32_t c, uint64_t i);

/* dumpjson.c */
void dump_as_json(struct msp_dump *d, const struct msp_object *o);

#endif
